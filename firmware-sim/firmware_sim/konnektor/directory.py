"""connector.sds: the Konnektor's list of services, versions and addresses (ServiceDirectory 3.1)."""

from itertools import groupby

from firmware_sim.konnektor.profiles import PRODUCT_TYPE, Version, profile_of, versions_of
from firmware_sim.konnektor.resources import Product, product_information
from firmware_sim.konnektor.xml import Element, element
from firmware_sim.world.device import Device


def service_directory(device: Device, tls_base: str, plain_base: str) -> Element:
    """The document. The bases are the addresses that the Konnektor tells ("https://127.0.0.2:8443").

    Plain endpoints are listed only where neither TLS nor client authentication is mandatory (SOAP4): `plain_base` "".
    """
    configuration = device.configuration
    profile = profile_of(configuration)
    product = Product(
        kind="Konnektor",
        code="SIMKON",
        name=profile.product,
        version=PRODUCT_TYPE[configuration.generation],
        vendor=configuration.vendor or profile.vendor,
        vendor_name=profile.vendor_name,
    )
    services = [
        element(
            "SI:Service",
            element("SI:Abstract", name),
            element("SI:Versions", *(_version(each, tls_base, plain_base) for each in versions)),
            Name=name,
        )
        for name, versions in groupby(versions_of(configuration), lambda each: each.service)
    ]
    return element(
        "SDS:ConnectorServices",
        product_information(device, product),
        element("SDS:TLSMandatory", "true" if configuration.tls_mandatory else "false"),
        element("SDS:ClientAutMandatory", "false" if configuration.authentication == "none" else "true"),
        element("SI:ServiceInformation", *services),
    )


def _version(version: Version, tls_base: str, plain_base: str) -> Element:
    return element(
        "SI:Version",
        element("SI:Abstract", f"{version.service} {version.number}"),
        element("SI:Endpoint", Location=plain_base + version.path) if plain_base else None,
        element("SI:EndpointTLS", Location=tls_base + version.path),
        TargetNamespace=version.namespace,
        Version=version.number,
    )
