"""CertificateService 6.0: certificates of cards, when they expire, and whether a certificate holds."""

import base64
import binascii
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from firmware_sim.konnektor.call import Call, Operation, Surroundings
from firmware_sim.konnektor.certificate_check import Verdict, judge
from firmware_sim.konnektor.profiles import has
from firmware_sim.konnektor.requests import certificate_service
from firmware_sim.konnektor.revocation import revoked_certificates
from firmware_sim.konnektor.soap import status
from firmware_sim.konnektor.xml import Element, element, expanded
from firmware_sim.pki import CardKeys
from firmware_sim.world.built_in import built_in_iccsn, gsmck_name, gsmckt_name
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.device import SeenCard, card_event

_REFERENCES = ("C.AUT", "C.ENC", "C.SIG", "C.QES")
_EXPIRING = ("smcb", "hsmb", "hba")


@dataclass(frozen=True, kw_only=True, slots=True)
class Expiring:
    """A card whose C.AUT is looked at; terminal and handle are empty for the gSMC-K."""

    terminal: str
    handle: str
    iccsn: str
    keys: CardKeys


class CertificateService:
    """ReadCardCertificate, CheckCertificateExpiration and VerifyCertificate."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._device = around.device
        self._terminal_handles: dict[str, str] = {}

    def operations(self) -> list[Operation]:
        """Each with its root element and shape; version 6.0.0 knows no Crypt."""
        shapes = certificate_service(crypt=has(self._device.configuration, "CertificateService", "6.0.1"))
        handlers = {
            "CERT:ReadCardCertificate": self.read_card_certificate,
            "CERT:CheckCertificateExpiration": self.check_certificate_expiration,
            "CERT:VerifyCertificate": self.verify_certificate,
        }
        return [
            Operation(root=root, service="CertificateService", shape=shapes[root], handle=handle)
            for root, handle in handlers.items()
        ]

    async def read_card_certificate(self, call: Call) -> Element:
        """The certificates asked for, by kind of key; without Crypt RSA is meant.

        A card without ECC answers 4258, one without RSA a Status with 4256 and no certificate.
        """
        seen = self._device.admit(call.context, handle=call.text("CONN:CardHandle"), session=False)
        if seen is None:
            raise KonnektorError(self._device.configuration.behaviour.dead_handle)
        if seen.card.kind == "egk":
            raise KonnektorError(4090)
        given = call.request.iterfind(f"{expanded('CERT:CertRefList')}/{expanded('CERT:CertRef')}")
        references = [(each.text or "").strip() for each in given]
        certificates = [self._certificate(seen, reference) for reference in references]
        wanted, has_kind = call.text("CERT:Crypt") or "RSA", self._around.keys[seen.card.name].crypt
        if wanted == "ECC" and has_kind != "ECC":
            raise KonnektorError(4258, seen.card.configuration.iccsn)
        there = wanted == has_kind
        infos = [_info(ref, der if there else None) for ref, der in zip(references, certificates, strict=True)]
        return element(
            "CERT:ReadCardCertificateResponse",
            status(self._around.now(), None if there else KonnektorError(4256, "this card has no RSA certificates")),
            element("CERTCMN:X509DataInfoList", *infos),
        )

    async def check_certificate_expiration(self, call: Call) -> Element:
        """The day on which C.AUT ends: of one card, or of all of the mandant's, the gSMC-K and the gSMC-KTs.

        With Crypt "ECC" a single card without ECC answers 4258; in the list such cards are named in a Warning (4257)
        and left out. Without Crypt each card answers with the keys it has.
        """
        handle = call.text("CONN:CardHandle")
        cards = [self._one(call, handle)] if handle else list(self._all(call))
        lacking = [each.iccsn for each in cards if call.text("CERT:Crypt") not in ("", each.keys.crypt)]
        asked_for_ecc = call.text("CERT:Crypt") == "ECC"
        if lacking and handle:
            raise KonnektorError(4258 if asked_for_ecc else 4256, *lacking)
        code = 4257 if asked_for_ecc else 4256
        warning = KonnektorError(code, ", ".join(lacking)) if lacking else None
        entries = [_expiration(each) for each in cards if each.iccsn not in lacking]
        return element("CERT:CheckCertificateExpirationResponse", status(self._around.now(), warning), *entries)

    async def verify_certificate(self, call: Call) -> Element:
        """VALID, INCONCLUSIVE or INVALID at a time, and the professions of the certificate's admission."""
        self._device.admit(call.context)
        verdict = judge(
            _parsed(call.text("CERTCMN:X509Certificate")),
            self._around.authorities,
            at=_moment(call.text("CERT:VerificationTime")) or self._around.now(),
            revoked=revoked_certificates(self._around),
            online=not self._device.conditions.holds("EC_No_VPN_TI_Connection"),
        )
        return _verified(verdict, status(self._around.now()))

    def _one(self, call: Call, handle: str) -> Expiring:
        seen = self._device.admit(call.context, handle=handle, session=False)
        if seen is None:
            raise KonnektorError(self._device.configuration.behaviour.dead_handle)
        if seen.card.kind not in _EXPIRING:
            raise KonnektorError(4209)
        return self._expiring(seen)

    def _all(self, call: Call) -> Iterator[Expiring]:
        self._device.admit(call.context)
        name = gsmck_name(self._device.name)
        yield Expiring(terminal="", handle="", iccsn=built_in_iccsn(name), keys=self._around.keys[name])
        if self._device.configuration.behaviour.expirations == "all":
            for terminal in sorted(self._device.connected):
                if self._device.may(call.context, terminal=terminal):
                    yield self._terminal_card(terminal)
        for seen in self._device.cards:
            if seen.card.kind in _EXPIRING and self._device.may_hear(call.context, card_event("", seen)):
                yield self._expiring(seen)

    def _expiring(self, seen: SeenCard) -> Expiring:
        card = seen.card
        return Expiring(
            terminal=seen.terminal,
            handle=seen.handle,
            iccsn=card.configuration.iccsn,
            keys=self._around.keys[card.name],
        )

    def _terminal_card(self, terminal: str) -> Expiring:
        """The terminal's own card: the one of the world that sits in it, else the one that it came with."""
        for seen in self._device.cards:
            if seen.card.kind == "gsmckt" and seen.terminal == terminal:
                return self._expiring(seen)
        handle = self._terminal_handles.setdefault(terminal, str(uuid.uuid4()))
        name = gsmckt_name(terminal)
        return Expiring(terminal=terminal, handle=handle, iccsn=built_in_iccsn(name), keys=self._around.keys[name])

    def _certificate(self, seen: SeenCard, reference: str) -> bytes:
        if reference not in _REFERENCES:
            raise KonnektorError(4149)
        try:
            return self._around.keys[seen.card.name].certificate(reference)
        except KeyError as error:
            raise KonnektorError(4147, reference) from error


def _parsed(encoded: str) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(base64.b64decode(encoded, validate=True))
    except (ValueError, binascii.Error, x509.InvalidVersion) as error:
        raise KonnektorError(4148) from error


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise KonnektorError(4000, "VerificationTime is no dateTime") from error
    return found if found.tzinfo else found.astimezone()


def _verified(verdict: Verdict, outcome: Element) -> Element:
    return element(
        "CERT:VerifyCertificateResponse",
        outcome,
        element("CERT:VerificationStatus", element("CERT:VerificationResult", verdict.result)),
        # The schema wants at least one.
        element("CERT:RoleList", *(element("CERT:Role", role) for role in verdict.roles or ("",))),
    )


def _expiration(card: Expiring) -> Element:
    certificate = x509.load_der_x509_certificate(card.keys.certificate("C.AUT"))
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return element(
        "CERT:CertificateExpiration",
        element("CERT:CtID", card.terminal),
        element("CONN:CardHandle", card.handle),
        element("CERT:ICCSN", card.iccsn),
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
