"""The site: made once, kept, and what it issues is what OpenSSL's TLS accepts."""

import hashlib
import ipaddress
import shutil
import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from kartenwart.adapters.site import ServerIdentity, Site, SiteDamaged

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "site"


@pytest.fixture
def site(folder: Path) -> Site:
    return Site.open(folder, NOW)


def spki(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def request(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Empfang 1")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def leaf_of(identity: ServerIdentity) -> x509.Certificate:
    return x509.load_pem_x509_certificate(identity.chain_pem)


def test_a_site_is_the_same_after_a_restart(folder: Path) -> None:
    first, second = Site.open(folder, NOW), Site.open(folder, NOW + timedelta(days=400))
    assert (first.box_id, first.root_der, first.name_secret) == (second.box_id, second.root_der, second.name_secret)
    assert first.fingerprint == hashlib.sha256(first.root_der).hexdigest()


def test_two_sites_differ_in_everything(tmp_path: Path) -> None:
    one, other = Site.open(tmp_path / "a", NOW), Site.open(tmp_path / "b", NOW)
    assert one.box_id != other.box_id
    assert one.name_secret != other.name_secret
    assert one.fingerprint != other.fingerprint


def test_the_box_id_can_stand_in_a_host_name(site: Site) -> None:
    prefix, _, rest = site.box_id.partition("-")
    assert prefix == "box"
    assert len(rest) == 8
    assert set(rest) <= set("abcdefghijklmnopqrstuvwxyz234567")


def test_only_the_owner_may_read(site: Site, folder: Path) -> None:
    site.server_identity(["praxis"], NOW)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == dict.fromkeys(
        ["root.pem", "root.key", "server.key", "server.pem", "box-id", "names.key"], 0o600
    )
    assert [path.name for path in folder.parent.iterdir()] == ["site"]


def test_processes_that_start_at_once_get_the_same_site(folder: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(Site.open(folder, NOW).fingerprint)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize("name", ["root.pem", "root.key", "names.key", "box-id"])
def test_a_damaged_site_is_refused_and_not_made_anew(site: Site, folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"")
    with pytest.raises(SiteDamaged, match="Sicherung"):
        Site.open(folder, NOW)
    assert (folder / name).read_bytes() == b""


def test_a_root_of_another_site_is_refused(site: Site, folder: Path, tmp_path: Path) -> None:
    Site.open(tmp_path / "other", NOW)
    shutil.copy(tmp_path / "other" / "root.pem", folder / "root.pem")
    with pytest.raises(SiteDamaged, match="gehören nicht zusammen"):
        Site.open(folder, NOW)


def test_the_root_lives_ten_years_and_signs_leaves_only(site: Site) -> None:
    root = x509.load_der_x509_certificate(site.root_der)
    assert root.not_valid_after_utc - NOW > timedelta(days=3650)
    constraints = root.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)


def test_a_client_leaf_says_who_it_is(site: Site) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    end = NOW + timedelta(days=90)
    leaf = x509.load_der_x509_certificate(
        site.issue(workstation="workstations/w-abc", public_key=spki(key), not_after=end, now=NOW)
    )
    assert leaf.subject.rfc4514_string() == "CN=workstations/w-abc"
    assert (leaf.not_valid_before_utc, leaf.not_valid_after_utc) == (NOW - timedelta(hours=1), end)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [
        f"kartenwart://{site.box_id}/workstations/w-abc"
    ]
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]
    assert leaf.public_key() == key.public_key()


def test_a_client_leaf_is_backdated_by_an_hour_and_never_outlives_the_root(site: Site) -> None:
    key, later = ec.generate_private_key(ec.SECP256R1()), NOW + timedelta(days=1000)
    root = x509.load_der_x509_certificate(site.root_der)
    leaf = x509.load_der_x509_certificate(
        site.issue(workstation="workstations/w", public_key=spki(key), not_after=NOW + timedelta(days=9999), now=later)
    )
    assert leaf.not_valid_before_utc == later - timedelta(hours=1)
    assert leaf.not_valid_after_utc == root.not_valid_after_utc


@pytest.mark.parametrize(
    "public_key",
    [
        spki(ec.generate_private_key(ec.SECP384R1())),
        spki(ec.generate_private_key(ec.BrainpoolP256R1())),
        spki(rsa.generate_private_key(65537, 2048)),
        b"",
        b"\x30\x03garbage",
    ],
    ids=["P-384", "brainpool", "RSA", "empty", "garbage"],
)
def test_other_keys_get_no_leaf(site: Site, public_key: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the port promises the type, not the words
        site.issue(workstation="workstations/w", public_key=public_key, not_after=NOW + timedelta(days=1), now=NOW)
    assert not site.verify_key_signature(public_key, b"", b"")


def test_a_leaf_that_has_ended_is_not_issued(site: Site) -> None:
    key = spki(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(ValueError, match="after now"):
        site.issue(workstation="workstations/w", public_key=key, not_after=NOW, now=NOW)


def test_a_request_proves_its_key(site: Site) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    assert site.key_of_request(request(key)) == spki(key)


def test_a_request_that_proves_nothing_is_refused(site: Site) -> None:
    proven = bytearray(request(ec.generate_private_key(ec.SECP256R1())))
    forged = bytes(proven).replace(b"Empfang 1", b"Empfang 2")
    # PKCS#10 knows version 0 only; the field follows the two outer sequences.
    of_no_version = bytes(proven).replace(b"\x02\x01\x00", b"\x02\x01\x20", 1)
    rsa_request = request(rsa.generate_private_key(65537, 2048))
    for wrong in (forged, rsa_request, b"", bytes(proven[:-5]), of_no_version):
        with pytest.raises(ValueError):  # noqa: PT011
            site.key_of_request(wrong)


@given(st.binary(max_size=200))
@settings(max_examples=50)
def test_garbage_is_refused_as_a_request_and_as_a_key(garbage: bytes) -> None:
    site = _shared_site()
    with pytest.raises(ValueError):  # noqa: PT011
        site.key_of_request(garbage)
    assert not site.verify_key_signature(garbage, garbage, garbage)


def test_a_signature_fits_its_message_only(site: Site) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    signature = key.sign(b"poll 1", ec.ECDSA(hashes.SHA256()))
    assert site.verify_key_signature(spki(key), signature, b"poll 1")
    assert not site.verify_key_signature(spki(key), signature, b"poll 2")
    assert not site.verify_key_signature(spki(key), b"", b"poll 1")
    assert not site.verify_key_signature(spki(ec.generate_private_key(ec.SECP256R1())), signature, b"poll 1")


def test_the_server_leaf_names_box_hosts_and_addresses(site: Site) -> None:
    leaf = leaf_of(site.server_identity(["Praxis-Box", "192.168.1.5", "fe80::1%eth0", "böx.fritz.box", "", "."], NOW))
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {
        site.box_id,
        f"{site.box_id}.local",
        "praxis-box",
        "xn--bx-fka.fritz.box",
    }
    assert set(names.get_values_for_type(x509.IPAddress)) == {
        ipaddress.ip_address("192.168.1.5"),
        ipaddress.ip_address("fe80::1"),
    }


def test_the_server_leaf_is_kept_until_it_is_due(site: Site, folder: Path) -> None:
    first = site.server_identity(["praxis"], NOW)
    assert Site.open(folder, NOW).server_identity(["praxis"], NOW + timedelta(days=30)) == first
    assert first.renew_at < NOW + timedelta(days=61)
    due = site.server_identity(["praxis"], first.renew_at)
    assert leaf_of(due).serial_number != leaf_of(first).serial_number
    assert due.renew_at > first.renew_at
    assert due.key_pem == first.key_pem


def test_the_server_leaf_is_issued_anew_for_other_addresses(site: Site) -> None:
    first, second = site.server_identity(["10.0.0.1"], NOW), site.server_identity(["10.0.0.2"], NOW)
    assert leaf_of(first).serial_number != leaf_of(second).serial_number
    assert second.chain_file.read_bytes() == second.chain_pem


def test_a_site_that_workstations_trust_is_never_made_anew_without_a_word(folder: Path) -> None:
    with pytest.raises(SiteDamaged, match=r"Sicherung.*new-site.*neu anmelden"):
        Site.open(folder, NOW, enrolled=True)
    assert not folder.exists()
    folder.parent.mkdir(parents=True, exist_ok=True)
    wish = folder.with_name("new-site")
    wish.touch()
    made = Site.open(folder, NOW, enrolled=True)
    assert Site.open(folder, NOW, enrolled=True).fingerprint == made.fingerprint
    assert not wish.exists()


def test_a_damaged_server_leaf_is_issued_anew(site: Site) -> None:
    first = site.server_identity([], NOW)
    first.chain_file.write_bytes(b"not a certificate")
    assert leaf_of(site.server_identity([], NOW)).public_key() == leaf_of(first).public_key()


def test_a_clock_behind_the_root_still_gives_a_server_leaf(site: Site) -> None:
    identity = site.server_identity([], datetime(1970, 1, 1, tzinfo=UTC))
    assert identity.renew_at > NOW


def test_box_and_workstation_trust_each_other_in_tls(site: Site, tmp_path: Path) -> None:
    identity = site.server_identity(["127.0.0.1"], NOW)
    key = ec.generate_private_key(ec.SECP256R1())
    der = site.issue(workstation="workstations/w-abc", public_key=spki(key), not_after=NOW + timedelta(days=1), now=NOW)
    client_file = tmp_path / "client.pem"
    client_file.write_bytes(
        x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(identity.chain_file, identity.key_file)
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(cadata=site.root_pem.decode())
    client = ssl.create_default_context(cadata=site.root_pem.decode())
    client.load_cert_chain(client_file)
    seen = _handshake(server, client, "127.0.0.1")
    assert seen["subject"] == ((("commonName", "workstations/w-abc"),),)


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> dict[str, object]:
    left, right = socket.socketpair()
    seen: dict[str, object] = {}

    def serve() -> None:
        with server.wrap_socket(left, server_side=True) as peer:
            seen.update(peer.getpeercert() or {})
            peer.send(b"!")

    thread = threading.Thread(target=serve)
    thread.start()
    with client.wrap_socket(right, server_hostname=name) as peer:
        assert peer.recv(1) == b"!"
    thread.join(10)
    return seen


_SITES: list[Site] = []


def _shared_site() -> Site:
    import tempfile

    if not _SITES:
        with tempfile.TemporaryDirectory() as folder:
            _SITES.append(Site.open(Path(folder) / "site", NOW))
    return _SITES[0]
