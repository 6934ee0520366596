"""SOAP answers: every decoder, with any bytes.

Rules: a value, a Fault or MalformedError, whose words do not repeat the answer.
"""

from kartenwart.codecs.malformed import MalformedError
from tests.fuzz.target import hold
from tests.unit.codecs.test_soap_answers import EXCHANGES

LONGEST_WORDS = 120


def judge(data: bytes) -> None:
    """Give it to the decoder of each operation that the answer names, and to one that it does not."""
    named = [exchange for exchange in EXCHANGES if exchange.operation.encode() in data]
    for exchange in named or EXCHANGES[:1]:
        try:
            exchange.decode(data)
        except MalformedError as error:
            hold("an error has words of ours, not the answer's", len(str(error)) <= LONGEST_WORDS)
            hold("an error carries no text of the answer in its chain", error.__cause__ is None)
