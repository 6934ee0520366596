"""SignatureService 7.4 and 7.5: job numbers, SignDocument, StopSignature; how it signs is in call_of_signatures."""

import base64

from firmware_sim.konnektor.call import Call, Operation, Surroundings
from firmware_sim.konnektor.call_of_signatures import CERTIFICATES, Outcome, Signatory, Work
from firmware_sim.konnektor.documents import CADES, Document, read_documents
from firmware_sim.konnektor.pin_dialog import PinDialog
from firmware_sim.konnektor.profiles import has
from firmware_sim.konnektor.requests import signature_service
from firmware_sim.konnektor.soap import status
from firmware_sim.konnektor.xml import Element, element, parse
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.device import SeenCard


class SignatureService:
    """One namespace of the service; `prefix` is SIG74 or SIG75."""

    def __init__(self, around: Surroundings, dialog: PinDialog, prefix: str) -> None:
        self._around = around
        self._device = around.device
        self._signatory = Signatory(around, dialog)
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
        """Stop a running call: what it has signed since its last PIN entry is discarded (TAB_KON_192).

        Whoever stops must be allowed to use the card; for an HBA that takes a UserId (TIP1-A_5666-03).
        """
        self._device.admit(call.context)
        number = call.text(f"{self._prefix}:JobNumber")
        self._device.admit(call.context, handle=self._device.jobs.card_of(number))
        self._device.jobs.stop(number)
        return element(f"{self._prefix}:StopSignatureResponse", status(self._around.now()))

    async def sign_document(self, call: Call) -> Element:
        """Sign the documents of a call; an error anywhere discards everything."""
        seen = self._card(call)
        counts = self._around.practice.counts.cards[seen.card.name]
        counts.sign_document_calls += 1
        most = self._device.configuration.behaviour.most_sign_requests
        documents = read_documents(call.request, self._prefix, qes=seen.card.kind == "hba", most=most)
        crypt, keys = call.text(f"{self._prefix}:Crypt"), self._around.keys[seen.card.name]
        if crypt in ("RSA", "ECC") and crypt != keys.crypt:
            raise KonnektorError(4206, f"this card has {keys.crypt} certificates only")
        work = Work(
            context=call.context,
            seen=seen,
            job_number=call.text(f"{self._prefix}:JobNumber"),
            documents=documents,
            keys=keys,
            corrupt=_corrupt(call, documents),
        )
        self._device.jobs.start(work.job_number, seen.handle)
        counts.job_numbers.append(work.job_number)
        try:
            outcomes = await self._signatory.signed(work)
        finally:
            self._device.jobs.finish(work.job_number)
        responses = [self._response(*pair) for pair in zip(documents, outcomes, strict=True)]
        return element(f"{self._prefix}:SignDocumentResponse", *responses)

    def _card(self, call: Call) -> SeenCard:
        seen = self._device.admit(call.context, handle=call.text("CONN:CardHandle"))
        if seen is None:
            raise KonnektorError(self._device.configuration.behaviour.dead_handle)
        if seen.card.kind not in CERTIFICATES:
            raise KonnektorError(4126)
        return seen

    def _response(self, document: Document, outcome: Outcome) -> Element:
        now = self._around.now()
        if isinstance(outcome, KonnektorError):
            response = element(f"{self._prefix}:SignResponse", status(now, outcome))
        else:
            response = element(f"{self._prefix}:SignResponse", status(now), self._signature(document, outcome))
        response.set("RequestID", document.request_id)
        return response

    def _signature(self, document: Document, signature: bytes) -> Element:
        name, encoded = self._prefix, base64.b64encode(signature).decode()
        if document.kind == "PAdES":
            data = element("dss:Base64Data", encoded, MimeType=document.mime_type)
            holder = element(f"{name}:DocumentWithSignature", data, ShortText=document.short_text)
            return element(f"{name}:OptionalOutputs", holder)
        if document.kind == "XAdES" and document.place is not None:
            holder = element(f"{name}:DocumentWithSignature", element("CONN:Base64XML", encoded))
            return element(f"{name}:OptionalOutputs", holder)
        if document.kind == "XAdES":
            return element("dss:SignatureObject", parse(signature))
        return element("dss:SignatureObject", element("dss:Base64Signature", encoded, Type=CADES))


def _corrupt(call: Call, documents: list[Document]) -> frozenset[str]:
    """The RequestIDs of the documents whose signatures a planned fault spoils: all, or the one with that number."""
    if not call.corrupt_signature:
        return frozenset()
    chosen = documents[call.corrupt_document - 1 : call.corrupt_document] if call.corrupt_document else documents
    return frozenset(document.request_id for document in chosen)
