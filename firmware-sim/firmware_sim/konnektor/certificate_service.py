"""CertificateService 6.0: certificates of cards and when they expire."""

import base64

from cryptography import x509

from firmware_sim.konnektor.call import Call, Operation, Surroundings
from firmware_sim.konnektor.profiles import has
from firmware_sim.konnektor.requests import certificate_service
from firmware_sim.konnektor.soap import status
from firmware_sim.konnektor.xml import Element, element, expanded
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.device import SeenCard, card_event

_REFERENCES = ("C.AUT", "C.ENC", "C.SIG", "C.QES")


class CertificateService:
    """ReadCardCertificate and CheckCertificateExpiration."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._device = around.device

    def operations(self) -> list[Operation]:
        """Each with its root element and shape; version 6.0.0 knows no Crypt."""
        shapes = certificate_service(crypt=has(self._device.configuration, "CertificateService", "6.0.1"))
        handlers = {
            "CERT:ReadCardCertificate": self.read_card_certificate,
            "CERT:CheckCertificateExpiration": self.check_certificate_expiration,
        }
        return [
            Operation(root=root, service="CertificateService", shape=shapes[root], handle=handle)
            for root, handle in handlers.items()
        ]

    async def read_card_certificate(self, call: Call) -> Element:
        """The certificates asked for. Without Crypt RSA is meant, and these cards have none: 4256, no certificate."""
        seen = self._device.admit(call.context, handle=call.text("CONN:CardHandle"), session=False)
        if seen is None:
            raise KonnektorError(self._device.configuration.behaviour.dead_handle)
        if seen.card.kind == "egk":
            raise KonnektorError(4090)
        given = call.request.iterfind(f"{expanded('CERT:CertRefList')}/{expanded('CERT:CertRef')}")
        references = [(each.text or "").strip() for each in given]
        certificates = [self._certificate(seen, reference) for reference in references]
        ecc = call.text("CERT:Crypt") == "ECC"
        infos = [_info(ref, der if ecc else None) for ref, der in zip(references, certificates, strict=True)]
        return element(
            "CERT:ReadCardCertificateResponse",
            status(self._around.now(), None if ecc else KonnektorError(4256, "this card has no RSA certificates")),
            element("CERTCMN:X509DataInfoList", *infos),
        )

    async def check_certificate_expiration(self, call: Call) -> Element:
        """The day on which C.AUT of one card, or of all SM-B and HBA of the mandant, ends."""
        handle = call.text("CONN:CardHandle")
        if handle:
            seen = self._device.admit(call.context, handle=handle, session=False)
            cards = [seen] if seen else []
        else:
            self._device.admit(call.context)
            cards = [each for each in self._device.cards if self._device.may_hear(call.context, card_event("", each))]
        entries = [self._expiration(each) for each in cards if each.card.kind in ("smcb", "hsmb", "hba")]
        return element("CERT:CheckCertificateExpirationResponse", status(self._around.now()), *entries)

    def _certificate(self, seen: SeenCard, reference: str) -> bytes:
        if reference not in _REFERENCES:
            raise KonnektorError(4149)
        try:
            return self._around.keys[seen.card.name].certificate(reference)
        except KeyError as error:
            raise KonnektorError(4147, reference) from error

    def _expiration(self, seen: SeenCard) -> Element:
        certificate = x509.load_der_x509_certificate(self._certificate(seen, "C.AUT"))
        names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return element(
            "CERT:CertificateExpiration",
            element("CERT:CtID", seen.terminal),
            element("CONN:CardHandle", seen.handle),
            element("CERT:ICCSN", seen.card.configuration.iccsn),
            element("CERT:subject_commonName", str(names[0].value) if names else ""),
            element("CERT:serialNumber", str(certificate.serial_number)),
            element("CERT:validity", certificate.not_valid_after_utc.date().isoformat()),
        )


def _info(reference: str, der: bytes | None) -> Element:
    return element(
        "CERTCMN:X509DataInfo",
        element("CERTCMN:CertRef", reference),
        _data(der) if der is not None else None,
    )


def _data(der: bytes) -> Element:
    certificate = x509.load_der_x509_certificate(der)
    return element(
        "CERTCMN:X509Data",
        element(
            "CERTCMN:X509IssuerSerial",
            element("CERTCMN:X509IssuerName", certificate.issuer.rfc4514_string()),
            element("CERTCMN:X509SerialNumber", str(certificate.serial_number)),
        ),
        element("CERTCMN:X509SubjectName", certificate.subject.rfc4514_string()),
        element("CERTCMN:X509Certificate", base64.b64encode(der).decode()),
    )
