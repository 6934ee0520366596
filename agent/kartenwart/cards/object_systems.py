"""Where things lie on the cards of generation 2.1: applications, certificates, keys, passwords (reference 2.1 to 2.4).

What a card type has not got stands in no table. Keys are referenced with 0x80 added because they lie in an application.
"""

from dataclasses import dataclass
from enum import Enum, auto

from kartenwart.domain.inventory import CardType, CertificateReference, KeyAlgorithm, Pin

MASTER_FILES = {
    CardType.EGK: bytes.fromhex("D2760001448000"),
    CardType.HBA: bytes.fromhex("D27600014601"),
    CardType.SMC_B: bytes.fromhex("D27600014606"),
    CardType.SMC_KT: bytes.fromhex("D2760001448003"),
}
ESIGN = bytes.fromhex("A000000167455349474E")
HCA = bytes.fromhex("D27600000102")
HPA = bytes.fromhex("D27600014602")
QES = bytes.fromhex("D27600006601")
KT = bytes.fromhex("D27600014400")
KVK = bytes.fromhex("D27600000101")

# Short identifiers of files.
EF_DIR, EF_ATR, EF_GDO, EF_VERSION_2 = 0x1E, 0x1D, 0x02, 0x11
EF_PD, EF_VD, EF_GVD, EF_STATUS_VD = 0x01, 0x02, 0x03, 0x0C
EF_HPD = 0x01

# Algorithm identifiers in MANAGE SECURITY ENVIRONMENT; 05 means two things, told apart by the template.
SIGN_ECDSA, SIGN_PSS, RSA_CLIENT_AUTHENTICATION = 0x00, 0x05, 0x05


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """A private key and its certificate: short identifier of the file, reference of the key."""

    certificate: int
    key: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application with keys, and the card that has it."""

    identifier: bytes
    keys: dict[tuple[CertificateReference, KeyAlgorithm], KeyPlace]


_AUT, _ENC, _SIG, _QES = (
    CertificateReference.AUT,
    CertificateReference.ENC,
    CertificateReference.SIG,
    CertificateReference.QES,
)
_ECC, _RSA = KeyAlgorithm.ECC, KeyAlgorithm.RSA

_ENCRYPTION = {(_ENC, _ECC): KeyPlace(0x05, 0x85), (_ENC, _RSA): KeyPlace(0x02, 0x83)}
_OF_PROFESSIONALS = Application(
    identifier=ESIGN,
    keys={
        (_AUT, _ECC): KeyPlace(0x06, 0x86),
        (_AUT, _RSA): KeyPlace(0x01, 0x82),
        (_SIG, _ECC): KeyPlace(0x07, 0x87),
        (_SIG, _RSA): KeyPlace(0x10, 0x84),
        **_ENCRYPTION,
    },
)
_OF_INSURED = Application(
    identifier=ESIGN,
    keys={(_AUT, _ECC): KeyPlace(0x04, 0x84), (_AUT, _RSA): KeyPlace(0x01, 0x82), **_ENCRYPTION},
)
ESIGN_OF = {CardType.EGK: _OF_INSURED, CardType.HBA: _OF_PROFESSIONALS, CardType.SMC_B: _OF_PROFESSIONALS}
TERMINAL = Application(
    identifier=KT,
    keys={(_AUT, _ECC): KeyPlace(0x04, 0x86), (_AUT, _RSA): KeyPlace(0x01, 0x82)},
)
QUALIFIED = Application(
    identifier=QES,
    keys={(_QES, _ECC): KeyPlace(0x06, 0x86), (_QES, _RSA): KeyPlace(0x10, 0x84)},
)


class Renewal(Enum):
    """How a PIN gets a new value."""

    WITH_OLD = auto()
    NEW_ONLY = auto()


class Unblocking(Enum):
    """What a PUK may do."""

    PUK_OR_NEW_PIN = auto()
    PUK_ONLY = auto()
    NEW_PIN_ONLY = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """A password: reference in P2, application to be selected for it, lengths in digits, and what is allowed."""

    reference: int
    application: bytes | None = None
    shortest: int = 6
    longest: int = 8
    renewal: Renewal = Renewal.WITH_OLD
    unblocking: Unblocking = Unblocking.PUK_OR_NEW_PIN
    switchable: bool = False


_MAIN = Password(reference=0x01)
_SWITCH = {
    Pin.MRPIN_NFD: 0x03,
    Pin.MRPIN_DPE: 0x04,
    Pin.MRPIN_GDD: 0x05,
    Pin.MRPIN_AMTS: 0x0C,
}
_FIXED = {Pin.MRPIN_NFD_READ: 0x07, Pin.MRPIN_OSE: 0x09}

PASSWORDS: dict[CardType, dict[Pin, Password]] = {
    CardType.SMC_B: {Pin.SMC: _MAIN},
    CardType.HBA: {
        Pin.CH: _MAIN,
        # A forgotten PIN.QES cannot be set anew: its access rules allow the PUK alone.
        Pin.QES: Password(reference=0x81, application=QES, unblocking=Unblocking.PUK_ONLY),
    },
    CardType.EGK: {
        Pin.CH: _MAIN,
        **{pin: Password(reference=reference, switchable=True) for pin, reference in _SWITCH.items()},
        **{pin: Password(reference=reference) for pin, reference in _FIXED.items()},
        # A substitute's PIN has no PUK: the holder sets it, with PIN.CH.
        Pin.AMTS_REP: Password(reference=0x0D, renewal=Renewal.NEW_ONLY, unblocking=Unblocking.NEW_PIN_ONLY),
    },
}
TRANSPORT_DIGITS = 5
PUK_DIGITS = 8
