"""What certificates must be before anything is built on them."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from kartenwart.client import keys
from tests.unit.client.site import Site


@pytest.fixture(scope="module")
def site() -> Site:
    return Site()


def test_only_a_ca_is_an_issuer(site: Site) -> None:
    leaf = site.leaf("w-1")
    below = site._make("w-2", leaf, ca=False, names=[])
    assert keys.is_signed_by(leaf.der, site.root.der)
    assert not keys.is_signed_by(below.der, leaf.der)
    assert not keys.is_signed_by(leaf.der, Site().root.der)


def test_a_request_is_signed_by_the_key_it_names() -> None:
    key = keys.new_key()
    request = x509.load_der_x509_csr(keys.certificate_request(key, "Empfang 1"))
    assert request.is_signature_valid
    assert request.public_key() == key.public_key()


def test_a_key_survives_its_pem_and_another_curve_is_refused() -> None:
    key = keys.new_key()
    assert keys.public_der(keys.load_key(keys.key_pem(key))) == keys.public_der(key)
    with pytest.raises(ValueError, match="key"):
        keys.load_key("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n")


def test_the_box_is_named_by_its_certificate(site: Site) -> None:
    assert keys.box_id(site.server.der) == "box-testtest"
    assert keys.box_id(site.leaf("other").der) == ""
    assert keys.box_id(site.root.der) == ""


@pytest.mark.parametrize(
    ("days", "due", "over"), [(0, False, False), (59, False, False), (61, True, False), (91, True, True)]
)
def test_renewal_is_due_after_two_thirds(site: Site, days: int, due: bool, over: bool) -> None:
    pem = site.leaf("w-1").pem.decode()
    then = datetime.now(UTC) + timedelta(days=days)
    assert (keys.renewal_due(pem, then), keys.has_expired(pem, then)) == (due, over)
