"""Cards' own keys for tests of the operations: the Konnektor's part in memory, and judges who read test data."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from kartenwart.domain.authentication import JwsAlgorithm
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import Context
from kartenwart.domain.ports.card_keys import AuthenticateOrder, EncryptOrder, Recipients
from kartenwart.domain.ports.cards import BeforeSend, CardCall
from kartenwart.operations.authenticating import AuthenticationTools
from kartenwart.operations.authentication import Authentications
from kartenwart.operations.card_keys import CardKeys
from kartenwart.operations.encryption import Encryptions
from tests.unit.operations.memory import START

LAST_RSA_DAY = START.date() + timedelta(days=10)


@dataclass
class PlayedKeys:
    """The part of a Konnektor port that uses cards' own keys; `opened` is what it answers to DecryptDocument."""

    hashes: list[AuthenticateOrder] = field(default_factory=list)
    sealed: list[EncryptOrder] = field(default_factory=list)
    decrypted: list[tuple[CardCall, bytes]] = field(default_factory=list)
    opened: bytes | WorldError = b"opened"

    async def authenticate(self, call: CardCall, order: AuthenticateOrder, before_send: BeforeSend) -> bytes:
        self.hashes.append(order)
        await self._sent(call, before_send)
        return b"signed " + order.digest

    async def encrypt(self, _context: Context, order: EncryptOrder) -> bytes:
        self.sealed.append(order)
        return b"sealed"

    async def decrypt(self, call: CardCall, document: bytes) -> bytes:
        self.decrypted.append((call, document))
        if isinstance(self.opened, WorldError):
            raise self.opened
        return self.opened

    async def _sent(self, call: CardCall, before_send: BeforeSend) -> Any:
        raise NotImplementedError


class PlayedJudge:
    """Takes signatures that start with "signed "; certificates that start with "E" have an elliptic-curve key."""

    def algorithm(self, certificate: bytes) -> JwsAlgorithm:
        return JwsAlgorithm.BP256R1 if certificate.startswith(b"E") else JwsAlgorithm.PS256

    async def verified(self, order: AuthenticateOrder, signature: bytes, certificate: bytes) -> bytes:
        if signature != b"signed " + order.digest or order.scheme.is_ecdsa != certificate.startswith(b"E"):
            raise WorldError(failure(Reason.SIGNATURE_INVALID))
        return signature


@dataclass
class PlayedEnvelopes:
    """Certificates start with "E" or "R"; whoever ends with "-" is left out; `others` further recipients are there."""

    others: int = 0

    def is_certificate(self, der: bytes) -> bool:
        return der[:1] in (b"E", b"R")

    async def recipients(self, data: bytes, wanted: Sequence[bytes]) -> Recipients:
        if data != b"sealed":
            raise WorldError(failure(Reason.KONNEKTOR_ANSWER_INVALID))
        left_out = tuple(place for place, der in enumerate(wanted) if der.endswith(b"-"))
        return Recipients(left_out=left_out, others=self.others)


def authentications(practice: Any, reader: Any) -> Authentications:
    """Return the operations on a practice for tests."""
    tools = AuthenticationTools(keys=_keys(practice, reader), documents=practice.documents, judge=PlayedJudge())
    return Authentications(jobs=practice.jobs, contexts=practice.contexts, tools=tools)


def encryptions(practice: Any, reader: Any, envelopes: PlayedEnvelopes) -> Encryptions:
    """Return the operations on a practice for tests."""
    return Encryptions(
        keys=_keys(practice, reader),
        contexts=practice.contexts,
        documents=practice.documents,
        envelopes=envelopes,
    )


def _keys(practice: Any, reader: Any) -> CardKeys:
    return CardKeys(
        cards=practice.cards,
        people=practice.people,
        memory=practice.memory,
        reader=reader,
        clock=practice.clock,
        rsa_until=LAST_RSA_DAY,
    )
