"""connector.sds: the Konnektor's list of services, versions and addresses (ServiceDirectory 3.1)."""

from firmware_sim.konnektor.resources import product_information
from firmware_sim.konnektor.xml import NAMESPACES, Element, element
from firmware_sim.world.device import Device

_SERVICES: dict[str, dict[str, tuple[tuple[str, str], ...]]] = {
    "PTV5": {
        "EventService": (("7.2.0", "EVT"),),
        "CardService": (("8.1.0", "CARD"), ("8.1.1", "CARD"), ("8.1.2", "CARD")),
        "CertificateService": (("6.0.0", "CERT"), ("6.0.1", "CERT")),
        "SignatureService": (("7.4.0", "SIG74"), ("7.4.2", "SIG74"), ("7.5.5", "SIG75")),
    },
    "PTV3": {
        "EventService": (("7.2.0", "EVT"),),
        "CardService": (("8.1.0", "CARD"),),
        "CertificateService": (("6.0.0", "CERT"),),
        "SignatureService": (("7.4.0", "SIG74"),),
    },
}
_PRODUCT_TYPE = {"PTV5": "5.2.0", "PTV3": "3.6.0"}


def service_directory(device: Device, base: str) -> Element:
    """The document; `base` is the address that the Konnektor tells, e.g. "https://127.0.0.2:8443"."""
    configuration = device.configuration
    services = [
        _service(name, versions, f"{base}/ws/{name}") for name, versions in _SERVICES[configuration.generation].items()
    ]
    version = _PRODUCT_TYPE[configuration.generation]
    return element(
        "SDS:ConnectorServices",
        product_information(device, "Konnektor", "SIMKON", "Konnektor (Simulation)", version),
        element("SDS:TLSMandatory", "true"),
        element("SDS:ClientAutMandatory", "false" if configuration.authentication == "none" else "true"),
        element("SI:ServiceInformation", *services),
    )


def _service(name: str, versions: tuple[tuple[str, str], ...], url: str) -> Element:
    entries = [
        element(
            "SI:Version",
            element("SI:Abstract", f"{name} {number}"),
            element("SI:EndpointTLS", Location=url),
            TargetNamespace=_wsdl_namespace(name, prefix),
            Version=number,
        )
        for number, prefix in versions
    ]
    return element("SI:Service", element("SI:Abstract", name), element("SI:Versions", *entries), Name=name)


def _wsdl_namespace(name: str, prefix: str) -> str:
    return NAMESPACES[prefix].replace(f"/{name}/", f"/{name}/WSDL/")
