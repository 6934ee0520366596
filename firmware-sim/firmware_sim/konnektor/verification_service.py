"""VerifyDocument of the SignatureService: mathematics, then the certificate, then a report (OASIS DSS-X)."""

import asyncio
import base64
import binascii
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from firmware_sim.konnektor.call import Call, Operation, Surroundings
from firmware_sim.konnektor.certificate_check import judge
from firmware_sim.konnektor.requests import verify_document
from firmware_sim.konnektor.revocation import revoked_certificates
from firmware_sim.konnektor.soap import moment, status
from firmware_sim.konnektor.xml import Element, child, element
from firmware_sim.signing.checking import Checked, NoSignatureError, check_cms, check_pdf, check_xml
from firmware_sim.world.codes import KonnektorError

_MAJOR = "urn:oasis:names:tc:dss:1.0:resultmajor:"
_RESULTS = {"VALID": "Success", "INCONCLUSIVE": "InsufficientInformation", "INVALID": "RequesterError"}
_PDF = ("application/pdf-a", "application/pdf")


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """The high-level result and the time for which it holds."""

    result: str
    kind: str
    at: datetime


class VerificationService:
    """VerifyDocument in one namespace; `prefix` is SIG74 or SIG75."""

    def __init__(self, around: Surroundings, prefix: str) -> None:
        self._around = around
        self._device = around.device
        self._prefix = prefix

    def operations(self) -> list[Operation]:
        """The one operation."""
        root = f"{self._prefix}:VerifyDocument"
        return [
            Operation(
                root=root, service="SignatureService", shape=verify_document(self._prefix), handle=self.verify_document
            )
        ]

    async def verify_document(self, call: Call) -> Element:
        """VALID, INVALID, or INCONCLUSIVE where nobody can tell whether the certificate was revoked."""
        self._device.admit(call.context)
        try:
            checked = await asyncio.to_thread(self._checked, call.request)
        except NoSignatureError as error:
            raise KonnektorError(4253, str(error)) from error
        judged = self._judged(call, checked)
        name = self._prefix
        result = element(
            f"{name}:VerificationResult",
            element(f"{name}:HighLevelResult", judged.result),
            element(f"{name}:TimestampType", judged.kind),
            element(f"{name}:Timestamp", moment(judged.at)),
        )
        wanted = child(call.request, f"{name}:OptionalInputs/vr:ReturnVerificationReport") is not None
        report = element(f"{name}:OptionalOutputs", _report(judged)) if wanted else None
        return element(f"{name}:VerifyDocumentResponse", status(self._around.now()), result, report)

    def _checked(self, request: Element) -> Checked:
        name = self._prefix
        document = child(request, f"{name}:Document")
        xml = child(document, "CONN:Base64XML") if document is not None else None
        data = child(document, "dss:Base64Data") if document is not None else None
        signature = child(request, "dss:SignatureObject/dss:Base64Signature")
        if signature is not None:
            return check_cms(_decode(signature), _decode(data) if data is not None else None)
        if xml is not None:
            return check_xml(_decode(xml))
        if data is not None and data.get("MimeType") in _PDF:
            return check_pdf(_decode(data))
        if data is not None:
            return check_cms(_decode(data), None)
        raise NoSignatureError("neither a document nor a signature")

    def _judged(self, call: Call, checked: Checked) -> Judged:
        said = call.text(f"{self._prefix}:OptionalInputs/{self._prefix}:UseVerificationTime/dss:SpecificTime")
        if said:
            kind, at = "USER_DEFINED_TIMESTAMP", datetime.fromisoformat(said)
        elif checked.signed_at is not None:
            kind, at = "SIGNATURE_EMBEDDED_TIMESTAMP", checked.signed_at
        else:
            kind, at = "SYSTEM_TIMESTAMP", self._around.now()
        if not checked.fits:
            return Judged(result="INVALID", kind=kind, at=at)
        verdict = judge(
            x509.load_der_x509_certificate(checked.certificate),
            self._around.authorities,
            at=at,
            revoked=revoked_certificates(self._around),
            online=not self._device.conditions.holds("EC_No_VPN_TI_Connection"),
        )
        return Judged(result=verdict.result, kind=kind, at=at)


def _decode(given: Element) -> bytes:
    try:
        return base64.b64decode("".join((given.text or "").split()), validate=True)
    except binascii.Error as error:
        raise KonnektorError(4000, "no base64") from error


def _report(judged: Judged) -> Element:
    words = {"VALID": "Die Signatur ist gültig.", "INVALID": "Die Signatur ist ungültig."}
    message = element("dss:ResultMessage", words.get(judged.result, "Die Prüfung blieb ohne Ergebnis."))
    message.set("{http://www.w3.org/XML/1998/namespace}lang", "de")
    result = element("dss:Result", element("dss:ResultMajor", _MAJOR + _RESULTS[judged.result]), message)
    one = element("vr:IndividualReport", element("vr:SignedObjectIdentifier"), result)
    time = element("dss:VerificationTimeInfo", element("dss:VerificationTime", moment(judged.at)))
    return element("vr:VerificationReport", time, one)
