"""Who calls: a workstation by the key of its certificate, a person at the box by the kernel's word, or nobody known.

What a certificate says of itself gives no rights: only the SHA-256 of its public key is looked up. What is enrolled,
with which role and scope, is the registry's word at the moment of each call.
"""

import hashlib
import pwd
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kartenwart.domain.catalogue import failure
from kartenwart.domain.clock import Clock
from kartenwart.domain.enrolment import counted_as
from kartenwart.domain.failures import CallerError, Reason
from kartenwart.domain.principals import Caller, Role, Scope, Workstation

CACHED_CERTIFICATES = 512


class Kind(Enum):
    """How a principal proved who it is."""

    CERTIFICATE = auto()
    LOCAL = auto()
    ANONYMOUS = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who calls. `mandants` None means all; `role` None only for the anonymous; `key` is what limits count by."""

    name: str
    role: Role | None
    scope: Scope
    mandants: frozenset[str] | None
    kind: Kind
    expires_at: datetime | None
    key: str

    @property
    def caller(self) -> Caller:
        """Return what operations see of it."""
        if self.role is None:
            raise CallerError(failure(Reason.UNAUTHENTICATED))
        return Caller(name=self.name, role=self.role, scope=self.scope, mandants=self.mandants)


def anonymous(peer: str) -> Principal:
    """Return the principal of a caller on the enrolment port; limits count by its address (IPv6: by its /64)."""
    return Principal(
        name="anonymous",
        role=None,
        scope=Scope(),
        mandants=frozenset(),
        kind=Kind.ANONYMOUS,
        expires_at=None,
        key=f"peer/{counted_as(peer)}",
    )


class Registry(Protocol):
    """The enrolled workstations, in memory (operations/workstations.py)."""

    def by_key(self, key_sha256: str) -> Workstation | None:
        """Return the workstation with that key (SHA-256 of the SubjectPublicKeyInfo, hex), revoked ones too."""
        ...

    def on_rights_changed(self, callback: Callable[[Workstation], None]) -> None:
        """Call back at once when a workstation is revoked or its role or scope changes."""
        ...


@dataclass(frozen=True, slots=True)
class _Key:
    """What of a certificate counts: its key and its end."""

    sha256: str
    not_after: datetime


class Principals:
    """Finds principals. A certificate is decoded once and remembered by its bytes; rights are never remembered."""

    def __init__(
        self,
        *,
        registry: Registry,
        mandants_of: Callable[[Iterable[str]], frozenset[str]],
        contexts: tuple[str, ...],
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._mandants_of = mandants_of
        self._local_scope = Scope(contexts=contexts, everything=True)
        self._clock = clock
        self._keys: OrderedDict[bytes, _Key] = OrderedDict()
        self._known: dict[str, tuple[Workstation, Principal]] = {}
        self._local: dict[int, Principal] = {}

    def by_certificate(self, certificate: bytes) -> Principal:
        """Return the workstation that owns the certificate (PEM or DER), verified by TLS before.

        CallerError UNAUTHENTICATED where nobody is enrolled with its key or it has expired, REVOKED after a revocation.
        """
        key = self._key(certificate)
        workstation = self._registry.by_key(key.sha256)
        if workstation is None:
            raise CallerError(failure(Reason.UNAUTHENTICATED))
        if workstation.revoked_at is not None:
            raise CallerError(failure(Reason.REVOKED))
        principal = self._principal(workstation, key)
        if principal.expires_at is not None and self._clock.now() >= principal.expires_at:
            raise CallerError(failure(Reason.UNAUTHENTICATED))
        return principal

    def local(self, uid: int) -> Principal:
        """Return the person at the box, by the uid that the kernel says: a technician with everything in scope."""
        known = self._local.get(uid)
        if known is None:
            name = f"local/{_user_name(uid)}"
            known = self._local[uid] = Principal(
                name=name,
                role=Role.TECHNICIAN,
                scope=self._local_scope,
                mandants=None,
                kind=Kind.LOCAL,
                expires_at=None,
                key=name,
            )
        return known

    def on_rights_changed(self, callback: Callable[[Workstation], None]) -> None:
        """Call back at once when a workstation is revoked or its role or scope changes."""
        self._registry.on_rights_changed(callback)

    def _key(self, certificate: bytes) -> _Key:
        known = self._keys.get(certificate)
        if known is None:
            known = self._keys[certificate] = _decode(certificate)
            if len(self._keys) > CACHED_CERTIFICATES:
                self._keys.popitem(last=False)
        return known

    def _principal(self, workstation: Workstation, key: _Key) -> Principal:
        cached = self._known.get(key.sha256)
        expires_at = min(key.not_after, workstation.expires_at)
        if cached is not None and cached[0] is workstation and cached[1].expires_at == expires_at:
            return cached[1]
        principal = Principal(
            name=workstation.name,
            role=workstation.role,
            scope=workstation.scope,
            mandants=self._mandants_of(workstation.scope.contexts),
            kind=Kind.CERTIFICATE,
            expires_at=expires_at,
            key=workstation.name,
        )
        self._known[key.sha256] = (workstation, principal)
        return principal


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"


def _decode(certificate: bytes) -> _Key:
    pem = certificate.startswith(b"-----BEGIN")
    try:
        parsed = x509.load_pem_x509_certificate(certificate) if pem else x509.load_der_x509_certificate(certificate)
        spki = parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except Exception as unreadable:
        # Whatever TLS let through that cannot be read here is nobody we know.
        raise CallerError(failure(Reason.UNAUTHENTICATED)) from unreadable
    return _Key(hashlib.sha256(spki).hexdigest(), parsed.not_valid_after_utc)
