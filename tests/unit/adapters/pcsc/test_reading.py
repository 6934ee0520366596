"""What is told of a certificate on a card: its last day, or nothing where it cannot be read."""

from datetime import UTC, date, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from kartenwart.adapters.pcsc.reading import last_day

VERSION_3, VERSION_NEVER_USED = bytes.fromhex("A003020102"), bytes.fromhex("A003020101")


@pytest.fixture
def der() -> bytes:
    key = ec.generate_private_key(ec.BrainpoolP256R1())
    builder = x509.CertificateBuilder(x509.Name([]), x509.Name([]), key.public_key(), 1)
    builder = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    builder = builder.not_valid_after(datetime(2030, 6, 30, tzinfo=UTC))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_the_last_day_of_a_certificate_is_told(der: bytes) -> None:
    assert last_day(der) == date(2030, 6, 30)


def test_one_that_cannot_be_read_has_none_and_is_no_error(der: bytes) -> None:
    assert last_day(der.replace(VERSION_3, VERSION_NEVER_USED, 1)) is None
    assert last_day(der[:-1]) is None
    assert last_day(b"\x30\x00") is None
