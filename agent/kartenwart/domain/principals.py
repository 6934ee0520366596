"""Who may call: roles, scopes, workstations, users."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

USER_ID = re.compile(r"(?=.{1,40}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?")
LABEL = re.compile(r"\S(.*\S)?")
LONGEST_LABEL = 60


def is_label(text: str) -> bool:
    """Tell whether a text may name a workstation or a person: 1 to 60 printable characters, no space at either end."""
    return len(text) <= LONGEST_LABEL and text.isprintable() and LABEL.fullmatch(text) is not None


class Role(StrEnum):
    """What a principal may do; names as in kartenwart.api.workstation.v1.Role without the prefix."""

    VIEWER = "VIEWER"
    WORKSTATION = "WORKSTATION"
    SIGNER = "SIGNER"
    TECHNICIAN = "TECHNICIAN"
    AUDITOR = "AUDITOR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a principal may reach: contexts (the first is the default) and users, as resource names.

    `comfort`: may trigger comfort signatures. `everything` is the local technician's scope at the box itself.
    """

    contexts: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    comfort: bool = False
    everything: bool = False

    def has_context(self, name: str) -> bool:
        """True where the context may be named."""
        return self.everything or name in self.contexts

    def has_user(self, name: str) -> bool:
        """True where the user may be named."""
        return self.everything or name in self.users

    @property
    def seen(self) -> frozenset[str] | None:
        """Return the contexts whose things may be seen; None means all."""
        return None if self.everything else frozenset(self.contexts)

    @property
    def default_context(self) -> str:
        """Return the context used where a call names none; empty where there is none."""
        return self.contexts[0] if self.contexts else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls an operation: name, role, scope and the mandants it may see (None: all)."""

    name: str
    role: Role
    scope: Scope
    mandants: frozenset[str] | None

    def sees_mandant(self, mandant: str) -> bool:
        """True where things of that mandant may be shown."""
        return self.mandants is None or mandant in self.mandants


@dataclass(frozen=True, slots=True, kw_only=True)
class Workstation:
    """An enrolled peer ("workstations/{w}"); key_sha256 is over the SubjectPublicKeyInfo, hex.

    `previous_key_sha256` is the key before a renewal whose new key has not been used yet, else empty.
    """

    name: str
    label: str
    role: Role
    scope: Scope
    key_sha256: str
    enrolled_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    previous_key_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who signs ("users/{u}"). konnektor_user_id is a secret of the box: no API, no log, no repr.

    `mandants` are those of its maker and those in which it was bound; none yet: it belongs to the house.
    """

    name: str
    label: str
    konnektor_user_id: str = field(repr=False)
    card: str = ""
    bound_at: datetime | None = None
    mandants: frozenset[str] = frozenset()

    def known_to(self, mandants: frozenset[str] | None) -> bool:
        """True for who sees one of its mandants (None: all), and for everyone where it has none yet."""
        return mandants is None or not self.mandants or not self.mandants.isdisjoint(mandants)
