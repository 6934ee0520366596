"""B6: a GetCards answer of 100 cards to domain values, against an lxml findtext walk into tuples."""

import time
from pathlib import Path

from lxml import etree

from kartenwart.codecs.soap.exchange import CallContext
from kartenwart.codecs.soap.inventory import get_cards
from tests.bench.ratios import Block, Figure, Wanted, compare
from tests.unit.codecs.answers import NAMESPACES, cards

PAIRS = 60
READS = 20
CARDS = 100
WANTED = (Wanted(figure="GetCards of 100 cards to values", unit="ms", bar=1.5),)
FIELDS = (
    *(("CONN", "CardHandle"), ("CMN", "CardType"), ("CMN", "Iccsn"), ("CMN", "CtId"), ("CMN", "SlotId")),
    *(("CARD", "InsertTime"), ("CARD", "CardHolderName"), ("CARD", "CertificateExpirationDate")),
)


async def measure(folder: Path, scale: float = 1.0) -> list[Figure]:
    """Both read the same bytes; the walk makes no dates, no types, no numbers."""
    data, exchange = cards(CARDS), get_cards(CallContext(mandant="m", client_system="c", workplace="w"))
    tags = [f"{{{NAMESPACES[prefix]}}}{name}" for prefix, name in FIELDS]
    card = f"{{{NAMESPACES['CARD']}}}Card"

    def walk() -> object:
        return [tuple(one.findtext(tag) for tag in tags) for one in etree.fromstring(data).iter(card)]

    def decode() -> object:
        return exchange.decode(data)

    return await compare("B6", WANTED, _block(decode), _block(walk), max(6, int(PAIRS * scale)))


def _block(work: object) -> Block:
    assert callable(work)

    async def block() -> tuple[float]:
        started = time.process_time()
        for _ in range(READS):
            work()
        return ((time.process_time() - started) / READS * 1000,)

    return block
