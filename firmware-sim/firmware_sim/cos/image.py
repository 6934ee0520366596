"""Published object systems (JSON made of the XML of gematik's test cards): the card that they describe.

They bring no private keys: a key can be chosen and its access rule holds, but using it ends with 6400. Symmetric keys
are left out, since nothing here authenticates with them.
"""

import re
from collections.abc import Mapping
from typing import Any

from firmware_sim.cos.access import AccessRules, read_published_rules
from firmware_sim.cos.atr import atr
from firmware_sim.cos.card_os import CardOs
from firmware_sim.cos.objects import (
    ElementaryFile,
    Folder,
    Password,
    PrivateKey,
    PublicKey,
    RecordFile,
    RecordKind,
    TransparentFile,
)
from firmware_sim.world.card import Pin, Secret
from firmware_sim.world.configuration import PinConfiguration, PinStart
from firmware_sim.world.counts import CardCounts

_FOLDERS = ("ADF", "Application")
_RECORD_KINDS: Mapping[str, RecordKind] = {
    "LinearFixedElementaryFile": "linear_fixed",
    "LinearVariableElementaryFile": "linear_variable",
    "CyclicElementaryFile": "cyclic",
}
_START: Mapping[str, PinStart] = {"regularPassword": "set", "transportPIN": "transport", "leerPIN": "empty"}
_USES = re.compile(r"\((\d+),(\w+)\)")
_ALGORITHMS = re.compile(r"\[(\d+),\(([^)]*)\)\]")
_AID = re.compile(r"[0-9a-fA-F]{10,32}")

Entry = Mapping[str, Any]


class ImageError(ValueError):
    """The image cannot be used; the text says what is wrong."""


def load_image(image: Entry, *, interface: str = "CB", counts: CardCounts | None = None) -> CardOs:
    """A card with the object system of `image`, seen by its contacts (CB) or by its aerial (CL)."""
    if image.get("mf", {}).get("type") not in _FOLDERS:
        raise ImageError("an image begins with its mf")
    return CardOs(_Loading(interface).folder(image["mf"]), atr(), counts)


class _Loading:
    """One image being read; `interface` chooses among its access rules."""

    def __init__(self, interface: str) -> None:
        self._interface = interface

    def folder(self, entry: Entry) -> Folder:
        """A folder and everything in it."""
        folder = Folder(
            name=entry["id"],
            application_ids=tuple(bytes.fromhex(aid) for aid in _AID.findall(entry["applicationIdentifier"])),
            rules=self._rules(entry),
            identifier=int(entry["fileIdentifier"], 16) if "fileIdentifier" in entry else None,
            life_cycle=entry["lifeCycleStatus"],
        )
        children = entry["children"]
        folder.files = [file for child in children if (file := self._file(child)) is not None]
        folder.passwords = self._passwords(children)
        folder.keys = [self._key(child) for child in children if child["type"] in ("PrivateElcKey", "PrivateRsaKey")]
        folder.public_keys = [_public_key(child) for child in children if child["type"] == "PublicElcVerificationKey"]
        for child in children:
            if child["type"] in _FOLDERS:
                folder.add(self.folder(child))
        return folder

    def _rules(self, entry: Entry) -> AccessRules:
        return read_published_rules(entry["accessRules"], self._interface)

    def _file(self, entry: Entry) -> ElementaryFile | None:
        if entry["type"] == "TransparentElementaryFile":
            return self._transparent(entry)
        return self._records(entry) if entry["type"] in _RECORD_KINDS else None

    def _transparent(self, entry: Entry) -> TransparentFile:
        body, size = entry["body"], int(entry["numberOfOctet"], 16)
        content = bytes(body["zeros"]) if isinstance(body, dict) else bytes.fromhex(body)
        content = content[: int(entry["positionLogicalEndOfFile"], 16)]
        if len(content) > size:
            raise ImageError(f"{entry['id']} holds more than its size")
        return TransparentFile(
            name=entry["id"],
            identifier=int(entry["fileIdentifier"], 16),
            short=int(entry["shortFileIdentifier"], 16),
            size=size,
            content=lambda: content,
            rules=self._rules(entry),
            life_cycle=entry["lifeCycleStatus"],
        )

    def _records(self, entry: Entry) -> RecordFile:
        records = tuple(bytes.fromhex(record["value"]) for record in entry["records"])
        return RecordFile(
            name=entry["id"],
            identifier=int(entry["fileIdentifier"], 16),
            short=int(entry["shortFileIdentifier"], 16),
            kind=_RECORD_KINDS[entry["type"]],
            record_size=int(entry["maximumRecordLength"], 16),
            records=lambda: records,
            rules=self._rules(entry),
            life_cycle=entry["lifeCycleStatus"],
        )

    def _passwords(self, children: list[Entry]) -> list[Password]:
        """Passwords of their own first, since others refer to them."""
        own = [self._password(child) for child in children if child["type"] == "PWD"]
        by_identifier = {password.identifier: password for password in own}
        referring = [child for child in children if child["type"] == "MultireferencePWD"]
        return own + [self._referring(child, by_identifier) for child in referring]

    def _password(self, entry: Entry) -> Password:
        start = "disabled" if entry["flagEnabled"].upper() == "FALSE" else _START[entry["transportStatus"]]
        secret = PinConfiguration(
            reference=entry["id"],
            pin=_digits(entry["secret"]),
            puk=_digits(entry["PUK"]),
            state=start,
            attempts=int(entry["startRetryCounter"], 16),
            puk_attempts=int(entry["pukUsage"], 16),
        )
        pin = Pin(secret)
        pin.secret.attempts_left = int(entry["retryCounter"], 16)
        return self._as_password(entry, pin, None, range(_number(entry, "minimum"), _number(entry, "maximum") + 1))

    def _referring(self, entry: Entry, known: Mapping[int, Password]) -> Password:
        basis = known.get(int(entry["passwordReference"], 16))
        if basis is None:
            raise ImageError(f"{entry['id']} refers to a password that is not there")
        start: PinStart = "set" if entry["flagEnabled"].upper() == "TRUE" else "disabled"
        pin = Pin(PinConfiguration(reference=entry["id"], pin="", state=start), _secret(basis))
        return self._as_password(entry, pin, basis, basis.lengths)

    def _as_password(self, entry: Entry, pin: Pin, basis: Password | None, lengths: range) -> Password:
        return Password(
            name=entry["id"],
            identifier=int(entry["pwdIdentifier"], 16),
            pin=pin,
            lengths=lengths,
            rules=self._rules(entry),
            uses={int(number): _count(uses) for number, uses in _USES.findall(entry["startSSecList"])},
            basis=basis,
            life_cycle=entry["lifeCycleStatus"],
        )

    def _key(self, entry: Entry) -> PrivateKey:
        listed = _ALGORITHMS.findall(entry["listAlgorithmIdentifier"])
        return PrivateKey(
            name=entry["id"],
            identifier=int(entry["keyIdentifier"], 16),
            algorithms={int(number): frozenset(names.split(",")) for number, names in listed},
            rules=self._rules(entry),
            life_cycle=entry["lifeCycleStatus"],
        )


def _public_key(entry: Entry) -> PublicKey:
    return PublicKey(
        name=entry["id"], identifier=bytes.fromhex(entry["keyIdentifier"]), point=bytes.fromhex(entry["P"])
    )


def _secret(password: Password) -> Secret:
    return password.pin.secret


def _number(entry: Entry, which: str) -> int:
    return int(entry[f"{which}Length"], 16)


def _count(uses: str) -> int | None:
    return None if uses == "INFINITY" else int(uses, 16)


def _digits(block: str) -> str:
    """The digits of a format-2 block (2, their number, the digits, F)."""
    return block[2 : 2 + int(block[1], 16)]
