import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.adapters.konnektor.configuration import CetpConfiguration, KonnektorConfiguration
from kartenwart.adapters.konnektor.services import choose
from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.directory import ServiceDirectory, ServiceEntry, read_directory
from kartenwart.codecs.soap.namespaces import SIGNATURES_7_4, SIGNATURES_7_5
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.transport.credentials import BasicLogin
from kartenwart.transport.endpoint import parse_endpoint
from kartenwart.transport.trust import PinTrust
from tests.integration.konnektor.conftest import EMPFANG
from tests.integration.konnektor.device import directory

BASE = parse_endpoint("https://127.0.0.1:443/connector.sds")


def listing(*versions: tuple[str, str], tls: str = "https://10.1.1.1/ws", plain: str = "") -> ServiceDirectory:
    entries = tuple(
        ServiceEntry(service=service, version=version, tls_location=tls, plain_location=plain)
        for service, version in versions
    )
    return ServiceDirectory(
        vendor="", product="", product_type_version="", firmware_version="", read_at=None, services=entries
    )


@pytest.mark.parametrize(
    ("service", "offered", "chosen"),
    [
        ("SignatureService", ["7.4.0", "7.4.2", "7.5.5"], (7, 5, 5)),
        ("SignatureService", ["7.5.4", "7.5.7", "7.4.2"], (7, 5, 7)),
        ("SignatureService", ["7.5.6", "7.5.5"], (7, 5, 5)),
        ("SignatureService", ["7.4.0", "7.4.2"], (7, 4, 2)),
        ("SignatureService", ["7.4.0"], (7, 4, 0)),
        ("CardService", ["8.1.0", "8.1.1", "8.1.2", "8.2.1"], (8, 1, 2)),
        ("CardService", ["8.1.0"], (8, 1, 0)),
        ("CertificateService", ["6.0.0", "6.0.1"], (6, 0, 1)),
        ("CertificateService", ["6.0.0", "6.0.3", "6.0.2"], (6, 0, 3)),
        ("CertificateService", ["6.0.0"], (6, 0, 0)),
        ("CardService", ["8.1.1", "8.1.0", "9.0.0"], (8, 1, 1)),
        ("EventService", ["7.2.0"], (7, 2, 0)),
    ],
)
def test_the_wanted_version_is_chosen(service: str, offered: list[str], chosen: tuple[int, ...]) -> None:
    services = choose(listing(*((service, version) for version in offered)), BASE, rewrite=False)
    assert services.of(service).version == chosen


def test_what_follows_from_the_version() -> None:
    for version, crypt, namespace in (
        ("7.4.0", False, SIGNATURES_7_4),
        ("7.4.2", True, SIGNATURES_7_4),
        ("7.5.5", True, SIGNATURES_7_5),
    ):
        service = choose(listing(("SignatureService", version)), BASE, rewrite=False).of("SignatureService")
        assert (service.crypt, service.signature_namespace) == (crypt, namespace)
    for version, crypt in (("6.0.0", False), ("6.0.1", True)):
        assert (
            choose(listing(("CertificateService", version)), BASE, rewrite=False).of("CertificateService").crypt
            is crypt
        )


def test_services_of_cards_own_keys_are_chosen_by_their_newest_version() -> None:
    both = listing(("AuthSignatureService", "7.4.0"), ("AuthSignatureService", "7.4.1"), ("EncryptionService", "6.1.0"))
    chosen = choose(both, BASE, rewrite=False)
    assert (chosen.of("AuthSignatureService").version, chosen.of("EncryptionService").version) == ((7, 4, 1), (6, 1, 0))


def test_under_tls_no_plain_endpoint_is_used() -> None:
    only_plain = listing(("EventService", "7.2.0"), tls="", plain="http://127.0.0.1/ws")
    with pytest.raises(WorldError) as missing:
        choose(only_plain, BASE, rewrite=False).of("EventService")
    assert missing.value.failure.reason is Reason.KONNEKTOR_SERVICE_MISSING
    behind_a_gateway = choose(only_plain, BASE, rewrite=True).of("EventService").endpoint
    assert (behind_a_gateway.scheme, behind_a_gateway.port, behind_a_gateway.path) == ("https", 443, "/ws")
    both = listing(("EventService", "7.2.0"), tls="https://10.1.1.1/a", plain="http://10.1.1.1/b")
    assert choose(both, BASE, rewrite=False).of("EventService").endpoint.path == "/a"
    plain = choose(both, parse_endpoint("http://127.0.0.1/connector.sds"), rewrite=False).of("EventService")
    assert (plain.endpoint.scheme, plain.endpoint.path) == ("http", "/b")
    rewritten = choose(both, BASE, rewrite=True).of("EventService").endpoint
    assert (rewritten.host, rewritten.path) == ("127.0.0.1", "/a")


@given(
    st.lists(st.tuples(st.sampled_from(["SignatureService", "X"]), st.text(max_size=12)), max_size=5),
    st.text(max_size=30),
)
def test_any_directory_can_be_chosen_from(versions: list[tuple[str, str]], location: str) -> None:
    choose(listing(*versions, tls=location, plain=location), BASE, rewrite=True)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_directory_or_a_typed_error(data: bytes) -> None:
    for candidate in (data, directory(1).replace(b"Abstract", data[:10])):
        try:
            read_directory(candidate)
        except MalformedError:
            continue


def test_a_directory_that_breaks_its_schema_in_harmless_places_is_read() -> None:
    product = (
        b'<PI:ProductInformation xmlns:PI="http://ws.gematik.de/int/version/ProductInformation/v1.1">'
        b"<PI:InformationDate>2026-03-01T12:00:00Z</PI:InformationDate><PI:ProductVendorID>TOOLONGVENDOR</PI:ProductVendorID>"
        b"<PI:FWVersion>5.50.1</PI:FWVersion></PI:ProductInformation><SI:ServiceInformation>"
    )
    found = read_directory(directory(1).replace(b"<SI:ServiceInformation>", product))
    assert (found.vendor, found.firmware_version, found.product) == ("TOOLONGVENDOR", "5.50.1", "")
    assert found.read_at is not None
    assert len(found.services) == 4


def test_configurations_that_cannot_work_are_refused_in_words() -> None:
    pin, login = PinTrust(sha256="0" * 64), BasicLogin(user="u", password="p")
    with pytest.raises(ValueError, match="Fingerabdruck"):
        KonnektorConfiguration(name="k", contexts=(EMPFANG,), url="https://k")
    with pytest.raises(ValueError, match="nur mit https"):
        KonnektorConfiguration(name="k", contexts=(EMPFANG,), url="http://k", login=login)
    with pytest.raises(ValueError, match="Aufrufkontext"):
        KonnektorConfiguration(name="k", contexts=(), url="https://k", trust=pin)
    with pytest.raises(ValueError, match="cetp://"):
        CetpConfiguration(advertised_url="http://x")
    with pytest.raises(ValueError, match="network"):
        CetpConfiguration(sources=("not-a-network",))
    assert KonnektorConfiguration(name="k", contexts=(EMPFANG,), url="http://k:81").directory.path == "/connector.sds"
