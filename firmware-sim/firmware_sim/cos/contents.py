"""What stands in the files of a card of the simulated world, made anew when the world has changed."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from firmware_sim.cos import cvc
from firmware_sim.cos.atr import file_of_atr
from firmware_sim.cos.systems import SystemEntry
from firmware_sim.cos.tlv import tlv
from firmware_sim.patients.containers import Containers, containers_of
from firmware_sim.world.card import Card

_COS_VERSION, _FILL = bytes.fromhex("020000"), bytes.fromhex("010000")
_FIRST_ISSUE = datetime(2024, 1, 1, 12, tzinfo=UTC)
_ABSENT = b"\xff\xff"
_EGK_VERSION = bytes.fromhex("0040000000")
# PACEInfo (BSI TR-03110): id-PACE-ECDH-GM-AES-CBC-CMAC-128, version 2, brainpoolP256r1.
_CARD_ACCESS = bytes.fromhex("31143012060A04007F0007020204020202010202010D")
_MOST_USES = 250

Contents = Mapping[str, Callable[[], bytes]]


def machine_contents(system: SystemEntry, iccsn: str) -> Contents:
    """What every card tells of itself."""
    product = _product(system)
    return {
        "atr": lambda: file_of_atr(product),
        "gdo": lambda: tlv(0x5A, bytes.fromhex(iccsn)),
        "version2": lambda: _version(system, product),
        "card-access": lambda: _CARD_ACCESS,
        "ssec": _counted_uses,
        "cvc-ca": cvc.authority_certificate,
        "cvc-6": lambda: cvc.card_certificate(6, iccsn),
        "cvc-9": lambda: cvc.card_certificate(9, iccsn),
        "cvc-10": lambda: cvc.card_certificate(10, iccsn),
    }


def patient_contents(card: Card) -> Contents:
    """The data of an insured person: three containers, their state, and the proof of the last online check."""

    def containers() -> Containers:
        return containers_of(card.configuration, card.street)

    return {
        "personal": lambda: _counted(containers().personal),
        "insurance": lambda: _insurance(containers().insurance),
        "protected": lambda: _counted(containers().protected),
        "status-of-insurance": lambda: _status(containers().version, card.updated_at or _FIRST_ISSUE),
        "proof": lambda: _counted(card.receipt.data) if card.receipt else b"",
    }


def records(system: SystemEntry, name: str, count: int, size: int) -> tuple[bytes, ...]:
    """The records of a file: the applications, the versions of an eGK, or as many empty ones as there is room for."""
    if name == "applications":
        return tuple(tlv(0x61, tlv(0x4F, aid)) for aid in system.application_ids)
    if name == "version":
        return (_EGK_VERSION,) * 3
    return (bytes(size),) * count


def _product(system: SystemEntry) -> bytes:
    """Who made it (5), what it is (8), in which version (3)."""
    return b"KWSIM" + system.product.encode().ljust(8) + system.version


def _version(system: SystemEntry, product: bytes) -> bytes:
    """EF.Version2: rules of filling, object system, product, GDO, ATR, and for an eGK the logging."""
    parts = [(0xC0, _COS_VERSION), (0xC1, system.version), (0xC2, product), (0xC4, _FILL), (0xC5, _COS_VERSION)]
    if system.product == "eGK":
        parts.append((0xC7, _FILL))
    return tlv(0xEF, b"".join(tlv(tag, value) for tag, value in parts))


def _counted_uses() -> bytes:
    """EF.SSEC: for how many signatures one PIN.QES is good in each environment of DF.QES."""
    number = _MOST_USES.to_bytes(2, "big")
    templates = (tlv(0x80, bytes([each])) + tlv(0xA4, tlv(0x83, b"\x81") + tlv(0xC0, number)) for each in (1, 2))
    return tlv(0x7B, b"".join(templates))


def _counted(content: bytes) -> bytes:
    return len(content).to_bytes(2, "big") + content


def _insurance(content: bytes) -> bytes:
    """EF.VD: where the container begins and ends (inclusive); protected data have a file of their own."""
    start = 8
    places = start.to_bytes(2, "big") + (start + len(content) - 1).to_bytes(2, "big") + _ABSENT * 2
    return places + content


def _status(version: str, at: datetime) -> bytes:
    """EF.StatusVD: consistent, since when, schema version in BCD (3, 3, 4 digits), five bytes for later."""
    major, minor, patch = (int(number) for number in version.split("."))
    return b"0" + at.strftime("%Y%m%d%H%M%S").encode() + bytes.fromhex(f"{major:03}{minor:03}{patch:04}") + bytes(5)
