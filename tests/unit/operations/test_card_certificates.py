"""A certificate is read once per insertion; what a boot or an error leaves unsure is read again."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardType, CertificateReference, KeyAlgorithm
from kartenwart.domain.ports.cards import CardCall
from kartenwart.domain.ports.observations import Notice, NoticeType
from kartenwart.operations.card_certificates import REMEMBERED, CardCertificates
from tests.unit.operations.practice import CONTEXTS, DESK, K1, Practice

QES, ECC = CertificateReference.QES, KeyAlgorithm.ECC


@dataclass
class Reader:
    """A Konnektor that counts what is read."""

    trouble: WorldError | None = None
    asked: list[str] = field(default_factory=list)

    async def read_certificate(self, call: CardCall, reference: CertificateReference, algorithm: KeyAlgorithm) -> bytes:
        self.asked.append(call.handle)
        if self.trouble is not None:
            raise self.trouble
        return f"{call.handle} {reference} {algorithm} {len(self.asked)}".encode()


def call(handle: str = "h-1") -> CardCall:
    return CardCall(context=CONTEXTS[DESK], handle=handle, card_type=CardType.HBA)


async def test_it_is_read_once_per_insertion_and_again_after_a_boot(practice: Practice) -> None:
    known, reader = CardCertificates(practice.keeper), Reader()
    port: Any = reader
    first = await known.read(port, call(), QES, ECC)
    assert await known.read(port, call(), QES, ECC) == first
    assert await known.read(port, call("h-2"), QES, ECC) != first
    assert await known.read(port, call(), CertificateReference.AUT, ECC) != first
    assert await known.read(port, call(), QES, KeyAlgorithm.RSA) != first
    assert len(reader.asked) == 4
    practice.keeper.notice(Notice(type=NoticeType.BOOTED, konnektor="konnektors/other"))
    assert await known.read(port, call(), QES, ECC) == first
    practice.keeper.notice(Notice(type=NoticeType.BOOTED, konnektor=K1))
    assert await known.read(port, call(), QES, ECC) != first


async def test_an_error_is_not_kept(practice: Practice) -> None:
    known, reader = CardCertificates(practice.keeper), Reader(trouble=WorldError(failure(Reason.CARD_BUSY)))
    port: Any = reader
    with pytest.raises(WorldError):
        await known.read(port, call(), QES, ECC)
    reader.trouble = None
    assert await known.read(port, call(), QES, ECC)


async def test_only_so_many_are_remembered(practice: Practice) -> None:
    known, reader = CardCertificates(practice.keeper), Reader()
    port: Any = reader
    for number in range(REMEMBERED + 1):
        await known.read(port, call(f"h-{number}"), QES, ECC)
    await known.read(port, call(f"h-{REMEMBERED}"), QES, ECC)
    assert len(reader.asked) == REMEMBERED + 1
    await known.read(port, call("h-0"), QES, ECC)
    assert len(reader.asked) == REMEMBERED + 2
