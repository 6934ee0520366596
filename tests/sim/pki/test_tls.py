"""The TLS identities do what they are for: real handshakes, and PKCS#12 files that openssl opens."""

import ssl
import subprocess
from pathlib import Path
from typing import Literal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from firmware_sim.pki import ClientIdentity, Pki, ServerIdentity

Kind = Literal["p256", "brainpool", "rsa"]
KINDS: list[Kind] = ["p256", "brainpool", "rsa"]


def handshake(pki: Pki, server: ServerIdentity, client: ClientIdentity, name: str, *, brainpool: bool) -> bytes | None:
    """Run a handshake in memory, both sides checking each other; gives the client certificate that the server saw."""
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    outside = ssl.create_default_context(cafile=str(pki.tls_root_pem))
    inside.load_cert_chain(server.cert_pem, server.key_pem)
    inside.verify_mode = ssl.CERT_REQUIRED
    inside.load_verify_locations(pki.tls_root_pem)
    outside.load_cert_chain(client.cert_pem, client.key_pem)
    for context in (inside, outside):
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        if brainpool:
            context.set_ecdh_curve("brainpoolP256r1")
            context.maximum_version = ssl.TLSVersion.TLSv1_2
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        outside.wrap_bio(to_client, to_server, server_hostname=name),
        inside.wrap_bio(to_server, to_client, server_side=True),
    ]
    for end in ends * 6:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return ends[1].getpeercert(binary_form=True)


@pytest.mark.parametrize("name", ["127.0.0.2", "konnektor.praxis.test"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_handshake_names_the_client_system(pki: Pki, kind: Kind, name: str) -> None:
    server = pki.server(["127.0.0.2", "konnektor.praxis.test", "::1"], key=kind)
    client = pki.client("kartenwart", key=kind)
    assert handshake(pki, server, client, name, brainpool=kind == "brainpool") == client.certificate_der


def test_another_name_is_refused(pki: Pki) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        handshake(pki, pki.server(["127.0.0.2"]), pki.client("pvs"), "127.0.0.3", brainpool=False)


def test_a_client_of_another_practice_is_refused(pki: Pki, tmp_path: Path) -> None:
    stranger = Pki.open(tmp_path / "other").client("pvs")
    with pytest.raises(ssl.SSLError, match=r"verify failed|unknown ca|unable to get"):
        handshake(pki, pki.server(["127.0.0.2"]), stranger, "127.0.0.2", brainpool=False)


@pytest.mark.parametrize(
    ("kind", "key_type"),
    [("p256", ec.EllipticCurvePublicKey), ("brainpool", ec.EllipticCurvePublicKey), ("rsa", rsa.RSAPublicKey)],
)
def test_the_key_is_of_the_kind_asked_for(pki: Pki, kind: Kind, key_type: type) -> None:
    for path in (pki.server(["127.0.0.4"], key=kind).cert_pem, pki.client("kim", key=kind).cert_pem):
        key = x509.load_pem_x509_certificate(path.read_bytes()).public_key()
        assert isinstance(key, key_type)
        if isinstance(key, ec.EllipticCurvePublicKey):
            assert key.curve.name == {"p256": "secp256r1", "brainpool": "brainpoolP256r1"}[kind]


def test_renewal_brings_a_new_key_that_is_kept(folder: Path) -> None:
    pki = Pki.open(folder)
    old = pki.server(["127.0.0.2"])
    new = pki.server(["127.0.0.2"], renew=True)
    assert new.key_pem.read_bytes() != old.key_pem.read_bytes()
    assert Pki.open(folder).server(["127.0.0.2"]) == new
    assert old.cert_pem.exists(), "a server that runs may still read the old files"


@pytest.mark.parametrize(("legacy", "cipher"), [(False, "AES-256-CBC"), (True, "pbeWithSHA1And3-KeyTripleDES-CBC")])
def test_openssl_opens_the_pkcs12(pki: Pki, legacy: bool, cipher: str) -> None:
    client = pki.client("pvs", legacy=legacy)
    command = [
        "openssl",
        "pkcs12",
        "-in",
        str(client.p12),
        "-passin",
        f"file:{client.p12_password_file}",
        "-info",
        "-noenc",
    ]
    done = subprocess.run(command, capture_output=True, check=True, timeout=30)
    assert cipher in done.stderr.decode()
    assert done.stdout.count(b"BEGIN CERTIFICATE") == 2
    assert done.stdout.count(b"BEGIN PRIVATE KEY") == 1


def test_the_pkcs12_holds_what_the_pem_files_hold(pki: Pki) -> None:
    client = pki.client("Praxis/../System 1", key="brainpool")
    content = pkcs12.load_pkcs12(client.p12.read_bytes(), client.p12_password_file.read_bytes())
    assert content.cert
    assert content.cert.certificate == x509.load_pem_x509_certificate(client.cert_pem.read_bytes())
    assert content.cert.certificate == x509.load_der_x509_certificate(client.certificate_der)
    assert [extra.certificate for extra in content.additional_certs] == [
        x509.load_pem_x509_certificate(pki.tls_root_pem.read_bytes())
    ]
    with pytest.raises(ValueError, match="password"):
        pkcs12.load_pkcs12(client.p12.read_bytes(), b"wrong")


def test_client_systems_have_keys_and_passwords_of_their_own(pki: Pki) -> None:
    one, other = pki.client("pvs"), pki.client("kim")
    assert one.certificate_der != other.certificate_der
    assert one.p12_password_file.read_bytes() != other.p12_password_file.read_bytes()
    assert len(one.p12_password_file.read_bytes()) >= 20


@pytest.mark.parametrize("names", [[], ["ünicode.test"], [""], ["127.0.0.2", "a b"]])
def test_names_that_no_certificate_can_carry_are_refused(pki: Pki, names: list[str]) -> None:
    with pytest.raises(ValueError, match="name"):
        pki.server(names)


def test_a_client_system_without_a_name_is_refused(pki: Pki) -> None:
    with pytest.raises(ValueError, match="name"):
        pki.client(" ")


def test_a_key_kind_that_does_not_exist_is_refused(pki: Pki) -> None:
    with pytest.raises(ValueError, match="key kind"):
        pki.server(["127.0.0.2"], key="dsa")  # type: ignore[arg-type]  # on purpose
