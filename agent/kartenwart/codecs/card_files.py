"""Files of the TI's cards: EF.GDO, EF.DIR, EF.Version2, EF.ATR and the containers of an eGK's insurance data.

Layouts: reference 2.2, checked there on published object systems. ICCSN and insurance data are shown by no repr and no
error.
"""

from dataclasses import dataclass, field
from itertools import pairwise

from kartenwart.codecs import tlv
from kartenwart.codecs.atr import Capabilities, read_capabilities
from kartenwart.codecs.malformed import MalformedError

ICCSN_DIGITS = 20
_GDO = 0x5A
_APPLICATION_TEMPLATE, _APPLICATION_ID = 0x61, 0x4F
_VERSION, _PRODUCT, _OBJECT_SYSTEM = 0xEF, 0xC2, 0xC1
_BUFFERS, _HISTORICAL = 0xE0, 0x5F52
_ABSENT = 0xFFFF
_VD_HEADER = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Version2:
    """EF.Version2: versions as "4.7.1"; `product` as its maker named it, e.g. "HBA_G2.1"."""

    object_system: str
    product: str = ""
    product_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffers:
    """EF.ATR: bytes of the longest command and answer APDU, plain and under secure messaging."""

    command: int
    answer: int
    secured_command: int
    secured_answer: int
    capabilities: Capabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class InsuranceFile:
    """EF.VD: the container of the insurance, and that of protected data where the card keeps them there too."""

    insurance: bytes = field(repr=False)
    protected: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFile:
    """EF.StatusVD; `updated` as written, YYYYMMDDhhmmss: of which zone it is stands in no source of ours."""

    open_transactions: bool
    updated: str
    version: str


def read_gdo(data: bytes) -> str:
    """Return the ICCSN of EF.GDO, 20 digits."""
    digits = tlv.read_first(data)[0]
    if digits.tag != _GDO or len(digits.value) != ICCSN_DIGITS // 2 or not digits.value.hex().isdecimal():
        raise MalformedError("an EF.GDO without ICCSN")
    return digits.value.hex()


def read_dir_record(record: bytes) -> bytes:
    """Return the application identifier of one record of EF.DIR."""
    found = tlv.find(tlv.read_only(record, _APPLICATION_TEMPLATE).parts(), _APPLICATION_ID)
    if not found or not 5 <= len(found) <= 16:
        raise MalformedError("a record of EF.DIR without application identifier")
    return found


def read_version2(data: bytes) -> Version2:
    """Read EF.Version2; C2 is maker (5 bytes), product (8 bytes), version (3 bytes)."""
    version = tlv.read_first(data)[0]
    if version.tag != _VERSION:
        raise MalformedError("no EF.Version2")
    parts = version.parts()
    system, product = tlv.find(parts, _OBJECT_SYSTEM), tlv.find(parts, _PRODUCT) or b""
    if system is None or len(system) != 3:
        raise MalformedError("an EF.Version2 without version of the object system")
    if len(product) != 16:
        return Version2(object_system=_dotted(system))
    name = "".join(chr(byte) if 0x20 <= byte < 0x7F else "?" for byte in product[:13]).strip()
    return Version2(object_system=_dotted(system), product=name, product_version=_dotted(product[13:]))


def read_ef_atr(data: bytes) -> Buffers:
    """Read EF.ATR; MalformedError where it does not tell the four lengths."""
    objects = tlv.read_all(data)
    lengths = [int.from_bytes(each.value, "big") for each in tlv.read_all(tlv.find(objects, _BUFFERS) or b"")]
    if len(lengths) != 4 or not all(0x100 <= each <= 0xFFFFFF for each in lengths):
        raise MalformedError("an EF.ATR without lengths")
    command, answer, secured_command, secured_answer = lengths
    return Buffers(
        command=command,
        answer=answer,
        secured_command=secured_command,
        secured_answer=secured_answer,
        capabilities=read_capabilities(tlv.find(objects, _HISTORICAL) or b""),
    )


def read_container(data: bytes) -> bytes:
    """Return the container in EF.PD or EF.GVD: two bytes of length in front of it."""
    length = int.from_bytes(data[:2], "big")
    if not length or len(data) < 2 + length:
        raise MalformedError("a container that breaks off")
    return data[2 : 2 + length]


def read_vd(data: bytes) -> InsuranceFile:
    """Return the containers in EF.VD: four offsets in front, each end is the last byte; FFFF is not there."""
    if len(data) < _VD_HEADER:
        raise MalformedError("an EF.VD that breaks off")
    start, end, protected_start, protected_end = (int.from_bytes(data[at : at + 2], "big") for at in range(0, 8, 2))
    protected = None if _ABSENT in (protected_start, protected_end) else _cut(data, protected_start, protected_end)
    return InsuranceFile(insurance=_cut(data, start, end), protected=protected)


def read_status(data: bytes) -> StatusFile:
    """Read EF.StatusVD: one digit, 14 digits of time, 5 bytes BCD of version."""
    digits, version = data[:15], data[15:20].hex()
    if len(data) < 20 or not digits.isdigit() or not version.isdecimal() or digits[0] not in b"01":
        raise MalformedError("no EF.StatusVD")
    cuts = pairwise((0, 3, 6, 10))
    return StatusFile(
        open_transactions=digits[:1] == b"1",
        updated=digits[1:].decode("ascii"),
        version=".".join(str(int(version[start:end])) for start, end in cuts),
    )


def _cut(data: bytes, start: int, end: int) -> bytes:
    if not _VD_HEADER <= start <= end < len(data):
        raise MalformedError("an EF.VD whose offsets do not fit")
    return data[start : end + 1]


def _dotted(version: bytes) -> str:
    return ".".join(str(byte) for byte in version)
