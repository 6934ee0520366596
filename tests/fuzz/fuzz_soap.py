"""SOAP answers: every decoder, with any bytes.

Rules: a value, a Fault or MalformedError, whose words do not repeat the answer.
"""

from kartenwart.codecs.malformed import MalformedError
from tests.fuzz.target import choice, hold
from tests.unit.codecs.test_soap_answers import EXCHANGES

LONGEST_WORDS = 120


def judge(data: bytes) -> None:
    """The first byte chooses the operation."""
    number, answer = choice(data, len(EXCHANGES))
    try:
        EXCHANGES[number].decode(answer)
    except MalformedError as error:
        hold("an error has words of ours, not the answer's", len(str(error)) <= LONGEST_WORDS)
        hold("an error carries no text of the answer in its chain", error.__cause__ is None)
