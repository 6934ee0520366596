"""The chips of a simulated practice by card name: what a reader or a terminal slot gets to talk to."""

from collections.abc import Mapping
from typing import Protocol

from firmware_sim.cos.memory_card import MemoryCard
from firmware_sim.cos.objects import Password
from firmware_sim.cos.personalising import card_chip, machine_chip
from firmware_sim.patients.kvk import template_of
from firmware_sim.pki import CardKeys
from firmware_sim.world.built_in import built_in_iccsn, gsmckt_name
from firmware_sim.world.practice import Practice, WorldError


class Chip(Protocol):
    """A card as a reader has it: power, and bytes in, bytes out."""

    @property
    def atr(self) -> bytes: ...

    def power_on(self) -> bytes:
        """Returns the ATR."""
        ...

    def power_off(self) -> None: ...

    def reset(self) -> bytes:
        """Returns the ATR."""
        ...

    def transmit(self, command: bytes) -> bytes:
        """Returns data and status word."""
        ...

    def password(self, reference: int) -> Password | None:
        """What VERIFY with this reference (P2) would compare now: for who must say at a pad which PIN is asked."""
        ...


class Chips:
    """One chip per card, made when it is first asked for and the same from then on.

    PINs, keys and counts are those that the Konnektor uses: an attempt spent in a reader is spent at the terminal.
    What was verified through a chip is the chip's alone, until it loses its power.
    """

    def __init__(self, practice: Practice, keys: Mapping[str, CardKeys]) -> None:
        self._practice = practice
        self._keys = keys
        self._made: dict[str, Chip] = {}

    def of_card(self, name: str) -> Chip:
        """The chip of a card of the world. Raises `WorldError` when it has none that a reader could reach."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def of_terminal(self, terminal: str) -> Chip:
        """The gSMC-KT inside a terminal. Raises `WorldError`."""
        self._practice.device_of(terminal)
        name = gsmckt_name(terminal)
        if name not in self._made:
            counts = self._practice.counts.cards[name]
            self._made[name] = machine_chip(self._keys[name], built_in_iccsn(name), counts)
        return self._made[name]

    def in_slot(self, terminal: str, slot: int) -> Chip | None:
        """The chip of the card in a terminal's slot, None when the slot is empty."""
        card = self._practice.in_slot(terminal, slot)
        return self.of_card(card.name) if card else None

    def _make(self, name: str) -> Chip:
        card = self._practice.card(name)
        if card.kind == "kvk":
            return MemoryCard(template_of(card.configuration))
        if card.kind in ("hsmb", "unknown"):
            raise WorldError(f"card {name!r} has no chip that a reader could reach")
        return card_chip(card, self._keys[name], self._practice.counts.cards[name])
