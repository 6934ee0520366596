"""What an object system is made of: folders, files, passwords and private keys. Only the passwords change."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from firmware_sim.cos.access import ACTIVATED, AccessRules
from firmware_sim.pki.keys import PrivateKey as KeyMaterial
from firmware_sim.world.card import Pin, PinState

RecordKind = Literal["linear_fixed", "linear_variable", "cyclic"]
UNLIMITED = None


@dataclass(eq=False, kw_only=True, slots=True)
class TransparentFile:
    """A file of bytes; `content` is asked at every reading, because the world may change it. `size` is allocated."""

    name: str
    identifier: int
    short: int | None
    size: int
    content: Callable[[], bytes]
    rules: AccessRules
    life_cycle: str = ACTIVATED


@dataclass(eq=False, kw_only=True, slots=True)
class RecordFile:
    """A file of records, counted from 1; in a cyclic one the newest is the first."""

    name: str
    identifier: int
    short: int | None
    kind: RecordKind
    record_size: int
    records: Callable[[], tuple[bytes, ...]]
    rules: AccessRules
    life_cycle: str = ACTIVATED


ElementaryFile = TransparentFile | RecordFile


@dataclass(eq=False, kw_only=True, slots=True)
class Password:
    """A PIN as the card knows it.

    `pin` is the world's own object: an attempt spent here is spent everywhere. `uses` says per security environment
    for how many uses one VERIFY is good, None for any number until reset. A multi-reference password has its own
    reference, enabled flag and security status; its secret is that of `basis`.
    """

    name: str
    identifier: int
    pin: Pin = field(repr=False)
    lengths: range
    rules: AccessRules
    uses: Mapping[int, int | None] = field(default_factory=lambda: {1: UNLIMITED})
    basis: "Password | None" = None
    life_cycle: str = ACTIVATED

    @property
    def root(self) -> "Password":
        """The password whose secret counts."""
        return self.basis or self

    @property
    def never_set(self) -> PinState | None:
        """TRANSPORT or EMPTY while nobody has set a PIN of their own, else None."""
        return self.root.pin.never_set

    @property
    def enabled(self) -> bool:
        return not self.pin.disabled


@dataclass(eq=False, kw_only=True, slots=True)
class PrivateKey:
    """A private key; `material` None: the place is there, no key in it. `algorithms` per security environment."""

    name: str
    identifier: int
    algorithms: Mapping[int, frozenset[str]]
    rules: AccessRules
    material: KeyMaterial | None = field(default=None, repr=False)
    life_cycle: str = ACTIVATED


@dataclass(eq=False, kw_only=True, slots=True)
class PublicKey:
    """A key that checks card-verifiable certificates: it can be chosen and is nothing but data here."""

    name: str
    identifier: bytes
    point: bytes


@dataclass(eq=False, kw_only=True, slots=True)
class Folder:
    """A DF or the MF with what lies in it."""

    name: str
    application_ids: tuple[bytes, ...]
    rules: AccessRules
    identifier: int | None = None
    files: list[ElementaryFile] = field(default_factory=list)
    passwords: list[Password] = field(default_factory=list)
    keys: list[PrivateKey] = field(default_factory=list)
    public_keys: list[PublicKey] = field(default_factory=list)
    folders: list["Folder"] = field(default_factory=list)
    parent: "Folder | None" = None
    life_cycle: str = ACTIVATED

    def add(self, folder: "Folder") -> "Folder":
        """Put a folder into this one."""
        folder.parent = self
        self.folders.append(folder)
        return folder

    @property
    def path(self) -> tuple["Folder", ...]:
        """From the MF down to this folder."""
        return (*self.parent.path, self) if self.parent else (self,)

    def everything(self) -> Iterator["Folder"]:
        """This folder and all below it, in the order in which they were made."""
        yield self
        for folder in self.folders:
            yield from folder.everything()


Guarded = TransparentFile | RecordFile | Password | PrivateKey | Folder
