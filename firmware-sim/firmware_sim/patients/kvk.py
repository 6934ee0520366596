"""The template of an old health insurance card (KVK): one TLV object with fields in DIN 66003 and a checksum.

Source: Technische Spezifikation der Versichertenkarte; the XOR over the whole template is zero.
"""

from functools import reduce
from operator import xor

from firmware_sim.patients.containers import names_of
from firmware_sim.world.configuration import CardConfiguration

_DIN_66003 = str.maketrans("§ÄÖÜäöüß", "@[\\]{|}~")
TEMPLATE, CHECKSUM = 0x60, 0x8E


def template_of(card: CardConfiguration) -> bytes:
    """The template as ReadKVK hands it out."""
    patient, (given, family) = card.patient, names_of(card)
    born = patient.birth_date
    fields = (
        (0x80, patient.insurer[:28]),
        (0x81, patient.insurer_number[-7:]),
        (0x8F, "12345"),
        (0x82, "123456789012"),
        (0x83, f"{patient.status}001"),
        (0x90, "1"),
        (0x84, patient.title[:15]),
        (0x85, given[:28]),
        (0x87, family[:28]),
        (0x88, born[6:8] + born[4:6] + born[:4]),
        (0x89, f"{patient.street} {patient.house_number}"[:28]),
        (0x8A, patient.country),
        (0x8B, patient.postal_code),
        (0x8C, patient.city[:22]),
        (0x8D, "1230"),
    )
    content = b"".join(_tlv(tag, _encoded(value)) for tag, value in fields if value)
    unchecked = _tlv(TEMPLATE, content + _tlv(CHECKSUM, b"\0"))
    digit = reduce(xor, unchecked)
    return unchecked[:-1] + bytes([digit if patient.checksum == "right" else digit ^ 0x55])


def checksum_right(template: bytes) -> bool:
    """True when the XOR over all bytes is zero."""
    return reduce(xor, template, 0) == 0


def _encoded(value: str) -> bytes:
    return value.translate(_DIN_66003).encode("ascii", errors="replace")


def _tlv(tag: int, value: bytes) -> bytes:
    length = bytes([len(value)]) if len(value) < 0x80 else bytes([0x81, len(value)])
    return bytes([tag]) + length + value
