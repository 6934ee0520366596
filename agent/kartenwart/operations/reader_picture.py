"""How the box's own readers become part of the picture: pure functions from what pcscd and the USB tell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from operator import attrgetter

from kartenwart.domain.certificate_words import condition_of
from kartenwart.domain.inventory import READERS, Card, CardType, Inventory, Route
from kartenwart.domain.ports.readers import ReaderCard, SeenReader, SeenReaders
from kartenwart.domain.reader_matching import Match, match
from kartenwart.domain.readers import Reader, ReaderService, SlotState, UsbDevice
from kartenwart.operations.names import ResourceNames
from kartenwart.operations.picture import merged, remembering, without_routes

SLOT = 1
"""The number of a reader's slot: pcscd shows each slot of a device as a reader of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderPainter:
    """Paints what is plugged into the box; `contexts` are those that mean the readers."""

    contexts: frozenset[str]
    names: ResourceNames

    def blank(self) -> ReaderService:
        """Return what is told before anything was seen."""
        return ReaderService(contexts=self.contexts)

    def repainted(
        self, inventory: Inventory, seen: SeenReaders, devices: Sequence[UsbDevice], today: date
    ) -> Inventory:
        """Return the inventory with all readers and their cards as they are now; PIN states live on with handles."""
        matches = match(devices, seen)
        readers = {one.label: self._reader(one, *_device(one, matches)) for one in seen.readers}
        unseen = [self._unseen(one) for one in matches if not (one.labels or one.ambiguous)]
        found = [
            self._card(one.card, readers[one.label], inventory, today) for one in seen.readers if one.card is not None
        ]
        before = {card.name: card for card in inventory.cards}
        others = [
            rest for card in inventory.cards if (rest := without_routes(card, READERS, self.contexts)) is not None
        ]
        cards = [remembering(card, before.get(card.name), READERS, self.contexts) for card in merged([*others, *found])]
        return replace(
            inventory,
            readers=_by_name([*readers.values(), *unseen]),
            cards=tuple(sorted(cards, key=attrgetter("name"))),
            reader_service=ReaderService(contexts=self.contexts, seen=True, condition=seen.condition),
        )

    def _reader(self, seen: SeenReader, device: UsbDevice | None, number: int) -> Reader:
        return Reader(
            name=self.names.reader(port=device.port, number=number) if device else self.names.reader(label=seen.label),
            label=seen.label,
            slot=seen.slot,
            pad=seen.pad,
            contexts=self.contexts,
            usb=device,
            condition=seen.condition,
        )

    def _unseen(self, one: Match) -> Reader:
        """Return a device that pcscd does not show: somebody should know why."""
        device = one.device
        return Reader(
            name=self.names.reader(port=device.port),
            label=" ".join(part for part in (device.manufacturer, device.product) if part) or f"USB {device.port}",
            slot=SlotState.UNKNOWN,
            pad=device.pad,
            contexts=self.contexts,
            seen=False,
            usb=device,
            condition=device.condition,
        )

    def _card(self, seen: ReaderCard, reader: Reader, inventory: Inventory, today: date) -> Card:
        lasting = seen.type.is_practice or seen.type.is_person
        seal = self.names.iccsn(seen.iccsn) if seen.type is CardType.EGK else ""
        return Card(
            name=_known_by(seal, inventory)
            or self.names.card(konnektor=READERS, handle=seen.handle, card_type=seen.type, iccsn=seen.iccsn),
            type=seen.type,
            holder="",
            iccsn_tail=seen.iccsn[-4:] if lasting else "",
            inserted_at=seen.inserted_at,
            certificate_expiry=seen.certificate_expiry,
            routes=(Route(konnektor=READERS, terminal="", reader=reader.name, slot_id=SLOT, handle=seen.handle),),
            contexts=self.contexts,
            seal=seal,
            condition=condition_of(seen.type, seen.certificate_expiry, today),
        )


def _device(seen: SeenReader, matches: Iterable[Match]) -> tuple[UsbDevice | None, int]:
    """Return on which device a reader certainly is, and which of its slots it is, counted from 0."""
    for one in matches:
        if seen.label in one.labels:
            return one.device, sorted(one.labels).index(seen.label)
    return None, 0


def _known_by(seal: str, inventory: Inventory) -> str:
    """Return the name under which a Konnektor shows the same eGK; its handles say nothing of the card."""
    return next(
        (
            card.name
            for card in inventory.cards
            if seal and card.seal == seal and any(not route.at_reader for route in card.routes)
        ),
        "",
    )


def _by_name(readers: Iterable[Reader]) -> tuple[Reader, ...]:
    """Return one reader per name, sorted."""
    by_name = {reader.name: reader for reader in readers}
    return tuple(by_name[name] for name in sorted(by_name))
