"""SignatureService 7.4 and 7.5: job numbers, QES with an HBA and its pad, nonQES with an unlocked SMC-B."""

import asyncio
import base64
from dataclasses import dataclass, replace
from typing import Literal

from firmware_sim.konnektor.call import Call, Operation, Surroundings
from firmware_sim.konnektor.documents import CADES, Document, read_documents
from firmware_sim.konnektor.pin_dialog import CODE_OF, Asked, PinDialog
from firmware_sim.konnektor.profiles import has
from firmware_sim.konnektor.requests import signature_service
from firmware_sim.konnektor.soap import status
from firmware_sim.konnektor.tampering import spoil_cades, spoil_pades
from firmware_sim.konnektor.xml import Element, element
from firmware_sim.pki import CardKeys
from firmware_sim.signing import sign_cades, sign_pades
from firmware_sim.world import pins
from firmware_sim.world.card import Comparison, PinState
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.context import Context
from firmware_sim.world.device import SeenCard
from firmware_sim.world.events import Event

_CERTIFICATE = {"hba": "C.QES", "smcb": "C.SIG", "hsmb": "C.SIG"}
_REFUSED = {Comparison.WRONG: 4276, Comparison.NOW_BLOCKED: 4275, Comparison.WAS_BLOCKED: 4063}
_NOT_ASKED = {PinState.BLOCKED: 4063, PinState.TRANSPORT: 4065, PinState.EMPTY: 4065}


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """One accepted SignDocument call."""

    context: Context
    seen: SeenCard
    job_number: str
    documents: list[Document]
    keys: CardKeys
    corrupt: bool
    mode: Literal["SMB", "PIN", "COMFORT"] = "SMB"


class SignatureService:
    """One namespace of the service; `prefix` is SIG74 or SIG75."""

    def __init__(self, around: Surroundings, dialog: PinDialog, prefix: str) -> None:
        self._around = around
        self._device = around.device
        self._dialog = dialog
        self._prefix = prefix

    def operations(self) -> list[Operation]:
        """Each with its root element and shape."""
        shapes = signature_service(self._prefix, crypt=has(self._device.configuration, "SignatureService", "7.4.2"))
        handlers = {
            f"{self._prefix}:GetJobNumber": self.get_job_number,
            f"{self._prefix}:StopSignature": self.stop_signature,
            f"{self._prefix}:SignDocument": self.sign_document,
        }
        return [
            Operation(root=root, service="SignatureService", shape=shapes[root], handle=handle)
            for root, handle in handlers.items()
        ]

    async def get_job_number(self, call: Call) -> Element:
        """A fresh job number."""
        self._device.admit(call.context)
        number = element(f"{self._prefix}:JobNumber", self._device.jobs.issue())
        return element(f"{self._prefix}:GetJobNumberResponse", number)

    async def stop_signature(self, call: Call) -> Element:
        """Stop a running call: what it has signed since its PIN entry is discarded (TAB_KON_192)."""
        self._device.admit(call.context)
        self._device.jobs.stop(call.text(f"{self._prefix}:JobNumber"))
        return element(f"{self._prefix}:StopSignatureResponse", status(self._around.now()))

    async def sign_document(self, call: Call) -> Element:
        """Sign all documents of a call, or none: an error anywhere discards everything."""
        seen = self._card(call)
        counts = self._around.practice.counts.cards[seen.card.name]
        counts.sign_document_calls += 1
        documents = read_documents(call.request, self._prefix, qes=seen.card.kind == "hba")
        crypt, keys = call.text(f"{self._prefix}:Crypt"), self._around.keys[seen.card.name]
        if crypt in ("RSA", "ECC") and crypt != keys.crypt:
            raise KonnektorError(4206, f"this card has {keys.crypt} certificates only")
        work = Work(
            context=call.context,
            seen=seen,
            job_number=call.text(f"{self._prefix}:JobNumber"),
            documents=documents,
            keys=keys,
            corrupt=call.corrupt_signature,
        )
        self._device.jobs.start(work.job_number)
        counts.job_numbers.append(work.job_number)
        try:
            signed = await self._signed(work)
        finally:
            self._device.jobs.finish(work.job_number)
        responses = [self._response(document, signature) for document, signature in signed]
        return element(f"{self._prefix}:SignDocumentResponse", *responses)

    async def _signed(self, work: Work) -> list[tuple[Document, bytes]]:
        """The way of the card: SM-B unlocked, HBA with a comfort session, HBA with its PIN at the pad."""
        if work.seen.card.kind != "hba":
            return await self._with_smb(work)
        session = self._device.comfort.of(work.seen.handle, work.context)
        if session is None:
            return await self._qualified(replace(work, mode="PIN"))
        self._device.comfort.refuse_more_than_left(session, len(work.documents))
        async with self._dialog.reserved(work.seen):
            return await self._sign_all(replace(work, mode="COMFORT"))

    def _card(self, call: Call) -> SeenCard:
        seen = self._device.admit(call.context, handle=call.text("CONN:CardHandle"))
        if seen is None:
            raise KonnektorError(self._device.configuration.behaviour.dead_handle)
        if seen.card.kind not in _CERTIFICATE:
            raise KonnektorError(4126)
        return seen

    async def _with_smb(self, work: Work) -> list[tuple[Document, bytes]]:
        verified = self._device.session(work.context, work.seen).verified
        if "PIN.SMC" not in verified and not work.seen.card.unlocked:
            raise KonnektorError(4085)
        return await self._sign_all(work)

    async def _qualified(self, work: Work) -> list[tuple[Document, bytes]]:
        """PIN.QES is asked for every call; the security state is used up by it."""
        asked = Asked(
            seen=work.seen,
            reference="PIN.QES",
            pin=pins.pin_of(work.seen.card, "PIN.QES"),
            pad=pins.input_terminal(self._device, work.context, work.seen),
            job_number=work.job_number,
        )
        if asked.pin.state in _NOT_ASKED:
            raise KonnektorError(_NOT_ASKED[asked.pin.state])
        async with self._dialog.reserved(work.seen):
            outcome = await self._dialog.verify(asked)
            if not isinstance(outcome, Comparison):
                raise KonnektorError(CODE_OF[outcome])
            if outcome is not Comparison.RIGHT:
                raise KonnektorError(_REFUSED[outcome])
            return await self._sign_all(work)

    async def _sign_all(self, work: Work) -> list[tuple[Document, bytes]]:
        signed = []
        for document in work.documents:
            await asyncio.sleep(self._device.configuration.behaviour.signature_seconds)
            self._check_still_there(work)
            signature = await asyncio.to_thread(_sign, work, document)
            self._check_still_there(work)
            if work.mode == "COMFORT":
                self._device.comfort.spend(work.seen.handle, work.context)
            counts = self._around.practice.counts.cards[work.seen.card.name]
            counts.signatures += 1
            counts.signature_modes[work.mode] += 1
            signed.append((document, signature))
            self._announce_progress(work)
        return signed

    def _check_still_there(self, work: Work) -> None:
        if self._device.jobs.stopped(work.job_number):
            raise KonnektorError(4049, "StopSignature")
        if work.seen not in self._device.cards:
            raise KonnektorError(4045)

    def _announce_progress(self, work: Work) -> None:
        self._device.announce(
            Event(
                topic="SIG/SIGNDOC/NEXT_SUCCESSFUL",
                parameters=(("JobNumber", work.job_number),),
                client_system=work.context.client_system,
            )
        )

    def _response(self, document: Document, signature: bytes) -> Element:
        name, encoded = self._prefix, base64.b64encode(signature).decode()
        if document.kind == "PAdES":
            data = element("dss:Base64Data", encoded, MimeType=document.mime_type)
            holder = element(f"{name}:DocumentWithSignature", data, ShortText=document.short_text)
            outcome = element(f"{name}:OptionalOutputs", holder)
        else:
            outcome = element("dss:SignatureObject", element("dss:Base64Signature", encoded, Type=CADES))
        response = element(f"{name}:SignResponse", status(self._around.now()), outcome)
        response.set("RequestID", document.request_id)
        return response


def _sign(work: Work, document: Document) -> bytes:
    reference = _CERTIFICATE[work.seen.card.kind]
    try:
        if document.kind == "PAdES":
            pdf = sign_pades(work.keys, reference, document.content)
            return spoil_pades(pdf) if work.corrupt else pdf
        cms = sign_cades(work.keys, reference, document.content, detached=not document.enveloping)
        return spoil_cades(cms) if work.corrupt else cms
    except ValueError as error:
        raise KonnektorError(4123, str(error)) from error
