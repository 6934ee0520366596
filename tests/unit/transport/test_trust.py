"""Whom a pin believes."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from kartenwart.transport.troubles import UntrustedError
from kartenwart.transport.trust import PinTrust, tls_client
from tests.unit.transport.peers import make


def test_each_pinned_certificate_is_believed_and_no_other() -> None:
    first, second, stranger = make("k1"), make("k2"), make("k3")
    tls = tls_client(PinTrust(sha256=first.pin, others=(second.pin.upper(),)))
    for known in (first, second):
        tls.check(known.certificate.public_bytes(Encoding.DER))
    for unknown in (stranger.certificate.public_bytes(Encoding.DER), b"", None):
        with pytest.raises(UntrustedError):
            tls.check(unknown)


@pytest.mark.parametrize("others", [("0" * 63,), ("0" * 64, "x" * 64)])
def test_every_pin_is_checked(others: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="64 hexadezimalen Ziffern"):
        PinTrust(sha256="0" * 64, others=others)
