"""Commands of the TI's cards as values (reference 2.5). None carries a secret; what a pad fills in is in passwords."""

from kartenwart.codecs.apdu import Command

MASTER_FILE = Command(cla=0x00, ins=0xA4, p1=0x04, p2=0x0C)
_SIGN, _AUTHENTICATE = 0xB6, 0xA4
_KEY, _ALGORITHM = 0x84, 0x80


def select_application(identifier: bytes) -> Command:
    """SELECT by application identifier, without file control parameters."""
    return Command(cla=0x00, ins=0xA4, p1=0x04, p2=0x0C, data=identifier)


def read_binary(offset: int, expected: int) -> Command:
    """READ BINARY of the selected file."""
    return Command(cla=0x00, ins=0xB0, p1=offset >> 8 & 0x7F, p2=offset & 0xFF, expected=expected)


def read_file(short_identifier: int, expected: int) -> Command:
    """READ BINARY that selects a file by its short identifier and reads from its beginning."""
    return Command(cla=0x00, ins=0xB0, p1=0x80 | short_identifier, p2=0, expected=expected)


def read_record(short_identifier: int, record: int) -> Command:
    """READ RECORD, counted from 1."""
    return Command(cla=0x00, ins=0xB2, p1=record, p2=short_identifier << 3 | 0x04, expected=0x100)


def get_pin_status(reference: int) -> Command:
    """GET PIN STATUS."""
    return Command(cla=0x80, ins=0x20, p1=0, p2=reference)


def set_signature_key(reference: int, algorithm: int) -> Command:
    """MANAGE SECURITY ENVIRONMENT: a private key and how it signs."""
    return _set(_SIGN, reference, algorithm)


def set_authentication_key(reference: int, algorithm: int) -> Command:
    """MANAGE SECURITY ENVIRONMENT: a private key and how it authenticates."""
    return _set(_AUTHENTICATE, reference, algorithm)


def sign(digest: bytes, expected: int) -> Command:
    """PSO COMPUTE DIGITAL SIGNATURE."""
    return Command(cla=0x00, ins=0x2A, p1=0x9E, p2=0x9A, data=digest, expected=expected)


def internal_authenticate(token: bytes, expected: int) -> Command:
    """INTERNAL AUTHENTICATE."""
    return Command(cla=0x00, ins=0x88, p1=0, p2=0, data=token, expected=expected)


def _set(template: int, reference: int, algorithm: int) -> Command:
    return Command(cla=0x00, ins=0x22, p1=0x41, p2=template, data=bytes((_KEY, 1, reference, _ALGORITHM, 1, algorithm)))
