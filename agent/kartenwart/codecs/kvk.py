"""The template of an old health insurance card (KVK) as ReadKVK hands it out: one TLV object -> values of the domain.

Source: Technische Spezifikation der Versichertenkarte. Texts are in DIN 66003, the XOR over all bytes is zero.
"""

from functools import reduce
from operator import xor

from kartenwart.codecs.malformed import MalformedError, OversizedError
from kartenwart.domain.patients import Address, Insurance, Insurer, Person

TEMPLATE_LIMIT = 512
TEMPLATE = 0x60
_CHECKSUM = 0x8E
_LONG_LENGTH = 0x81
_DIN_66003 = str.maketrans("@[\\]{|}~", "§ÄÖÜäöüß")


def read_template(template: bytes) -> tuple[Person, Insurance]:
    """Return person and insurance; MalformedError where it is no template or its checksum is wrong."""
    if len(template) > TEMPLATE_LIMIT:
        raise OversizedError(f"a template of more than {TEMPLATE_LIMIT} bytes")
    tag, content, rest = _tlv(template)
    if tag != TEMPLATE or rest:
        raise MalformedError("no template of a KVK")
    if reduce(xor, template):
        raise MalformedError("a template with a wrong checksum")
    fields = _fields(content)
    return _person(fields), _insurance(fields)


def _fields(content: bytes) -> dict[int, str]:
    found: dict[int, str] = {}
    while content:
        tag, value, content = _tlv(content)
        if tag == _CHECKSUM:
            continue
        try:
            text = " ".join(value.decode("ascii").translate(_DIN_66003).split())
        except UnicodeDecodeError:
            raise MalformedError("a template that is not in DIN 66003") from None
        if not text.isprintable():
            raise MalformedError("a template with control characters")
        found[tag] = text
    return found


def _tlv(data: bytes) -> tuple[int, bytes, bytes]:
    """Return tag, value and what follows."""
    start = 3 if data[1:2] == bytes([_LONG_LENGTH]) else 2
    if len(data) < start:
        raise MalformedError("a template that breaks off")
    length = data[start - 1]
    value, rest = data[start : start + length], data[start + length :]
    if len(value) != length or (start == 2 and length >= 0x80):
        raise MalformedError("a template that breaks off")
    return data[0], value, rest


def _person(fields: dict[int, str]) -> Person:
    born = fields.get(0x88, "")
    if not fields.get(0x87) or not (len(born) == 8 and born.isascii() and born.isdigit()):
        raise MalformedError("a template without name or date of birth")
    address = Address(
        postal_code=fields.get(0x8B, ""),
        city=fields.get(0x8C, ""),
        country=fields.get(0x8A, ""),
        street=fields.get(0x89, ""),
    )
    return Person(
        insured_id=fields.get(0x82, ""),
        birth_date=born[4:] + born[2:4] + born[:2],
        given_names=fields.get(0x85, ""),
        family_name=fields[0x87],
        gender="",
        name_supplement=fields.get(0x86, ""),
        title=fields.get(0x84, ""),
        addresses=(address,),
    )


def _insurance(fields: dict[int, str]) -> Insurance:
    until = fields.get(0x8D, "")
    return Insurance(
        insurer=Insurer(number=fields.get(0x81, ""), country="", name=fields.get(0x80, "")),
        begins="",
        ends=f"20{until[2:]}{until[:2]}00" if len(until) == 4 and until.isascii() and until.isdigit() else "",
        status=fields.get(0x83, ""),
    )
