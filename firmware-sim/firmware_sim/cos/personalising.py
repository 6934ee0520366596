"""From an object system, a card of the world and its keys to a card that answers."""

from collections.abc import Callable, Mapping

from firmware_sim.cos import cvc
from firmware_sim.cos.atr import atr
from firmware_sim.cos.card_os import CardOs
from firmware_sim.cos.contents import Contents, machine_contents, patient_contents, records
from firmware_sim.cos.objects import (
    ElementaryFile,
    Folder,
    Password,
    PrivateKey,
    PublicKey,
    RecordFile,
    TransparentFile,
)
from firmware_sim.cos.systems import FileEntry, FolderEntry, PasswordEntry, SystemEntry, object_system
from firmware_sim.pki import CardKeys
from firmware_sim.world.card import Card, Pin
from firmware_sim.world.configuration import PinConfiguration
from firmware_sim.world.counts import CardCounts


def card_chip(card: Card, keys: CardKeys, counts: CardCounts) -> CardOs:
    """The chip of an eGK, HBA, SMC-B or gSMC-KT of the world: its PINs are the card's own objects."""
    system = object_system(card.kind)
    contents = dict(machine_contents(system, card.configuration.iccsn))
    if card.kind == "egk":
        contents |= patient_contents(card)
    return _Personalising(system, contents, keys, card.pins).chip(counts)


def machine_chip(keys: CardKeys, iccsn: str, counts: CardCounts) -> CardOs:
    """The chip of a gSMC-KT that nobody inserts."""
    system = object_system("gsmckt")
    return _Personalising(system, machine_contents(system, iccsn), keys, {}).chip(counts)


class _Personalising:
    """One card being made."""

    def __init__(self, system: SystemEntry, contents: Contents, keys: CardKeys, pins: Mapping[str, Pin]) -> None:
        self._system = system
        self._contents = contents
        self._keys = keys
        self._pins = pins

    def chip(self, counts: CardCounts) -> CardOs:
        folders: dict[str, Folder] = {}
        for entry in self._system.folders:
            folder = folders[entry.name] = self._folder(entry)
            if entry.inside:
                folders[entry.inside].add(folder)
        master = folders[self._system.folders[0].name]
        master.public_keys = [PublicKey(name="PuK.RCA.CS.E256", identifier=cvc.ROOT, point=cvc.root_point())]
        return CardOs(master, atr(), counts)

    def _folder(self, entry: FolderEntry) -> Folder:
        rules = self._system.rules
        return Folder(
            name=entry.name,
            application_ids=entry.aids,
            rules=rules["folder"],
            identifier=entry.id,
            files=[self._file(each) for each in entry.files],
            passwords=self._passwords(entry.passwords),
            keys=[
                PrivateKey(
                    name=each.name,
                    identifier=each.id,
                    algorithms={1: frozenset(each.algorithms)},
                    rules=rules[each.rules],
                    material=self._keys.keys.get(each.certificate) if each.kind == self._keys.crypt else None,
                )
                for each in entry.keys
            ],
        )

    def _file(self, entry: FileEntry) -> ElementaryFile:
        rules = self._system.rules[entry.rules]
        if entry.records:
            lines = records(self._system, entry.records, entry.record_count, entry.record_size)
            return RecordFile(
                name=entry.name,
                identifier=entry.id,
                short=entry.short,
                kind=entry.record_kind,
                record_size=entry.record_size,
                records=lambda: lines,
                rules=rules,
            )
        return TransparentFile(
            name=entry.name,
            identifier=entry.id,
            short=entry.short,
            size=entry.size,
            content=self._content(entry),
            rules=rules,
        )

    def _content(self, entry: FileEntry) -> Callable[[], bytes]:
        if entry.content:
            return self._contents[entry.content]
        fits = entry.kind == self._keys.crypt and entry.certificate in self._keys.certificates
        certificate = self._keys.certificate(entry.certificate) if fits else b""
        return lambda: certificate

    def _passwords(self, entries: tuple[PasswordEntry, ...]) -> list[Password]:
        made: dict[str, Password] = {}
        for entry in entries:
            basis = made[entry.refers_to] if entry.refers_to else None
            made[entry.name] = Password(
                name=entry.name,
                identifier=entry.id,
                pin=self._pins.get(entry.name) or _unknown_pin(entry, basis),
                lengths=range(entry.shortest, entry.longest + 1),
                rules=self._system.rules[entry.rules],
                uses={int(number): uses for number, uses in entry.uses.items()} or {1: None},
                basis=basis,
            )
        return list(made.values())


def _unknown_pin(entry: PasswordEntry, basis: Password | None) -> Pin:
    """A PIN that the world file does not mention: nobody has set it, or it shares the secret of another."""
    if basis is None:
        return Pin(PinConfiguration(reference=entry.name, pin="", state="empty"))
    return Pin(
        PinConfiguration(reference=entry.name, pin="", state="set" if entry.enabled else "disabled"), basis.pin.secret
    )
