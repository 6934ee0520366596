"""EncryptionService 6.1: documents for holders of certificates, opened with C.ENC of an unlocked SM-B or HBA."""

import asyncio
import base64
import binascii

from cryptography import x509

from firmware_sim import encryption
from firmware_sim.konnektor.call import Call, Operation, Surroundings
from firmware_sim.konnektor.profiles import has
from firmware_sim.konnektor.requests import encryption_service
from firmware_sim.konnektor.soap import status
from firmware_sim.konnektor.unlocking import require_unlocked
from firmware_sim.konnektor.xml import Element, child, element, expanded, short
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.device import SeenCard

CMS = "urn:ietf:rfc:5652"
MOST_RECIPIENTS = 100
MOST_BYTES = 25 * 1024 * 1024
_CMS_TYPE = "application/pkcs7-mime"
_REFERENCE = "C.ENC"
_CODES = {
    encryption.Stage.FORM: 4107,
    encryption.Stage.RECIPIENT: 4106,
    encryption.Stage.ALGORITHM: 4201,
    encryption.Stage.KEY: 4069,
    encryption.Stage.CONTENT: 4109,
}


class EncryptionService:
    """EncryptDocument and DecryptDocument, CMS only."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._device = around.device

    def operations(self) -> list[Operation]:
        """Each with its root element and shape; version 6.1.0 knows no Crypt."""
        shapes = encryption_service(crypt=has(self._device.configuration, "EncryptionService", "6.1.1"))
        handlers = {"CRYPT:EncryptDocument": self.encrypt_document, "CRYPT:DecryptDocument": self.decrypt_document}
        return [
            Operation(root=root, service="EncryptionService", shape=shapes[root], handle=handle)
            for root, handle in handlers.items()
        ]

    async def encrypt_document(self, call: Call) -> Element:
        """Encrypt for all recipients whose certificate allows it; one that does not is told in a warning (4259)."""
        self._device.admit(call.context)
        document = _document(call)
        _check_type(call, document)
        ders = [*self._certificates_on_card(call), *_certificates(call)]
        if not ders:
            raise KonnektorError(4000, "nobody is named as recipient")
        if len(ders) > MOST_RECIPIENTS:
            raise KonnektorError(4282)
        usable = [certificate for certificate in ders if self._usable(certificate)]
        if not usable:
            raise KonnektorError(4200)
        encrypted = await asyncio.to_thread(encryption.encrypt, _decoded(document), usable)
        trouble = KonnektorError(4259) if len(usable) < len(ders) else None
        return self._response("EncryptDocument", encrypted, _CMS_TYPE, trouble)

    async def decrypt_document(self, call: Call) -> Element:
        """Open with the card's key: PIN.SMC or PIN.CH must be verified in the caller's session."""
        seen = self._card(call, "CRYPT:PrivateKeyOnCard")
        if seen.card.kind not in ("smcb", "hsmb", "hba"):
            raise KonnektorError(4209)
        data = _decoded(_document(call))
        require_unlocked(self._device, call.context, seen)
        keys = self._around.keys[seen.card.name]
        own = x509.load_der_x509_certificate(keys.certificate(_REFERENCE))
        await asyncio.sleep(self._device.configuration.behaviour.signature_seconds)
        if seen not in self._device.cards:
            raise KonnektorError(4045)
        try:
            content = await asyncio.to_thread(encryption.decrypt, data, [(own, keys.private_key(_REFERENCE))])
        except encryption.DecryptionError as error:
            raise KonnektorError(_CODES[error.stage], error.stage.value) from error
        return self._response("DecryptDocument", content, "application/octet-stream")

    def _certificates_on_card(self, call: Call) -> list[x509.Certificate]:
        if child(call.request, "CRYPT:RecipientKeys/CRYPT:CertificateOnCard") is None:
            return []
        seen = self._card(call, "CRYPT:RecipientKeys/CRYPT:CertificateOnCard", session=False)
        try:
            der = self._around.keys[seen.card.name].certificate(_REFERENCE)
        except KeyError as error:
            raise KonnektorError(4147, _REFERENCE) from error
        return [x509.load_der_x509_certificate(der)]

    def _card(self, call: Call, path: str, *, session: bool = True) -> SeenCard:
        if call.text(f"{path}/CRYPT:KeyReference") not in ("", _REFERENCE):
            raise KonnektorError(4149, "only C.ENC encrypts")
        seen = self._device.admit(call.context, handle=call.text(f"{path}/CONN:CardHandle"), session=session)
        if seen is None:
            raise KonnektorError(self._device.configuration.behaviour.dead_handle)
        counts = self._around.practice.counts.cards[seen.card.name]
        counts.operations[short(call.request).rpartition(":")[2]] += 1
        return seen

    def _usable(self, certificate: x509.Certificate) -> bool:
        now = self._around.now()
        try:
            encryption.suitable(certificate)
        except encryption.UnsuitableKeyError:
            return False
        return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc

    def _response(self, operation: str, data: bytes, mime_type: str, trouble: KonnektorError | None = None) -> Element:
        encoded = element("dss:Base64Data", base64.b64encode(data).decode(), MimeType=mime_type)
        document = element("CONN:Document", encoded)
        return element(f"CRYPT:{operation}Response", status(self._around.now(), trouble), document)


def _document(call: Call) -> Element:
    given = child(call.request, "CONN:Document")
    content = next((each for each in given if isinstance(each.tag, str)), None) if given is not None else None
    if content is None:
        raise KonnektorError(4000, "Document is missing")
    return content


def _check_type(call: Call, document: Element) -> None:
    """CMS takes every document; the default for XML would be XMLEnc, which is not simulated, like S/MIME."""
    default = "" if document.tag == expanded("CONN:Base64XML") else CMS
    if (call.text("CRYPT:OptionalInputs/CRYPT:EncryptionType") or default) != CMS:
        raise KonnektorError(4201, "only CMS is simulated")


def _decoded(document: Element) -> bytes:
    try:
        content = base64.b64decode("".join((document.text or "").split()), validate=True)
    except binascii.Error as error:
        raise KonnektorError(4000, "the document is no base64") from error
    if len(content) > MOST_BYTES + 64 * 1024:
        raise KonnektorError(4283)
    return content


def _certificates(call: Call) -> list[x509.Certificate]:
    path = f"{expanded('CRYPT:RecipientKeys')}/{expanded('CRYPT:Certificate')}"
    try:
        ders = [base64.b64decode("".join((each.text or "").split())) for each in call.request.iterfind(path)]
        return [x509.load_der_x509_certificate(der) for der in ders]
    except (ValueError, binascii.Error) as error:
        raise KonnektorError(4105, "a recipient's certificate is none") from error
