"""connector.sds, the service directory. Lenient: simulators and devices break its schema in harmless places."""

from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.namespaces import PRODUCT, SERVICES
from kartenwart.codecs.soap.xml import Element, optional_text, parse
from kartenwart.codecs.times import read_datetime

DIRECTORY_LIMIT = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEntry:
    """One version of a service with its addresses; "" where one is not listed."""

    service: str
    version: str
    tls_location: str
    plain_location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDirectory:
    """What a Konnektor says of itself and its services; `read_at` is its own clock (InformationDate)."""

    vendor: str
    product: str
    product_type_version: str
    firmware_version: str
    read_at: datetime | None
    services: tuple[ServiceEntry, ...]


def read_directory(data: bytes) -> ServiceDirectory:
    """Read connector.sds; MalformedError where it is no service directory or lists no service."""
    directory = parse(data, limit=DIRECTORY_LIMIT)
    if etree.QName(directory).localname != "ConnectorServices":
        raise MalformedError("connector.sds is no service directory")
    services = tuple(
        _entry(service.get("Name") or "", version)
        for service in directory.iter(f"{{{SERVICES}}}Service")
        for version in service.iterfind(f"{{{SERVICES}}}Versions/{{{SERVICES}}}Version")
    )
    if not services:
        raise MalformedError("connector.sds lists no service")
    return ServiceDirectory(
        vendor=_product(directory, "ProductVendorID"),
        product=_product(directory, "ProductCode"),
        product_type_version=_product(directory, "ProductTypeVersion"),
        firmware_version=_product(directory, "FWVersion"),
        read_at=read_datetime(_product(directory, "InformationDate")),
        services=services,
    )


def _entry(service: str, version: Element) -> ServiceEntry:
    return ServiceEntry(
        service=service,
        version=(version.get("Version") or "").strip(),
        tls_location=_location(version, "EndpointTLS"),
        plain_location=_location(version, "Endpoint"),
    )


def _location(version: Element, name: str) -> str:
    endpoint = version.find(f"{{{SERVICES}}}{name}")
    return (endpoint.get("Location") or "").strip() if endpoint is not None else ""


def _product(directory: Element, name: str) -> str:
    """Return a field of the product information wherever it stands."""
    return optional_text(directory, f".//{{{PRODUCT}}}{name}")
