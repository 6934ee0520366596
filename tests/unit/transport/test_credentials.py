import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import pem
from asn1crypto import pkcs12 as asn1_pkcs12
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import event, given
from hypothesis import strategies as st

from kartenwart.transport.credentials import (
    BasicLogin,
    ClientCertificate,
    CredentialsError,
    check_usage,
    from_pem,
    from_pkcs12,
    validity_doubt,
)
from tests.unit.transport.ber import as_ber
from tests.unit.transport.peers import Identity, Key, make

KEYS: dict[str, Key] = {
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "brainpool": ec.generate_private_key(ec.BrainpoolP256R1()),
    "rsa": rsa.generate_private_key(65537, 2048),
}


CLIENT = make("client", key=KEYS["p256"])


def export(
    identity: Identity, password: str = "geheim", *, with_key: bool = True, with_certificate: bool = True
) -> bytes:
    return pkcs12.serialize_key_and_certificates(
        b"name",
        identity.key if with_key else None,
        identity.certificate if with_certificate else None,
        [make("authority").certificate],
        BestAvailableEncryption(password.encode()),
    )


@pytest.mark.parametrize("kind", KEYS)
def test_a_modern_file_is_read(kind: str) -> None:
    identity = make("client", key=KEYS[kind])
    found = from_pkcs12(export(identity, "schlüssel"), "schlüssel")
    assert found.chain_pem.startswith(identity.certificate_pem)
    assert found.chain_pem.count(b"BEGIN CERTIFICATE") == 2
    assert found.brainpool is (kind == "brainpool")
    assert b"PRIVATE" not in repr(found).encode()


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize(
    "cipher",
    [
        ["-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES"],
        ["-legacy"],  # the certificate with RC2 of 40 bits, the key with 3DES
        ["-legacy", "-certpbe", "PBE-SHA1-RC2-128", "-keypbe", "PBE-SHA1-RC2-128"],
    ],
)
def test_old_files_as_konnektoren_export_them_are_read(tmp_path: Path, kind: str, cipher: list[str]) -> None:
    identity = make("client", key=KEYS[kind])
    pem, out = tmp_path / "both.pem", tmp_path / "old.p12"
    pem.write_bytes(identity.certificate_pem + identity.key_pem)
    command = ["openssl", "pkcs12", "-export", "-in", str(pem), "-out", str(out), "-passout", "pass:00", *cipher]
    subprocess.run([*command, "-macalg", "sha1"], check=True, capture_output=True, timeout=30)
    assert from_pkcs12(out.read_bytes(), "00").chain_pem == identity.certificate_pem


def test_each_trouble_has_its_words_and_none_has_the_password() -> None:
    identity = make("client")
    whole = export(identity)
    cases = {
        "keine PKCS#12-Datei": (b"rubbish", "geheim"),
        "nicht vollständig": (whole[:-10], "geheim"),
        "nur ein Zertifikat ohne Schlüssel": (identity.certificate.public_bytes(Encoding.DER), "geheim"),
        "client_cert und client_key statt": (identity.certificate_pem + identity.key_pem, "geheim"),
        "Kennwort der PKCS#12-Datei stimmt nicht": (whole, "falsch-1"),
        "fehlt der private Schlüssel": (export(identity, with_key=False), "geheim"),
        "fehlt das Zertifikat": (export(identity, with_certificate=False), "geheim"),
    }
    for words, (data, password) in cases.items():
        with pytest.raises(CredentialsError, match=words) as refused:
            from_pkcs12(data, password)
        assert password not in str(refused.value)
    changed = whole[:200] + bytes([whole[200] ^ 1]) + whole[201:]
    with pytest.raises(CredentialsError, match="oder die Datei ist beschädigt"):
        from_pkcs12(changed, "geheim")


def test_pem_files_are_checked_too() -> None:
    identity, other = make("client"), make("other")
    assert not from_pem(identity.certificate_pem, identity.key_pem).brainpool
    locked = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"geheim"))
    assert from_pem(identity.certificate_pem, locked, "geheim").key_pem == identity.key_pem
    edwards = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for words, arguments in {
        "kein Zertifikat": (b"rubbish", identity.key_pem, None),
        "kein PEM-Schlüssel": (identity.certificate_pem, b"rubbish", None),
        "sein Kennwort": (identity.certificate_pem, locked, "falsch"),
        "mit einem Kennwort geschützt": (identity.certificate_pem, locked, None),
        "gehören nicht zusammen": (other.certificate_pem, identity.key_pem, None),
        "weder RSA noch ECC": (identity.certificate_pem, edwards, None),
    }.items():
        with pytest.raises(CredentialsError, match=words):
            from_pem(*arguments)


@given(at=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
def test_no_damaged_certificate_is_trouble(at: float, value: int) -> None:
    der = bytearray(CLIENT.certificate.public_bytes(Encoding.DER))
    der[int(at * len(der))] = value
    try:
        read = from_pem(pem.armor("CERTIFICATE", bytes(der)), CLIENT.key_pem)
        check_usage(read)
        validity_doubt(read, datetime.now(UTC))
    except CredentialsError:
        event("refused with words")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        pytest.param("a003020102", "a003020120", id="a version that does not exist"),
        pytest.param("06072a8648ce3d0201", "06072a8648ce3d0209", id="a key of an unknown kind"),
        pytest.param("0603551d11", "0603551d25", id="an extension that is another"),
    ],
)
def test_a_damaged_certificate_is_refused_with_words(right: str, wrong: str) -> None:
    der = CLIENT.certificate.public_bytes(Encoding.DER)
    changed = der.replace(bytes.fromhex(right), bytes.fromhex(wrong), 1)
    assert changed != der
    with pytest.raises(CredentialsError, match=r"beschädigt|kein Zertifikat"):
        check_usage(from_pem(pem.armor("CERTIFICATE", changed), CLIENT.key_pem))


def test_a_login_does_not_show_its_password() -> None:
    assert "geheim" not in repr(BasicLogin(user="u", password="geheim"))


@pytest.mark.parametrize("kind", KEYS)
def test_files_in_ber_as_old_devices_write_them_are_read(kind: str) -> None:
    identity = make("client", key=KEYS[kind])
    whole = export(identity)
    ber = as_ber(whole)
    assert ber[:2] == b"\x30\x80", "indefinite length"
    assert from_pkcs12(ber, "geheim") == from_pkcs12(whole, "geheim")
    with pytest.raises(CredentialsError, match="Kennwort"):
        from_pkcs12(ber, "falsch")
    # Such devices write what the file encloses in BER too; its checksum is left out, since it would be another one.
    enclosed = as_ber(asn1_pkcs12.Pfx.load(whole)["auth_safe"]["content"].native)
    outer = asn1_pkcs12.Pfx({"version": "v3", "auth_safe": {"content_type": "data", "content": enclosed}})
    assert from_pkcs12(as_ber(outer.dump()), "geheim") == from_pkcs12(whole, "geheim")


def issued(*extensions: x509.ExtensionType, days: tuple[int, int] = (-1, 30)) -> ClientCertificate:
    key, now = KEYS["p256"], datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kartenwart")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    pem = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    return from_pem(pem, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def usage(**given: bool) -> x509.KeyUsage:
    names = ("content_commitment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign")
    others = dict.fromkeys((*names, "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(**{"digital_signature": False, "key_encipherment": False, **others, **given})


def test_certificates_for_other_purposes_are_refused_with_words() -> None:
    client, server = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
    check_usage(issued())
    check_usage(issued(x509.ExtendedKeyUsage([server, client]), usage(digital_signature=True)))
    check_usage(issued(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])))
    with pytest.raises(CredentialsError, match="nicht für Clients ausgestellt"):
        check_usage(issued(x509.ExtendedKeyUsage([server])))
    with pytest.raises(CredentialsError, match="nicht signiert werden"):
        check_usage(issued(usage(key_encipherment=True)))


def test_a_certificate_out_of_its_time_is_doubted_not_refused() -> None:
    now = datetime.now(UTC)
    assert validity_doubt(issued(), now) == ""
    ended = now - timedelta(days=2)
    assert f"am {ended:%d.%m.%Y} abgelaufen" in validity_doubt(issued(days=(-9, -2)), now)
    assert "erst ab dem" in validity_doubt(issued(days=(3, 9)), now)
