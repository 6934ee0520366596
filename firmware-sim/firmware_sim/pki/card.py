"""Cards: their keys and certificates, issued once and then kept by name."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ObjectIdentifier

from firmware_sim.pki import subjects
from firmware_sim.pki.authority import Extension, Request, Validity
from firmware_sim.pki.hierarchy import Hierarchy
from firmware_sim.pki.keys import PrivateKey, certificate_der, certificate_pem, key_pem, load_key, new_key
from firmware_sim.pki.profiles import CARDS, CertificateProfile, profession_item
from firmware_sim.pki.vault import following, latest, place

_ICCSN = re.compile(r"[0-9]{20}")
_KVNR = re.compile(r"[A-Z][0-9]{9}")
_PRINTABLE = re.compile(r"[A-Za-z0-9 '()+,./:=?-]{0,128}")  # PrintableString, ISIS-MTT registrationNumber
_OID = re.compile(r"1\.[0-3]?[0-9](\.[0-9]{1,9}){1,16}")

# ETSI EN 319 412-5: QcCompliance and QcSSCD, neither with further information.
_QC_STATEMENTS = bytes.fromhex("3014 3008 0606 04008E460101 3008 0606 04008E460104")
# The German validity model extension, saying "chain model" (1.3.6.1.4.1.8301.3.5.1).
_CHAIN_MODEL = bytes.fromhex("300C 060A 2B06010401C06D030501")


@dataclass(frozen=True, kw_only=True, slots=True)
class CardRequest:
    """What a card is to attest; empty texts mean that the card has no such thing."""

    kind: str
    holder: str
    iccsn: str
    telematik_id: str
    kvnr: str
    profession: str
    key: str
    valid_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CardKeys:
    """The certificates and keys of one card, by reference as in ReadCardCertificate (C.AUT, C.ENC, C.SIG, C.QES).

    `chain_der` holds every issuing CA of this card and then the root; `chain(ref)` only what is above one certificate.
    """

    name: str
    certificates: Mapping[str, bytes]
    chains: Mapping[str, tuple[bytes, ...]]
    chain_der: list[bytes]
    keys: Mapping[str, PrivateKey] = field(repr=False)

    @property
    def crypt(self) -> str:
        """The Konnektor's word for the kind of all keys of this card: "ECC" or "RSA"."""
        return "RSA" if any(isinstance(key, rsa.RSAPrivateKey) for key in self.keys.values()) else "ECC"

    def certificate(self, ref: str) -> bytes:
        """The certificate as DER; KeyError when this card has none of that reference."""
        return self.certificates[ref]

    def private_key(self, ref: str) -> PrivateKey:
        """The key of that certificate; KeyError when this card has none."""
        return self.keys[ref]

    def chain(self, ref: str) -> tuple[bytes, ...]:
        """The CA that issued this certificate and the card root, as DER; KeyError as above."""
        return self.chains[ref]


def keep_card(hierarchy: Hierarchy, folder: Path, name: str, request: CardRequest) -> CardKeys:
    """The card kept in `folder`, issued now if there is none or if it attests something else than `request`."""
    _check(request)
    wanted = json.dumps(asdict(request), ensure_ascii=False, indent=1).encode()
    issue = latest(folder)
    if issue is None or (issue / "request.json").read_bytes() != wanted:
        issue = place(following(folder), {"request.json": wanted} | _new_files(hierarchy, request))
    return _load(hierarchy, issue, name, request.kind)


def _check(request: CardRequest) -> None:
    if request.kind not in CARDS:
        raise ValueError(f"there is no card kind {request.kind!r}; use one of {', '.join(CARDS)}")
    if not request.holder.strip():
        raise ValueError("a card needs a holder: a practice, a person or a terminal")
    if not _ICCSN.fullmatch(request.iccsn):
        raise ValueError("an ICCSN has exactly 20 digits; correct the card's iccsn")
    if request.kind == "egk" and not _KVNR.fullmatch(request.kvnr):
        raise ValueError("an eGK needs a kvnr of one capital letter and nine digits")
    if not _PRINTABLE.fullmatch(request.telematik_id):
        raise ValueError("a Telematik-ID has only letters, digits, space and '()+,-./:=?; correct the telematik_id")
    if request.profession and not _OID.fullmatch(request.profession):
        raise ValueError("a profession is an OID such as 1.2.276.0.76.4.30; correct the card's profession")


def _new_files(hierarchy: Hierarchy, request: CardRequest) -> dict[str, bytes]:
    validity = Validity.ending_in(request.valid_days)
    subject = _subject(request)
    files: dict[str, bytes] = {}
    for ref, profile in CARDS[request.kind].certificates.items():
        key = new_key(request.key)
        content = Request(
            subject=subject,
            validity=validity,
            usage=_rsa_usage(profile.usage) if request.key == "rsa" else profile.usage,
            policies=profile.policies,
            extended_usage=profile.extended_usage,
            extensions=(_admission(request), *_qualified(profile)),
        )
        certificate = hierarchy[profile.authority].issue(content, key.public_key())
        files |= {f"{ref}.pem": certificate_pem(certificate), f"{ref}.key": key_pem(key)}
    return files


def _rsa_usage(usage: frozenset[str]) -> frozenset[str]:
    """What an RSA key does instead of agreeing on a key: it wraps one."""
    wraps = {"key_encipherment", "data_encipherment"} if "key_agreement" in usage else set()
    return usage - {"key_agreement"} | wraps


def _subject(request: CardRequest) -> x509.Name:
    if request.kind == "smcb":
        return subjects.institution(request.holder)
    if request.kind == "hba":
        return subjects.professional(request.holder, request.iccsn)
    if request.kind == "egk":
        return subjects.insured(request.holder, request.kvnr)
    return subjects.machine(request.iccsn)


def _admission(request: CardRequest) -> Extension:
    chamber = x509.DirectoryName(subjects.chamber()) if request.kind == "hba" else None
    profession = request.profession or CARDS[request.kind].profession
    return admission(profession, request.telematik_id or None, chamber), False


def admission(
    profession: str, registration_number: str | None = None, authority: x509.GeneralName | None = None
) -> x509.Admissions:
    """The admission extension (1.3.36.8.3.3): profession in words and as OID, Telematik-ID as registration number."""
    oid = ObjectIdentifier(profession)
    info = x509.ProfessionInfo(None, [profession_item(profession)], [oid], registration_number, None)
    return x509.Admissions(authority, [x509.Admission(None, None, [info])])


def _qualified(profile: CertificateProfile) -> tuple[Extension, ...]:
    if not profile.qualified:
        return ()
    statements = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.5.5.7.1.3"), _QC_STATEMENTS)
    model = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.8301.3.5"), _CHAIN_MODEL)
    return (statements, False), (model, False)


def _load(hierarchy: Hierarchy, issue: Path, name: str, kind: str) -> CardKeys:
    profiles = CARDS[kind].certificates
    root = certificate_der(hierarchy["card-root"].certificate)
    issuers = {ref: certificate_der(hierarchy[profile.authority].certificate) for ref, profile in profiles.items()}
    try:
        return CardKeys(
            name=name,
            certificates={ref: _certificate(issue / f"{ref}.pem") for ref in profiles},
            chains={ref: (issuer, root) for ref, issuer in issuers.items()},
            chain_der=[*dict.fromkeys(issuers.values()), root],
            keys={ref: load_key((issue / f"{ref}.key").read_bytes()) for ref in profiles},
        )
    except (OSError, ValueError) as error:
        raise ValueError(f"the card in {issue} is damaged ({error}); delete this folder and start again") from error


def _certificate(path: Path) -> bytes:
    return certificate_der(x509.load_pem_x509_certificate(path.read_bytes()))
