"""What Konnektors of different makers and generations list in connector.sds: services, versions, paths, names.

Paths are those of service directories that gematik publishes as test data of its own clients (Authenticator, tests of
the e-prescription), versions those found in directories of PTV3 to PTV6 devices; firmware-sim/README.md names both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from firmware_sim.world.configuration import Generation, KonnektorConfiguration, ProfileName

# The services that this simulator answers for; a profile of a maker lists the others too, as its devices do.
SERVED = {
    "EventService": ("EVT",),
    "CardService": ("CARD",),
    "CertificateService": ("CERT",),
    "SignatureService": ("SIG74", "SIG75"),
    "AuthSignatureService": ("SIG74",),
    "EncryptionService": ("CRYPT",),
    "CardTerminalService": ("CTS",),
    "VSDService": ("VSD",),
    "KVKService": ("KVK",),
}
PRODUCT_TYPE: Mapping[Generation, str] = {
    "PTV3": "3.6.0",
    "PTV4": "4.8.0",
    "PTV4+": "4.80.0",
    "PTV5": "5.2.0",
    "PTV6": "6.0.0",
}

_CONN = "http://ws.gematik.de/conn/"
_PTV3 = {
    "EventService": ("7.2.0",),
    "CardService": ("8.1.0", "8.1.1", "8.1.2"),
    "CertificateService": ("6.0.0",),
    "SignatureService": ("7.4.0",),
    "AuthSignatureService": ("7.4.0", "7.4.1"),
    "EncryptionService": ("6.1.0", "6.1.1"),
    "CardTerminalService": ("1.1.0",),
    "VSDService": ("5.2.0",),
    "KVKService": ("4.0.0",),
    "NFDService": ("1.0.0",),
    "DPEService": ("1.0.0",),
    "AMTSService": ("1.0.0",),
}
_PTV4 = _PTV3 | {"CertificateService": ("6.0.0", "6.0.1"), "SignatureService": ("7.4.0", "7.4.2")}
_PTV4_PLUS = _PTV4 | {"SignatureService": ("7.4.0", "7.4.2", "7.5.5")}
_PATIENT_RECORD = {"PHRService": ("1.3.0",), "PHRManagementService": ("1.3.0",)}
_VERSIONS: Mapping[Generation, Mapping[str, tuple[str, ...]]] = {
    "PTV3": _PTV3,
    "PTV4": _PTV4 | _PATIENT_RECORD,
    "PTV4+": _PTV4_PLUS | _PATIENT_RECORD,
    "PTV5": _PTV4_PLUS | _PATIENT_RECORD,
    "PTV6": _PTV4_PLUS | {"CardService": ("8.1.0", "8.1.1", "8.1.2", "8.2.1")},
}
# Where TargetNamespace is not "conn/<service>/WSDL/v<minor>".
_NAMESPACES = {
    "VSDService": "vsds/VSDService/v5.2",
    "KVKService": "vsds/KvkService/v4.0",
    "NFDService": "nfds/NFDService/WSDL/v1.0",
    "DPEService": "nfds/DPEService/WSDL/v1.0",
    "AMTSService": "amts/AMTSService/v1.0",
    "PHRService": "phrs/PHRService/WSDL/v1.3",
    "PHRManagementService": "phrs/PHRManagementService/WSDL/v1.3",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """How one maker's devices describe themselves.

    `path` holds "{name}" or "{lower}" for the service; `paths` names the exceptions by service, or by service and minor
    version ("SignatureService 7.5") where a device with several minor versions has an address for each.
    """

    vendor: str
    vendor_name: str
    product: str
    path: str
    paths: Mapping[str, str] = field(default_factory=dict)
    lists_all: bool = True
    advertise: str = ""

    def path_of(self, service: str, version: str, minors: int) -> str:
        """The path of one version of a service that is there in so many minor versions."""
        own = self.paths.get(f"{service} {_minor(version)}") if minors > 1 else None
        return own or self.paths.get(service) or self.path.format(name=service, lower=service.lower())


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One version of a service as the directory lists it; `path` begins with a slash."""

    service: str
    number: str
    namespace: str
    path: str


_RISE_PATHS = {
    "SignatureService 7.4": "/webservices/signatureservice/v7.4",
    "SignatureService 7.5": "/webservices/signatureservice/v7.5",
    **{name: f"/fm/{name.lower()}" for name in ("VSDService", "KVKService", "NFDService", "DPEService", "AMTSService")},
}
_PROFILES: Mapping[ProfileName, Profile] = {
    "simulator": Profile(
        vendor="KWSIM",
        vendor_name="Kartenwart",
        product="Konnektor (Simulation)",
        path="/ws/{name}",
        lists_all=False,
    ),
    "kocobox": Profile(
        vendor="KOCOC",
        vendor_name="KoCo Connector",
        product="nach Art der KoCoBox (Simulation)",
        path="/service/{lower}",
        paths={
            "EventService": "/service/systeminformationservice",
            "SignatureService": "/service/signservice",
            "SignatureService 7.5": "/service/v75/signservice",
            "VSDService": "/service/fmvsdm",
            "NFDService": "/service/fm/nfdm/nfdservice",
            "DPEService": "/service/fm/nfdm/dpeservice",
            "AMTSService": "/service/fm/amts/amtsservice",
            "PHRService": "/service/fm/epa/phrservice",
            "PHRManagementService": "/service/fm/epa/phrmanagementservice",
        },
    ),
    "secunet": Profile(
        vendor="SECUN",
        vendor_name="secunet Security Networks AG",
        product="nach Art des secunet konnektor (Simulation)",
        path="/ws/{name}",
    ),
    "rise": Profile(
        vendor="RISEG",
        vendor_name="Research Industrial Systems Engineering (RISE) GmbH",
        product="nach Art des RISE-Konnektors (Simulation)",
        path="/webservices/{lower}",
        paths=_RISE_PATHS,
    ),
    "ehex": Profile(
        vendor="EHEX",
        vendor_name="eHealth Experts GmbH",
        product="nach Art von eHEX (Simulation)",
        path="/ws/{name}",
    ),
    # The address is one that resolves nowhere (RFC 6761): a client that does not rewrite it reaches nothing.
    "ti-gateway": Profile(
        vendor="RISEG",
        vendor_name="Research Industrial Systems Engineering (RISE) GmbH",
        product="nach Art eines TI-Gateways (Simulation)",
        path="/webservices/{lower}",
        paths=_RISE_PATHS,
        advertise="https://konnektor.ti-gateway.invalid",
    ),
}


def profile_of(configuration: KonnektorConfiguration) -> Profile:
    """The profile that a Konnektor plays."""
    return _PROFILES[configuration.profile]


def versions_of(configuration: KonnektorConfiguration) -> list[Version]:
    """Every version of every service that this Konnektor lists, in the order of the directory."""
    profile, prefix = profile_of(configuration), configuration.path_prefix
    listed = [
        (service, numbers)
        for service, numbers in _VERSIONS[configuration.generation].items()
        if profile.lists_all or service in SERVED
    ]
    return [
        Version(
            service=service,
            number=number,
            namespace=_CONN + _NAMESPACES.get(service, f"{service}/WSDL/v{_minor(number)}"),
            path=prefix + profile.path_of(service, number, len({_minor(each) for each in numbers})),
        )
        for service, numbers in listed
        for number in numbers
    ]


def has(configuration: KonnektorConfiguration, service: str, number: str) -> bool:
    """True when this Konnektor lists exactly this version: patch versions differ in what they allow."""
    return number in _VERSIONS[configuration.generation].get(service, ())


def answered_by_path(configuration: KonnektorConfiguration) -> dict[str, frozenset[tuple[str, str]]]:
    """Which operations are answered at which path: ("SignatureService", "SIG75") is service and root's prefix.

    None for a service that is listed only.
    """
    found: dict[str, frozenset[tuple[str, str]]] = {}
    for version in versions_of(configuration):
        served = frozenset(
            (version.service, prefix) for prefix in SERVED.get(version.service, ()) if _serves(prefix, version)
        )
        found[version.path] = found.get(version.path, frozenset()) | served
    return found


def _serves(prefix: str, version: Version) -> bool:
    if version.service == "SignatureService":
        return prefix == f"SIG{_minor(version.number).replace('.', '')}"
    return version.service != "CardService" or _minor(version.number) == "8.1"


def _minor(version: str) -> str:
    return version.rpartition(".")[0]
