"""Containers of patients' cards: gzip, XML, TLV, with any bytes. The first byte chooses the reader and the packing.

Rules: values or MalformedError, whose words do not repeat the container; what is read stays below its cap.
"""

import gzip
from collections.abc import Callable

from kartenwart.codecs import kvk, vsd
from kartenwart.codecs.malformed import MalformedError
from tests.fuzz.target import choice, hold

LONGEST_WORDS = 120
READERS: tuple[Callable[[bytes], object], ...] = (
    vsd.read_person,
    vsd.read_insurance,
    vsd.read_protected,
    vsd.read_proof,
    kvk.read_template,
)


def judge(data: bytes) -> None:
    """Give it to one reader: as it is, or packed as on a card."""
    chosen, content = choice(data, 2 * len(READERS))
    container = content if chosen < len(READERS) else gzip.compress(content, mtime=0)
    try:
        READERS[chosen % len(READERS)](container)
    except MalformedError as error:
        hold("an error has words of ours, not the card's", len(str(error)) <= LONGEST_WORDS)
        hold("an error carries nothing of the card in its chain", error.__cause__ is None)
