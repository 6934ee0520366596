"""From settings to the Konnektor adapter: whom it trusts, who it is, and words for what cannot work."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from kartenwart.adapters.konnektor import KonnektorConfiguration
from kartenwart.app.links import configurations, current_certificate
from kartenwart.edge.identity import ServerIdentity
from kartenwart.settings import SettingsError, load
from kartenwart.transport.credentials import BasicLogin, ClientCertificate
from kartenwart.transport.trust import AuthorityTrust, PinTrust
from tests.unit.transport.peers import Identity, make
from tests.unit.transport.test_credentials import issued

AUTHORITY = make("authority")
DEVICES = [make(f"konnektor-{number}", issuer=AUTHORITY) for number in range(2)]
CONTEXT = '[contexts.c]\nkonnektor = "k"\nmandant = "m"\nclient_system = "s"\nworkplace = "w"\n'


def der(identity: Identity) -> str:
    return base64.b64encode(identity.certificate.public_bytes(Encoding.DER)).decode()


def configured(folder: Path, text: str) -> KonnektorConfiguration:
    file = folder / "kartenwart.toml"
    file.write_text(text, encoding="utf-8")
    own = make("box")
    identity = ServerIdentity(chain_pem=own.certificate_pem, key_pem=own.key_pem, root_pem=own.certificate_pem)
    return configurations(load(file), current_certificate(lambda: identity))["konnektors/k"]


def from_kon(folder: Path, beside: str = "", **said: Any) -> KonnektorConfiguration:
    document = {"url": "https://10.0.0.7", "mandantId": "m", "clientSystemId": "s", "workplaceId": "w", **said}
    (folder / "praxis.kon").write_text(json.dumps(document), encoding="utf-8")
    return configured(folder, f'[konnektors.k]\nkon = "praxis.kon"\n{beside}')


def test_a_kon_file_that_names_devices_pins_each_of_them(tmp_path: Path) -> None:
    found = from_kon(tmp_path, trustStore=[der(one) for one in DEVICES]).trust
    assert found == PinTrust(sha256=DEVICES[0].pin, others=(DEVICES[1].pin,))


def test_a_kon_file_with_an_authority_trusts_what_it_issued_for_the_expected_name(tmp_path: Path) -> None:
    found = from_kon(tmp_path, trustStore=[der(AUTHORITY), der(DEVICES[0])], expectedHost="k.example").trust
    assert isinstance(found, AuthorityTrust)
    assert found.expected_name == "k.example"
    assert AUTHORITY.certificate_pem.decode() in found.certificates_pem


def test_of_authorities_and_devices_without_a_name_to_compare_the_devices_count(tmp_path: Path) -> None:
    found = from_kon(tmp_path, trustStore=[der(AUTHORITY), der(DEVICES[1])]).trust
    assert found == PinTrust(sha256=DEVICES[1].pin)


def test_what_stands_beside_a_kon_file_wins(tmp_path: Path) -> None:
    found = from_kon(tmp_path, f'trust_pin = "{DEVICES[1].pin}"\n', trustStore=[der(DEVICES[0])])
    assert found.trust == PinTrust(sha256=DEVICES[1].pin)


@pytest.mark.parametrize("said", [{}, {"insecureSkipVerify": True}])
def test_nobody_and_anybody_are_not_trusted(tmp_path: Path, said: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"konnektors\.k\.kon: .*praxis\.kon names nobody .* trust_pin or trust_ca"):
        from_kon(tmp_path, **said)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("a003020102", "a003020120"), ("0603551d11", "0603551d13")],
    ids=["a version that does not exist", "an extension twice"],
)
def test_a_damaged_certificate_in_a_kon_file_is_told(tmp_path: Path, right: str, wrong: str) -> None:
    damaged = base64.b64decode(der(DEVICES[0])).replace(bytes.fromhex(right), bytes.fromhex(wrong), 1)
    with pytest.raises(SettingsError, match="an entry of trustStore is no certificate"):
        from_kon(tmp_path, trustStore=[base64.b64encode(damaged).decode()])


def test_credentials_of_a_kon_file(tmp_path: Path) -> None:
    trusted: dict[str, Any] = {"trustStore": [der(AUTHORITY)]}
    basic = {"type": "basic", "username": "u", "password": "p"}
    assert from_kon(tmp_path, credentials=basic, **trusted).login == BasicLogin(user="u", password="p")
    client = make("client")
    file = pkcs12.serialize_key_and_certificates(
        b"n", client.key, client.certificate, None, BestAvailableEncryption(b"geheim")
    )
    login = {"type": "pkcs12", "data": base64.b64encode(file).decode(), "password": "geheim"}
    found = from_kon(tmp_path, credentials=login, **trusted).login
    assert isinstance(found, ClientCertificate)
    assert found.chain_pem == client.certificate_pem
    with pytest.raises(SettingsError, match=r"konnektors\.k: Das Kennwort der PKCS#12-Datei stimmt nicht"):
        from_kon(tmp_path, credentials=login | {"password": "falsch"}, **trusted)
    with pytest.raises(SettingsError, match="client_p12 or user beside kon"):
        from_kon(tmp_path, credentials={"type": "system", "name": "x"}, **trusted)
    with pytest.raises(SettingsError, match="no certificate"):
        from_kon(tmp_path, trustStore=["AAAA"])


def pem_login(folder: Path, certificate: ClientCertificate) -> str:
    (folder / "own.pem").write_bytes(certificate.chain_pem)
    (folder / "own.key").write_bytes(certificate.key_pem)
    trust = f'url = "https://10.0.0.7"\ntrust_pin = "{DEVICES[0].pin}"\n'
    return f'[konnektors.k]\n{trust}client_cert = "own.pem"\nclient_key = "own.key"\n{CONTEXT}'


def test_a_certificate_that_is_not_for_clients_ends_the_start_with_words(tmp_path: Path) -> None:
    wrong = issued(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]))
    with pytest.raises(SettingsError, match=r"konnektors\.k: Das Zertifikat ist nicht für Clients"):
        configured(tmp_path, pem_login(tmp_path, wrong))


def test_an_expired_certificate_is_used_and_complained_about(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = configured(tmp_path, pem_login(tmp_path, issued(days=(-9, -2))))
    assert isinstance(found.login, ClientCertificate)
    (said,) = caplog.records
    assert isinstance(said.args, Mapping)
    assert (said.levelname, said.args["place"]) == ("WARNING", "konnektors.k")
    assert "abgelaufen" in str(said.args["doubt"])


def test_authorities_for_events_are_read(tmp_path: Path) -> None:
    text = pem_login(tmp_path, issued()).replace(CONTEXT, f'cetp_trust_ca = "root.pem"\n{CONTEXT}')
    (tmp_path / "root.pem").write_bytes(AUTHORITY.certificate_pem)
    cetp = configured(tmp_path, text).cetp
    assert cetp is not None
    assert cetp.authorities_pem == AUTHORITY.certificate_pem.decode()
    (tmp_path / "root.pem").write_text("none", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"konnektors\.k\.cetp_trust_ca: .*no certificates in PEM form"):
        configured(tmp_path, text)


def test_the_boxs_certificate_is_followed() -> None:
    first, second = make("box"), make("box")
    shown = [first]

    def identity() -> ServerIdentity:
        one = shown[0]
        return ServerIdentity(chain_pem=one.certificate_pem, key_pem=one.key_pem, root_pem=one.certificate_pem)

    current = current_certificate(identity)
    assert current() is current(), "read once"
    shown[0] = second
    assert current().chain_pem == second.certificate_pem
    assert datetime.now(UTC) < second.certificate.not_valid_after_utc


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://k", "/connector.sds"),
        ("https://k/", "/connector.sds"),
        ("https://k:8443/kon8", "/kon8/connector.sds"),
        ("https://k/a/b/", "/a/b/connector.sds"),
        ("https://k/kon8/connector.sds", "/kon8/connector.sds"),
    ],
)
def test_where_the_directory_lies(tmp_path: Path, url: str, path: str) -> None:
    found = configured(tmp_path, pem_login(tmp_path, issued()).replace("https://10.0.0.7", url))
    assert found.directory.path == path
