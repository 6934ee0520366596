"""Comfort sessions of this box: their secret UserIds, in memory only. A restart forgets them, a Konnektor does not.

From the activation on, every operation on that card by that user in that client system goes under the session's
UserId (A_19259-02), also after the session has ended: under another one the Konnektor would answer 4018 until the card
is put in again, which gives it another handle and makes the entry meaningless.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from kartenwart.domain.clock import Clock
from kartenwart.domain.comfort import EndWarning, SignatureMode
from kartenwart.domain.events import Event, EventType
from kartenwart.domain.inventory import Card, Context
from kartenwart.operations.events import EventRing

Key = tuple[str, str, str, str]


@dataclass(slots=True, kw_only=True)
class OwnSession:
    """One session as last told: `ends_at` None where none lasts; `warned` once its end has been announced."""

    card: str
    handle: str
    user: str
    context: Context
    user_id: str = field(repr=False)
    left: int = 0
    ends_at: datetime | None = None
    warned: bool = False


class ComfortSessions:
    """Which UserId counts for whom on which card, and what is left of each session as far as last told."""

    def __init__(self, *, clock: Clock, events: EventRing | None = None, warning: EndWarning | None = None) -> None:
        self._clock = clock
        self._events = events
        self._warning = warning or EndWarning()
        self._sessions: dict[Key, OwnSession] = {}

    def __iter__(self) -> Iterator[OwnSession]:
        return iter(tuple(self._sessions.values()))

    def user_id(self, context: Context, handle: str, user: str) -> str | None:
        """Return the secret under which the user acts on the card, None where no activation made one."""
        found = self._sessions.get(_key(context, handle, user))
        return found.user_id if found else None

    def own(self, context: Context, handle: str, user: str) -> OwnSession | None:
        """Return what is known of the user's session on a card, None where this box began none."""
        return self._sessions.get(_key(context, handle, user))

    def begin(self, card: Card, context: Context, handle: str, user: str, user_id: str) -> None:
        """Let a UserId count from now on: before its activation goes out, for nobody may know how that ends."""
        former = [key for key, one in self._sessions.items() if (one.card, one.user) == (card.name, user)]
        for key in former:
            if key[2] != handle:  # of an earlier insertion: that handle never comes back
                del self._sessions[key]
        self._sessions[_key(context, handle, user)] = OwnSession(
            card=card.name, handle=handle, user=user, context=context, user_id=user_id
        )

    def undo(self, context: Context, handle: str, user: str, before: OwnSession | None) -> None:
        """An activation has certainly not happened: what counted before counts again."""
        if before is None:
            self._sessions.pop(_key(context, handle, user), None)
        else:
            self._sessions[_key(context, handle, user)] = before

    def learnt(self, context: Context, handle: str, user: str, mode: SignatureMode) -> None:
        """Take what the Konnektor told of the session; a session that ended or will end soon is announced once."""
        session = self.own(context, handle, user)
        if session is None:
            return
        if mode.session is None:
            self._end(session)
            return
        session.left = mode.session.signatures_left
        session.ends_at = self._clock.now() + mode.session.time_left
        self._warn(session)

    def spent(self, context: Context, handle: str, user: str, signatures: int) -> int:
        """Count signatures that a session has just given; return how many are left."""
        session = self.own(context, handle, user)
        if session is None or session.ends_at is None:
            return 0
        session.left = max(0, session.left - signatures)
        if session.left == 0:
            self._end(session)
        else:
            self._warn(session)
        return session.left

    def look(self, handles: Container[str]) -> None:
        """Announce what time and hands bring: called now and then; `handles` are those of all cards that are there."""
        for session in self:
            if session.ends_at is None:
                continue
            if session.ends_at <= self._clock.now() or session.handle not in handles:
                self._end(session)
            else:
                self._warn(session)

    def all_ended(self, konnektor: str, handle: str) -> None:
        """Learn that no session of a card lasts any more, whoever ended them."""
        for session in self:
            if (session.context.konnektor, session.handle) == (konnektor, handle):
                self._end(session)

    def ends_soon(self, mode: SignatureMode) -> bool:
        """True where a session lasts and its end is near."""
        told = mode.session
        return told is not None and self._warning.is_due(told.signatures_left, told.time_left)

    def _warn(self, session: OwnSession) -> None:
        if session.ends_at is None or session.warned:
            return
        left: timedelta = session.ends_at - self._clock.now()
        if self._warning.is_due(session.left, left):
            session.warned = True
            self._tell(EventType.COMFORT_SIGNATURE_ENDING, session)

    def _end(self, session: OwnSession) -> None:
        if session.ends_at is not None:
            session.ends_at, session.left = None, 0
            self._tell(EventType.COMFORT_SIGNATURE_ENDED, session)

    def _tell(self, kind: EventType, session: OwnSession) -> None:
        if self._events is not None:
            self._events.add(
                Event(
                    type=kind,
                    time=self._clock.now(),
                    subject=session.card,
                    konnektor=session.context.konnektor,
                    context=session.context.name,
                    contexts=frozenset({session.context.name}),
                )
            )


def fresh_user_id() -> str:
    """Return a UserId for one activation: a random UUID, as A_19258 wants it."""
    return str(uuid4())


def _key(context: Context, handle: str, user: str) -> Key:
    return (context.konnektor, context.client_system, handle, user)
