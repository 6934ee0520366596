"""Which version of which service is used, and where: chosen once from connector.sds."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from kartenwart.codecs.soap.directory import ServiceDirectory, ServiceEntry
from kartenwart.codecs.soap.namespaces import SIGNATURES_7_4, SIGNATURES_7_5
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import ServiceVersion
from kartenwart.transport.endpoint import Endpoint, parse_endpoint

_Version = tuple[int, ...]
_VERSION = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){0,3}")

# One version per namespace (the first two numbers), most wanted first; where a device has others of the same namespace
# only, the newest is taken.
_WANTED: dict[str, tuple[_Version, ...]] = {
    "EventService": ((7, 2, 0),),
    "CardService": ((8, 1, 2),),
    "CertificateService": ((6, 0, 1),),
    "SignatureService": ((7, 5, 5), (7, 4, 2)),
    "AuthSignatureService": ((7, 4, 1),),
    "EncryptionService": ((6, 1, 1),),
    "CardTerminalService": ((1, 1, 0),),
    "VSDService": ((5, 2, 0),),
    "KVKService": ((4, 0, 0),),
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

    Under https nothing is called in plain: credentials and documents stay inside TLS. A gateway may speak TLS for a
    device that lists plain addresses only; rewritten, these are called by the gateway's TLS.
    """

    def endpoint(entry: ServiceEntry) -> Endpoint | None:
        wanted = (entry.tls_location, entry.plain_location)
        location = next(filter(None, wanted if base.tls else reversed(wanted)), "")
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
    offered = [
        Service(name=name, version=version, endpoint=place)
        for entry in directory.services
        if entry.service == name
        and _spoken(name, version := _version(entry.version))
        and (place := endpoint(entry)) is not None
    ]
    return min(offered, key=lambda service: _rank(name, service.version), default=None)


def _spoken(name: str, version: _Version) -> bool:
    return any(version[:2] == wanted[:2] for wanted in _WANTED[name])


def _rank(name: str, version: _Version) -> tuple[int, bool, _Version]:
    """Return a key, smallest first: by namespace, then the wanted version, then the newest."""
    place = [wanted[:2] for wanted in _WANTED[name]].index(version[:2])
    return place, version != _WANTED[name][place], tuple(-number for number in version)


def _version(text: str) -> _Version:
    """Return the numbers of a version; () for what is none."""
    return tuple(int(part) for part in text.split(".")) if _VERSION.fullmatch(text) else ()
