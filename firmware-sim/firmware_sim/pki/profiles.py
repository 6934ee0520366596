"""What certificates each card carries: purposes, policies, professions.

Source: gemSpec_PKI and gemSpec_OID as seen on the public TEST-ONLY cards of generation 2.1 (policies, key usage and
extended key usage of their E256 certificates).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

CardKind = Literal["smcb", "hba", "egk", "gsmckt", "gsmck"]

_GEMATIK = "1.2.276.0.76.4."
_TI_POLICY = _GEMATIK + "163"
_HBA_POLICY = _GEMATIK + "145"
_QUALIFIED_ON_DEVICE = "0.4.0.194112.1.2"  # ETSI EN 319 411-2: natural person, key on a signature device

CLIENT_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER_AUTH = ExtendedKeyUsageOID.SERVER_AUTH
_EMAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateProfile:
    """One certificate of a card: the CA that issues it and what it is for.

    `usage` holds names of x509.KeyUsage; `qualified` adds the QCStatements of a QES certificate.
    """

    authority: str
    policies: tuple[str, ...]
    usage: frozenset[str]
    extended_usage: tuple[ObjectIdentifier, ...] = ()
    qualified: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CardProfile:
    """A kind of card: the profession it usually attests, and its certificates by reference (C.AUT, C.ENC ...)."""

    profession: str
    certificates: Mapping[str, CertificateProfile]


def _profile(
    authority: str, policies: tuple[str, ...], *usage: str, extended: tuple[ObjectIdentifier, ...] = ()
) -> CertificateProfile:
    return CertificateProfile(authority=authority, policies=policies, usage=frozenset(usage), extended_usage=extended)


_SMCB = CardProfile(
    profession=_GEMATIK + "50",
    certificates={
        "C.AUT": _profile("smcb", (_TI_POLICY, _GEMATIK + "77"), "digital_signature", extended=(CLIENT_AUTH,)),
        "C.ENC": _profile("smcb", (_TI_POLICY, _GEMATIK + "76"), "key_agreement"),
        "C.SIG": _profile("smcb", (_TI_POLICY, _GEMATIK + "78"), "content_commitment"),
    },
)
_HBA = CardProfile(
    profession=_GEMATIK + "30",
    certificates={
        "C.AUT": _profile(
            "hba",
            (_HBA_POLICY, _GEMATIK + "75"),
            "digital_signature",
            "key_agreement",
            extended=(CLIENT_AUTH, _EMAIL),
        ),
        "C.ENC": _profile("hba", (_HBA_POLICY, _GEMATIK + "74"), "key_agreement"),
        "C.QES": CertificateProfile(
            authority="hba-qes",
            policies=(_GEMATIK + "72", _QUALIFIED_ON_DEVICE, _HBA_POLICY),
            usage=frozenset({"content_commitment"}),
            qualified=True,
        ),
    },
)
_EGK = CardProfile(
    profession=_GEMATIK + "49",
    certificates={
        "C.AUT": _profile("egk", (_TI_POLICY, _GEMATIK + "70"), "digital_signature"),
        "C.ENC": _profile("egk", (_TI_POLICY, _GEMATIK + "68"), "key_agreement"),
    },
)
_GSMCKT = CardProfile(
    profession=_GEMATIK + "105",
    certificates={
        "C.AUT": _profile(
            "component", (_TI_POLICY, _GEMATIK + "82"), "digital_signature", extended=(SERVER_AUTH, CLIENT_AUTH)
        ),
    },
)

KONNEKTOR_POLICIES = (_TI_POLICY, _GEMATIK + "79")
KONNEKTOR_PROFESSION = _GEMATIK + "103"
_GSMCK = CardProfile(
    profession=KONNEKTOR_PROFESSION,
    certificates={
        "C.AUT": _profile("component", KONNEKTOR_POLICIES, "digital_signature", extended=(SERVER_AUTH, CLIENT_AUTH))
    },
)

CARDS: Mapping[str, CardProfile] = MappingProxyType(
    {"smcb": _SMCB, "hba": _HBA, "egk": _EGK, "gsmckt": _GSMCKT, "gsmck": _GSMCK}
)

# gemSpec_OID, professionItem by profession OID.
_PROFESSIONS = {
    "30": "Ärztin/Arzt",
    "31": "Zahnärztin/Zahnarzt",
    "32": "Apotheker/-in",
    "45": "Psychotherapeut/-in",
    "46": "Psychologische/-r Psychotherapeut/-in",
    "47": "Kinder- und Jugendlichenpsychotherapeut/-in",
    "49": "Versicherte/-r",
    "50": "Betriebsstätte Arzt",
    "51": "Zahnarztpraxis",
    "52": "Betriebsstätte Psychotherapeut",
    "53": "Krankenhaus",
    "54": "Öffentliche Apotheke",
    "103": "Anwendungskonnektor",
    "105": "Kartenterminal",
}


def profession_item(oid: str) -> str:
    """The words that stand beside a profession OID in the admission extension; the OID itself when unknown here."""
    return _PROFESSIONS.get(oid.removeprefix(_GEMATIK), oid)
