"""The whole practice: cards in hands and slots, terminals, and the Konnektors that watch them."""

from collections.abc import Callable, Mapping
from datetime import date, datetime

from firmware_sim.world.card import Card
from firmware_sim.world.configuration import VerifiedConfiguration, WorldConfiguration
from firmware_sim.world.context import Context
from firmware_sim.world.counts import Counts
from firmware_sim.world.device import Device
from firmware_sim.world.events import Event


class WorldError(Exception):
    """The world cannot do what was asked; the text says why and what would work."""


class Practice:
    """Cards by name, slots by terminal, and one `Device` per Konnektor.

    `announce(konnektor, event)` is called for every event of every Konnektor, `at_reader(name, slot)` when a card has
    come to a reader's slot or left it.
    """

    def __init__(
        self,
        configuration: WorldConfiguration,
        clock: Callable[[], datetime],
        announce: Callable[[str, Event], None],
        expiry: Mapping[str, date] | None = None,
    ) -> None:
        self.configuration = configuration
        self.counts = Counts()
        self.cards = {card.name: Card(card, (expiry or {}).get(card.name)) for card in configuration.cards}
        self.devices: dict[str, Device] = {}
        self._device_of: dict[str, Device] = {}
        self._slots: dict[tuple[str, int], Card] = {}
        self.readers = {reader.name: reader.slots for reader in configuration.readers}
        self.at_reader: Callable[[str, int], None] = lambda _name, _slot: None
        for konnektor in configuration.konnektors:
            device = Device(konnektor, clock, _for(konnektor.name, announce))
            self.devices[konnektor.name] = device
            self._device_of.update({terminal.name: device for terminal in konnektor.terminals})
        self._start()

    def _start(self) -> None:
        for konnektor in self.configuration.konnektors:
            device = self.devices[konnektor.name]
            for terminal in konnektor.terminals:
                if terminal.connected:
                    device.connected.add(terminal.name)
                else:
                    device.conditions.set(f"EC_CardTerminal_Not_Available({terminal.name})", True, device.now())
        for place, slot, name in self.configuration.inserted:
            self._place(self.cards[name], place, slot, quietly=True)
        for entry in self.configuration.verified:
            self.verify_elsewhere(entry)

    @property
    def terminals(self) -> list[str]:
        return list(self._device_of)

    def device_of(self, terminal: str) -> Device:
        """The Konnektor a terminal is paired with. Raises `WorldError`."""
        if terminal not in self._device_of:
            places = ", ".join([*self._device_of, *self.readers])
            raise WorldError(f"there is no terminal {terminal!r}; there are {places}")
        return self._device_of[terminal]

    def card(self, name: str) -> Card:
        """A card by name. Raises `WorldError`."""
        if name not in self.cards:
            raise WorldError(f"there is no card {name!r}; there are {', '.join(self.cards)}")
        return self.cards[name]

    def where(self, card: Card) -> tuple[str, int] | None:
        """Terminal (or reader) and slot of a card, None when it is in no slot."""
        return next((place for place, held in self._slots.items() if held is card), None)

    def in_slot(self, terminal: str, slot: int) -> Card | None:
        return self._slots.get((terminal, slot))

    def insert(self, name: str, terminal: str, slot: int) -> None:
        """Put a card into a slot of a terminal or reader. Raises `WorldError` when either is taken."""
        card = self.card(name)
        slots = self.readers.get(terminal) or self.device_of(terminal).model.terminal(terminal).slots
        if self.where(card) is not None:
            raise WorldError(f"card {name!r} is in a slot already; pull it first")
        if not 1 <= slot <= slots:
            raise WorldError(f"terminal {terminal!r} has no slot {slot}")
        if (terminal, slot) in self._slots:
            holds = self._slots[terminal, slot].name
            raise WorldError(f"slot {slot} of {terminal!r} holds {holds!r}; pull it first")
        self._place(card, terminal, slot, quietly=False)

    def pull(self, name: str) -> None:
        """Take a card out of its slot. Raises `WorldError` when it is in none."""
        card = self.card(name)
        place = self.where(card)
        if place is None:
            raise WorldError(f"card {name!r} is in no slot")
        del self._slots[place]
        if place[0] in self.readers:
            self.at_reader(*place)
        else:
            self.device_of(place[0]).forget(card)

    def connect(self, terminal: str) -> None:
        """Plug a terminal in again; the Konnektor finds its cards and gives them new handles."""
        device = self.device_of(terminal)
        if terminal in device.connected:
            return
        device.connect(terminal)
        for (name, slot), card in self._slots.items():
            if name == terminal:
                device.see(card, terminal, slot)

    def disconnect(self, terminal: str) -> None:
        """Unplug a terminal."""
        device = self.device_of(terminal)
        if terminal in device.connected:
            device.disconnect(terminal)

    def verify_elsewhere(self, entry: VerifiedConfiguration) -> None:
        """What another client system did: verify a PIN in its own session, without a prompt or a count.

        For an HSM-B it is what its operator did in the gateway's administration: it holds for every session.
        """
        card = self.card(entry.card)
        place = self.where(card)
        if place is None:
            raise WorldError(f"card {entry.card!r} is in no slot")
        if entry.pin not in card.pins:
            raise WorldError(f"card {entry.card!r} has no {entry.pin}")
        if place[0] in self.readers:
            raise WorldError(f"card {entry.card!r} is in a reader, which no Konnektor sees")
        device = self.device_of(place[0])
        if entry.mandant not in device.model.mandants or entry.client_system not in device.model.client_systems:
            raise WorldError(f"{device.name!r} knows no mandant {entry.mandant!r} with {entry.client_system!r}")
        seen = device.in_slot(*place)
        if seen is None:
            raise WorldError(f"terminal {place[0]!r} is not connected")
        if card.kind == "hsmb":
            card.unlocked = True
            return
        context = Context(mandant=entry.mandant, client_system=entry.client_system, workplace="", user=entry.user)
        device.session(context, seen).verified.add(entry.pin)

    def _place(self, card: Card, terminal: str, slot: int, *, quietly: bool) -> None:
        self._slots[terminal, slot] = card
        if terminal in self.readers:
            self.at_reader(terminal, slot)
            return
        device = self.device_of(terminal)
        if terminal in device.connected:
            device.see(card, terminal, slot, quietly=quietly)


def _for(konnektor: str, announce: Callable[[str, Event], None]) -> Callable[[Event], None]:
    return lambda event: announce(konnektor, event)
