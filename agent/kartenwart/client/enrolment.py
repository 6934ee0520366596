"""Makes a workstation known to a box: by comparing codes, or by a one-time token.

The code covers the root certificate that was seen in TLS; the root is kept only after this workstation's own user has
confirmed the code shown by the box, so that neither a man in the middle nor a rogue box passes.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from kartenwart.api.enrolment.v1 import enrolment_exchange_service_pb2 as exchange_pb2
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client import exchange, keys
from kartenwart.client.failures import BoxUnreachable, BoxUntrusted, EnrolmentRefused
from kartenwart.client.json_wire import https_wire
from kartenwart.client.presented import pinned, presented_root
from kartenwart.client.profile import Address, Pending, Profile
from kartenwart.client.wire import Wire

_POLL_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 660.0  # the window of ten minutes, and a little
_ENDS = {
    exchange_pb2.ENROLMENT_STATE_REJECTED: "the technician rejected the enrolment",
    exchange_pb2.ENROLMENT_STATE_EXPIRED: "the enrolment has expired; the technician must open it again",
}

Confirm = Callable[[str], Awaitable[bool]]
Show = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An enrolment under way: `code` is what this workstation shows, six digits."""

    name: str
    code: str
    label: str
    box_id: str
    box_nonce: bytes
    key: keys.Key


class Reception:
    """The enrolment port of a box, pinned to the root that it presented first."""

    def __init__(self, wire: Wire, address: Address, leaf: bytes, root: bytes) -> None:
        self._wire = wire
        self._address = address
        self._leaf = leaf
        self._root = root

    @property
    def site_fingerprint(self) -> str:
        """SHA-256 of the root that was seen, lower-case hex."""
        return keys.fingerprint(self._root)

    async def apply(self, *, role: str, label: str) -> Application:
        """Commit, then reveal; raises CallFailed (e.g. ENROLMENT_CLOSED). `role` is a name such as "SIGNER"."""
        key, nonce = keys.new_key(), secrets.token_bytes(exchange.NONCE_BYTES)
        public, wished = keys.public_der(key), f"ROLE_{role}"
        commitment = exchange.commitment(workstation_nonce=nonce, public_key=public, role=wished, label=label)
        answer = await self._wire.call(
            exchange_pb2.CommitRequest(
                public_key=public, role=workstation_pb2.Role.Value(wished), label=label, commitment=commitment
            ),
            exchange_pb2.CommitResponse,
        )
        if answer.box_id not in keys.dns_names(self._leaf):
            raise BoxUntrusted("the box gives itself another name than its certificate does")
        reveal = exchange_pb2.RevealRequest(enrolment=answer.enrolment, workstation_nonce=nonce)
        await self._wire.call(reveal, exchange_pb2.RevealResponse)
        code = exchange.code(
            box_id=answer.box_id,
            root=self._root,
            public_key=public,
            role=wished,
            label=label,
            box_nonce=answer.box_nonce,
            workstation_nonce=nonce,
        )
        return Application(
            name=answer.enrolment, code=code, label=label, box_id=answer.box_id, box_nonce=answer.box_nonce, key=key
        )

    async def approval(self, application: Application) -> Pending:
        """Poll until the technician has decided; raises EnrolmentRefused."""
        try:
            async with asyncio.timeout(_LONGEST_WAIT_SECONDS):
                return await self._decided(application)
        except TimeoutError:
            raise EnrolmentRefused("nobody decided in time") from None

    async def _decided(self, application: Application) -> Pending:
        sequence = 0
        while True:
            sequence += 1
            answer = await self._poll(application, sequence)
            if answer is not None and answer.state == exchange_pb2.ENROLMENT_STATE_APPROVED:
                return Pending(profile=self._granted(application, answer), code=application.code)
            if answer is not None and answer.state in _ENDS:
                raise EnrolmentRefused(_ENDS[answer.state])
            await asyncio.sleep(_POLL_SECONDS)

    async def redeem(self, *, token: str, label: str) -> Profile:
        """Enrol by a one-time token; the caller has compared the root's fingerprint before."""
        key = keys.new_key()
        request = exchange_pb2.RedeemTokenRequest(
            token=token, certificate_request=keys.certificate_request(key, label), label=label
        )
        answer = await self._wire.call(request, exchange_pb2.RedeemTokenResponse)
        return self._profile(key, label, keys.box_id(self._leaf), answer)

    async def _poll(self, application: Application, sequence: int) -> exchange_pb2.PollResponse | None:
        message = exchange.poll_message(enrolment=application.name, box_nonce=application.box_nonce, sequence=sequence)
        request = exchange_pb2.PollRequest(
            enrolment=application.name, sequence=sequence, signature=keys.sign(application.key, message)
        )
        try:
            return await self._wire.call(request, exchange_pb2.PollResponse)
        except BoxUnreachable:  # a cable pulled for a moment does not end an enrolment
            return None

    def _granted(self, application: Application, answer: exchange_pb2.PollResponse) -> Profile:
        return self._profile(application.key, application.label, application.box_id, answer)

    def _profile(
        self,
        key: keys.Key,
        label: str,
        box_id: str,
        answer: exchange_pb2.PollResponse | exchange_pb2.RedeemTokenResponse,
    ) -> Profile:
        if answer.root != self._root:
            raise BoxUntrusted("the box hands out another root than the one it was seen with")
        if not keys.is_signed_by(answer.certificate, self._root) or not keys.belongs_to(answer.certificate, key):
            raise BoxUntrusted("the certificate that the box hands out is not for this workstation")
        return Profile(
            box_id=box_id,
            workstation=answer.workstation,
            label=label,
            role=workstation_pb2.Role.Name(answer.role).removeprefix("ROLE_"),
            address=self._address,
            certificate_pem=keys.certificate_pem(answer.certificate),
            root_pem=keys.certificate_pem(self._root),
            key_pem=keys.key_pem(key),
        )


@asynccontextmanager
async def reception(address: Address) -> AsyncIterator[Reception]:
    """Look at the box's enrolment port, and talk only to whoever has the root that was seen."""
    leaf, root = await presented_root(address)
    async with https_wire(address.host, address.enrol_port, pinned(root)) as wire:
        yield Reception(wire, address, leaf, root)


async def enrol(
    address: Address, *, role: str, label: str, show: Show, confirm: Confirm, folder: Path | None = None
) -> Profile:
    """Enrol by comparing codes and store the profile.

    `show` gets the code as soon as it is known: its user reads it to the technician. `confirm` is asked with the code
    after the approval: does the box show the same one? Raises EnrolmentRefused, CallFailed, BoxUntrusted.
    """
    async with reception(address) as box:
        application = await box.apply(role=role, label=label)
        show(application.code)
        pending = await box.approval(application)
    if not await confirm(pending.code):
        raise EnrolmentRefused("the code was not confirmed")
    return pending.profile.save(folder)


async def enrol_by_token(
    address: Address, *, token: str, site_fingerprint: str, label: str, folder: Path | None = None
) -> Profile:
    """Enrol unattended and store the profile; the token leaves only for the root with this fingerprint (hex)."""
    async with reception(address) as box:
        if not secrets.compare_digest(box.site_fingerprint, site_fingerprint.strip().lower().replace(":", "")):
            raise BoxUntrusted("the root of the box has another fingerprint than the one given with the token")
        profile = await box.redeem(token=token, label=label)
    return profile.save(folder)
