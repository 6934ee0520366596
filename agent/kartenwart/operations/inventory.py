"""The inventory's only writer: polls are the truth, notices are hints until a poll confirms them.

Two inventories are kept: `_confirmed` is what the polls found, the picture is that with the hints on it. Confirmed
events are the edges between one poll and the next, so nothing that a poll finds is lost, whatever notices said.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from kartenwart.domain.clock import Clock
from kartenwart.domain.events import Event
from kartenwart.domain.failures import Failure
from kartenwart.domain.inventory import READERS, Card, Inventory, Konnektor, LinkState, Pin, PinState, PinStatus
from kartenwart.domain.ports.observations import Notice, Observation
from kartenwart.domain.ports.readers import SeenReaders
from kartenwart.domain.readers import UsbDevice
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.differences import Teller
from kartenwart.operations.events import EventRing
from kartenwart.operations.hints import Hints
from kartenwart.operations.names import ResourceNames
from kartenwart.operations.newest import Newest, Watcher
from kartenwart.operations.picture import Painter, view, with_card, with_konnektor, without_sessions
from kartenwart.operations.reader_picture import ReaderPainter

__all__ = ["InventoryKeeper", "Picture", "view"]

CONFIRMATION_EVERY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The inventory with its number; the number grows with each change a watcher wants to know."""

    version: int
    inventory: Inventory


class InventoryKeeper:
    """Keeps the picture and tells its watchers; the only writer."""

    def __init__(
        self,
        *,
        names: ResourceNames,
        contexts: Contexts,
        konnektors: Iterable[str],
        events: EventRing,
        clock: Clock,
        readers: bool = False,
    ) -> None:
        self.boot = secrets.token_hex(8)
        self._names = names
        self._events = events
        self._clock = clock
        self._painters = {
            name: Painter(konnektor=name, contexts=contexts.of_konnektor(name), names=names) for name in konnektors
        }
        known = (Konnektor(name=name, contexts=painter.contexts) for name, painter in self._painters.items())
        self._readers = ReaderPainter(contexts=contexts.of_konnektor(READERS), names=names)
        self._confirmed = Inventory(
            konnektors=tuple(sorted(known, key=lambda one: one.name)),
            reader_service=self._readers.blank() if readers else None,
        )
        self._newest = Newest(Picture(version=1, inventory=self._confirmed))
        self._listeners: set[Callable[[Notice], None]] = set()

    @property
    def picture(self) -> Picture:
        """Return the newest picture."""
        return self._newest.value

    def watch(self) -> AbstractAsyncContextManager[Watcher[Picture]]:
        """Watch pictures, the present one first, then the newest of each time the watcher asks."""
        return self._newest.watch()

    async def wait_change(self, version: int, seconds: float) -> Picture:
        """Return the picture once its version differs from the given one, or after so many seconds."""
        return await self._newest.wait(lambda picture: picture.version != version, seconds)

    @contextmanager
    def listening(self, listener: Callable[[Notice], None]) -> Iterator[None]:
        """Let a listener hear every notice while the context is open (jobs tell their progress by it)."""
        self.always_listening(listener)
        try:
            yield
        finally:
            self._listeners.discard(listener)

    def always_listening(self, listener: Callable[[Notice], None]) -> None:
        """Let a listener hear every notice for good."""
        self._listeners.add(listener)

    def expects(self, observation: Observation) -> bool:
        """True where a poll finds the cards that the picture shows, in the same contexts; also for the first poll."""
        painter, shown = self._painters[observation.konnektor.name], self.picture.inventory
        asked = shown.konnektor(painter.konnektor)
        return asked is None or asked.last_confirmed is None or painter.shows(shown, observation)

    def observe(self, observation: Observation, *, disturbed: bool = False) -> None:
        """Take over a whole poll: what it found stands, whatever was hinted before.

        Where it was `disturbed` (something was told meanwhile, and another one follows), it takes no hint away, and
        what it changes is unconfirmed.
        """
        painter = self._painters[observation.konnektor.name]
        confirmed = painter.repainted(self._confirmed, observation)
        shown = self.picture.inventory
        returned = shown.konnektor(painter.konnektor)
        if returned is not None and returned.link_state is LinkState.DOWN:
            shown = without_sessions(shown, painter.contexts)
        self._tell(Teller(time=self._clock.now()).between(self._confirmed, confirmed))
        self._confirmed = confirmed
        found = painter.repainted(shown, observation)
        self._show(painter.doubted(found, shown) if disturbed else found)

    def link_failed(self, konnektor: str, failure: Failure) -> None:
        """Mark the link as down and say why; what was known of its things stays, as of last_confirmed."""
        before = self._confirmed
        self._confirmed = _down(self._confirmed, konnektor, failure)
        self._tell(Teller(time=self._clock.now()).between(before, self._confirmed))
        self._show(_down(self.picture.inventory, konnektor, failure))

    def observe_readers(self, seen: SeenReaders, devices: Sequence[UsbDevice]) -> None:
        """Take over how the box's own readers stand: pcscd's word and what is on the USB, at one moment."""
        now = self._clock.now()
        confirmed = self._readers.repainted(self._confirmed, seen, devices, now.date())
        self._tell(Teller(time=now).between(self._confirmed, confirmed))
        self._confirmed = confirmed
        self._show(self._readers.repainted(self.picture.inventory, seen, devices, now.date()))

    def notice(self, notice: Notice) -> bool:
        """Take a hint into the picture; True where a poll should confirm it.

        A hint on a terminal or handle that is not known changes nothing.
        """
        painter = self._painters.get(notice.konnektor)
        if painter is None:
            return False
        hints = Hints(painter=painter, teller=Teller(time=self._clock.now(), confirmed=False))
        hinted = hints.hinted(self.picture.inventory, notice)
        self._tell(hinted.events)
        self._show(hinted.inventory)
        for listener in tuple(self._listeners):
            listener(notice)
        return hinted.poll

    def pin_observed(self, card: str, state: PinState) -> None:
        """Keep what the Konnektor said of a PIN in a context (and user); a card that left meanwhile is no error."""
        known = self.picture.inventory.card(card)
        if known is None or state.context not in known.contexts:
            return
        before = _state(known, state.context, state.pin, state.user)
        others = tuple(_recounted(one, state) for one in known.pin_states if one != before)
        if before is None or before.status != state.status:
            self._tell([Teller(time=self._clock.now()).pin(known, state)])
        self._show(with_card(self.picture.inventory, replace(known, pin_states=_ordered([*others, state]))))

    def pin_forgotten(self, card: str, pin: Pin) -> None:
        """Forget what was known of a PIN in every context: an entry ended and nobody knows how."""
        known = self.picture.inventory.card(card)
        if known is not None:
            kept = tuple(state for state in known.pin_states if state.pin is not pin)
            self._show(with_card(self.picture.inventory, replace(known, pin_states=kept)))

    def _tell(self, events: Iterable[Event]) -> None:
        for event in events:
            self._events.add(event)

    def _show(self, inventory: Inventory) -> None:
        """Publish a changed inventory; a mere later confirmation is shown once a minute."""
        picture = self.picture
        if inventory != picture.inventory and not _only_confirmed(picture.inventory, inventory):
            self._newest.publish(Picture(version=picture.version + 1, inventory=inventory))


def _down(inventory: Inventory, name: str, failure: Failure) -> Inventory:
    known = inventory.konnektor(name) or Konnektor(name=name)
    down = replace(known, link_state=LinkState.DOWN, condition=failure, events_subscribed=False)
    return replace(inventory, konnektors=with_konnektor(inventory.konnektors, down))


def _state(card: Card, context: str, pin: Pin, user: str) -> PinState | None:
    key = (context, pin, user)
    return next((one for one in card.pin_states if (one.context, one.pin, one.user) == key), None)


def _recounted(other: PinState, news: PinState) -> PinState:
    """Return another context's state; its count is forgotten where the card's one counter is known to differ."""
    telling = news.attempts_left is not None or news.status is not PinStatus.VERIFIABLE
    stale = other.pin is news.pin and telling and other.attempts_left != news.attempts_left
    return replace(other, attempts_left=None) if stale else other


def _ordered(states: Iterable[PinState]) -> tuple[PinState, ...]:
    return tuple(sorted(states, key=lambda one: (one.context, one.pin.value, one.user)))


def _only_confirmed(before: Inventory, after: Inventory) -> bool:
    """True where nothing but a recent confirmation differs."""
    if replace(before, konnektors=()) != replace(after, konnektors=()):
        return False
    pairs = zip(before.konnektors, after.konnektors, strict=True)
    return all(replace(now, last_confirmed=then.last_confirmed) == then and _recent(then, now) for then, now in pairs)


def _recent(then: Konnektor, now: Konnektor) -> bool:
    if then.last_confirmed is None or now.last_confirmed is None:
        return then.last_confirmed is now.last_confirmed
    return now.last_confirmed - then.last_confirmed < CONFIRMATION_EVERY
