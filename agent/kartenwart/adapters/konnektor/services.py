"""Which version of which service is used, and where: chosen once from connector.sds."""

from collections.abc import Callable
from dataclasses import dataclass

from kartenwart.codecs.soap.directory import ServiceDirectory, ServiceEntry
from kartenwart.codecs.soap.namespaces import SIGNATURES_7_4, SIGNATURES_7_5
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import ServiceVersion
from kartenwart.transport.endpoint import Endpoint, parse_endpoint

_Version = tuple[int, ...]

# Most wanted first; what else shares the first two numbers comes behind, newest first (the namespace is theirs).
_WANTED: dict[str, tuple[str, ...]] = {
    "EventService": ("7.2.0",),
    "CardService": ("8.1.2", "8.1.1", "8.1.0"),
    "CertificateService": ("6.0.1", "6.0.0"),
    "SignatureService": ("7.5.5", "7.4.2", "7.4.0"),
}
_CRYPT_SINCE: dict[str, _Version] = {"CertificateService": (6, 0, 1), "SignatureService": (7, 4, 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service as it is used."""

    name: str
    version: _Version
    endpoint: Endpoint

    @property
    def crypt(self) -> bool:
        """True where the parameter Crypt is allowed: older versions answer 4000 to it."""
        return self.version >= _CRYPT_SINCE.get(self.name, ())

    @property
    def signature_namespace(self) -> str:
        """Return the SignatureService's namespace."""
        return SIGNATURES_7_5 if self.version[:2] == (7, 5) else SIGNATURES_7_4


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What one Konnektor offers, with the choice made."""

    directory: ServiceDirectory
    chosen: dict[str, Service]

    def of(self, name: str) -> Service:
        """Return a service; WorldError KONNEKTOR_SERVICE_MISSING where the Konnektor offers none that we speak."""
        service = self.chosen.get(name)
        if service is None:
            raise WorldError(failure(Reason.KONNEKTOR_SERVICE_MISSING), sent=False)
        return service

    @property
    def listed(self) -> tuple[ServiceVersion, ...]:
        """Return all services and versions, sorted."""
        found = {(entry.service, entry.version) for entry in self.directory.services}
        return tuple(ServiceVersion(service=service, version=version) for service, version in sorted(found))


def choose(directory: ServiceDirectory, base: Endpoint, *, rewrite: bool) -> Services:
    """Return the services to use. `rewrite` keeps the advertised paths but calls them at the base address.

    Under https a plain endpoint is never used: credentials and documents stay inside TLS.
    """

    def endpoint(entry: ServiceEntry) -> Endpoint | None:
        location = entry.tls_location if base.tls or not entry.plain_location else entry.plain_location
        try:
            found = parse_endpoint(location)
        except ValueError:
            return None
        placed = found.at(base) if rewrite else found
        return placed if placed.tls == base.tls else None

    usable = (_best(directory, name, endpoint) for name in _WANTED)
    return Services(directory=directory, chosen={service.name: service for service in usable if service is not None})


def _best(
    directory: ServiceDirectory, name: str, endpoint: Callable[[ServiceEntry], Endpoint | None]
) -> Service | None:
    wanted = [_version(version) for version in _WANTED[name]]
    spoken = {version[:2] for version in wanted}
    best: Service | None = None
    for entry in directory.services:
        version, place = _version(entry.version), endpoint(entry)
        if entry.service != name or place is None or version[:2] not in spoken:
            continue
        if best is None or _rank(version, wanted) < _rank(best.version, wanted):
            best = Service(name=name, version=version, endpoint=place)
    return best


def _rank(version: _Version, wanted: list[_Version]) -> tuple[int, _Version]:
    """Return a key, smallest first: the wanted ones in their order, behind each minor version its strangers."""
    if version in wanted:
        return wanted.index(version) * 2, ()
    last = max(place for place, each in enumerate(wanted) if each[:2] == version[:2])
    return last * 2 + 1, tuple(-number for number in version)


def _version(text: str) -> _Version:
    """Return the numbers of a version; () for what is none."""
    parts = text.split(".")
    return tuple(int(part) for part in parts) if all(part.isascii() and part.isdigit() for part in parts) else ()
