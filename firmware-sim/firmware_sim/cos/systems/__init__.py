"""Our own object systems as data, one file per kind of card; `every.toml` is what all of them share."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from firmware_sim.cos.access import AccessRules, read_rules
from firmware_sim.cos.objects import RecordKind

KeyKind = Literal["ECC", "RSA"]


@dataclass(frozen=True, kw_only=True, slots=True)
class FileEntry:
    """One file. `content`, `records`, or `certificate` with its `kind` of key says what is in it; else it is empty."""

    name: str
    id: int
    short: int
    size: int = 0
    content: str = ""
    certificate: str = ""
    kind: KeyKind = "ECC"
    records: str = ""
    record_kind: RecordKind = "linear_variable"
    record_size: int = 0
    record_count: int = 0
    rules: str = "free"


@dataclass(frozen=True, kw_only=True, slots=True)
class PasswordEntry:
    """One password; `refers_to` names the one whose secret it shares, `enabled` counts when the world says nothing."""

    name: str
    id: int
    rules: str
    shortest: int = 6
    longest: int = 8
    uses: Mapping[str, int] = field(default_factory=dict)
    refers_to: str = ""
    enabled: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyEntry:
    """The place of a private key: that of this certificate, when the card's keys are of this kind."""

    name: str
    id: int
    algorithms: list[str]
    rules: str
    certificate: str
    kind: KeyKind


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderEntry:
    """A folder, and in which other it lies."""

    name: str
    aids: tuple[bytes, ...]
    inside: str
    id: int | None
    files: tuple[FileEntry, ...]
    passwords: tuple[PasswordEntry, ...]
    keys: tuple[KeyEntry, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SystemEntry:
    """One object system; the first folder is the MF."""

    product: str
    version: bytes
    rules: Mapping[str, AccessRules]
    folders: tuple[FolderEntry, ...]

    @property
    def application_ids(self) -> tuple[bytes, ...]:
        return tuple(aid for folder in self.folders for aid in folder.aids)


@cache
def object_system(kind: str) -> SystemEntry:
    """The object system of "smcb", "hba", "egk" or "gsmckt"."""
    every, own = _document("every"), _document(kind)
    shared = tuple(FileEntry(**entry) for entry in every["mf"]["files"])
    return SystemEntry(
        product=own["product"],
        version=bytes.fromhex(own["version"]),
        rules={name: read_rules(lines.items()) for name, lines in (every["rules"] | own["rules"]).items()},
        folders=tuple(_folder(entry, shared if "inside" not in entry else ()) for entry in own["folders"]),
    )


def _document(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def _folder(entry: Mapping[str, Any], shared: tuple[FileEntry, ...]) -> FolderEntry:
    return FolderEntry(
        name=entry["name"],
        aids=tuple(bytes.fromhex(aid) for aid in entry["aids"]),
        inside=entry.get("inside", ""),
        id=entry.get("id"),
        files=(*shared, *(FileEntry(**each) for each in entry.get("files", ()))),
        passwords=tuple(PasswordEntry(**each) for each in entry.get("passwords", ())),
        keys=tuple(KeyEntry(**each) for each in entry.get("keys", ())),
    )
