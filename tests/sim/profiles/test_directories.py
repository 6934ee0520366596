"""What each maker and generation lists, held against the official schema and against published directories."""

from datetime import UTC, datetime

import pytest
from lxml import etree

from firmware_sim.konnektor.directory import service_directory
from firmware_sim.konnektor.xml import Element
from firmware_sim.world.configuration import Generation, KonnektorConfiguration, ProfileName
from firmware_sim.world.device import Device
from tests.conformance.sim.conftest import Judge

SI = "{http://ws.gematik.de/conn/ServiceInformation/v2.0}"
PI = "{http://ws.gematik.de/int/version/ProductInformation/v1.1}"
PROFILES: tuple[ProfileName, ...] = ("simulator", "kocobox", "secunet", "rise", "ehex", "ti-gateway")
GENERATIONS: tuple[Generation, ...] = ("PTV3", "PTV4", "PTV4+", "PTV5", "PTV6")


def directory(profile: ProfileName, generation: Generation = "PTV5", plain: str = "", prefix: str = "") -> Element:
    configuration = KonnektorConfiguration(
        name="k", profile=profile, generation=generation, tls_mandatory=not plain, path_prefix=prefix
    )
    device = Device(configuration, lambda: datetime(2026, 11, 21, tzinfo=UTC), lambda _: None)
    return service_directory(device, "https://k", plain)


def versions(root: Element, service: str) -> dict[str, str]:
    """Version -> path."""
    found = root.findall(f".//{SI}Service[@Name='{service}']/{SI}Versions/{SI}Version")
    return {each.get("Version", ""): each.find(f"{SI}EndpointTLS").get("Location", "")[9:] for each in found}  # type: ignore[union-attr]


@pytest.mark.parametrize("plain", ["", "http://k:8080"])
@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("profile", PROFILES)
def test_every_directory_is_valid(judge: Judge, profile: ProfileName, generation: Generation, plain: str) -> None:
    root = directory(profile, generation, plain)
    judge(root)
    assert len(root.findall(f".//{SI}Endpoint")) == (len(root.findall(f".//{SI}EndpointTLS")) if plain else 0)
    flag = root.findtext("{http://ws.gematik.de/conn/ServiceDirectory/v3.1}TLSMandatory")
    assert flag == ("false" if plain else "true")


@pytest.mark.parametrize(
    ("generation", "card", "certificate", "signature"),
    [
        ("PTV3", ["8.1.0", "8.1.1", "8.1.2"], ["6.0.0"], ["7.4.0"]),
        ("PTV4", ["8.1.0", "8.1.1", "8.1.2"], ["6.0.0", "6.0.1"], ["7.4.0", "7.4.2"]),
        ("PTV4+", ["8.1.0", "8.1.1", "8.1.2"], ["6.0.0", "6.0.1"], ["7.4.0", "7.4.2", "7.5.5"]),
        ("PTV5", ["8.1.0", "8.1.1", "8.1.2"], ["6.0.0", "6.0.1"], ["7.4.0", "7.4.2", "7.5.5"]),
        ("PTV6", ["8.1.0", "8.1.1", "8.1.2", "8.2.1"], ["6.0.0", "6.0.1"], ["7.4.0", "7.4.2", "7.5.5"]),
    ],
)
def test_generations_differ_in_their_versions(
    generation: Generation, card: list[str], certificate: list[str], signature: list[str]
) -> None:
    root = directory("secunet", generation)
    assert list(versions(root, "CardService")) == card
    assert list(versions(root, "CertificateService")) == certificate
    assert list(versions(root, "SignatureService")) == signature
    assert bool(versions(root, "PHRService")) == (generation in ("PTV4", "PTV4+", "PTV5"))
    assert (root.findtext(f".//{PI}ProductTypeVersion") or "").startswith(generation[3])


@pytest.mark.parametrize(
    ("profile", "generation", "vendor", "expected"),
    [
        (
            "kocobox",
            "PTV3",
            "KOCOC",
            {
                ("EventService", "7.2.0"): "/service/systeminformationservice",
                ("CardService", "8.1.2"): "/service/cardservice",
                ("SignatureService", "7.4.0"): "/service/signservice",
                ("VSDService", "5.2.0"): "/service/fmvsdm",
                ("DPEService", "1.0.0"): "/service/fm/nfdm/dpeservice",
            },
        ),
        (
            "kocobox",
            "PTV4+",
            "KOCOC",
            {
                ("SignatureService", "7.4.2"): "/service/signservice",
                ("SignatureService", "7.5.5"): "/service/v75/signservice",
                ("CertificateService", "6.0.1"): "/service/certificateservice",
            },
        ),
        (
            "rise",
            "PTV3",
            "RISEG",
            {
                ("EventService", "7.2.0"): "/webservices/eventservice",
                ("SignatureService", "7.4.0"): "/webservices/signatureservice",
                ("KVKService", "4.0.0"): "/fm/kvkservice",
            },
        ),
        (
            "rise",
            "PTV5",
            "RISEG",
            {
                ("SignatureService", "7.4.2"): "/webservices/signatureservice/v7.4",
                ("SignatureService", "7.5.5"): "/webservices/signatureservice/v7.5",
            },
        ),
        ("secunet", "PTV5", "SECUN", {("SignatureService", "7.5.5"): "/ws/SignatureService"}),
        ("ehex", "PTV6", "EHEX", {("CardService", "8.2.1"): "/ws/CardService"}),
    ],
)
def test_paths_are_those_of_published_directories(
    profile: ProfileName, generation: Generation, vendor: str, expected: dict[tuple[str, str], str]
) -> None:
    root = directory(profile, generation)
    assert root.findtext(f".//{PI}ProductVendorID") == vendor
    assert {key: versions(root, key[0])[key[1]] for key in expected} == expected


def test_specialist_services_have_their_own_namespaces() -> None:
    root = directory("rise", prefix="/kon8")
    namespaces = {
        each.get("Name"): each.find(f".//{SI}Version").get("TargetNamespace")  # type: ignore[union-attr]
        for each in root.iter(f"{SI}Service")
    }
    assert namespaces["VSDService"] == "http://ws.gematik.de/conn/vsds/VSDService/v5.2"
    assert namespaces["CardService"] == "http://ws.gematik.de/conn/CardService/WSDL/v8.1"
    assert versions(root, "EventService") == {"7.2.0": "/kon8/webservices/eventservice"}
    assert etree.QName(root).localname == "ConnectorServices"
