"""Comfort signature: sessions in which an HBA signs without asking for PIN.QES again, until count or time is up.

A session belongs to (client system, user, card handle). Source: gemSpec_Kon, TUC_KON_170 and following; A_19258,
A_19259. What happens when a call brings more documents than the session has left is ours: 4271, and the session ends.
"""

import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.configuration import ComfortConfiguration
from firmware_sim.world.context import Context
from firmware_sim.world.sessions import CardSessions

REMEMBERED = 1000


@dataclass(kw_only=True, slots=True)
class ComfortSession:
    """One session; `left` counts signatures."""

    handle: str
    client_system: str
    user: str = field(repr=False)
    left: int
    ends_at: datetime


class ComfortSignatures:
    """The comfort function of one Konnektor: its switch, its limits and its sessions."""

    def __init__(self, settings: ComfortConfiguration, sessions: CardSessions, now: Callable[[], datetime]) -> None:
        self.settings = settings
        self._card_sessions = sessions
        self._now = now
        self._sessions: list[ComfortSession] = []
        self._used: deque[str] = deque(maxlen=REMEMBERED)

    def __iter__(self) -> Iterator[ComfortSession]:
        self.expire()
        return iter(tuple(self._sessions))

    @property
    def used(self) -> tuple[str, ...]:
        """The UserIds of the last activations, in their canonical form."""
        return tuple(self._used)

    def administer(self, settings: ComfortConfiguration) -> None:
        """The administrator changed switch or limits; whoever switches it off ends all sessions."""
        self.settings = settings
        if not settings.enabled:
            self._end(lambda _: True)

    def check_activation(self, handle: str, user: str) -> None:
        """May a session be made? Raises 4263, 4272, 4270 and 4278; the UserId is used up from here on."""
        if not self.settings.enabled:
            raise KonnektorError(4263)
        canonical = _canonical(user)
        if canonical is None:
            raise KonnektorError(4272)
        if canonical in self._used:
            raise KonnektorError(4270)
        if sum(1 for one in self if one.handle == handle) >= self.settings.sessions:
            raise KonnektorError(4278)
        self._used.append(canonical)

    def activate(self, handle: str, client_system: str, user: str) -> ComfortSession:
        """Begin a session, after its PIN was right."""
        ends_at = self._now() + timedelta(seconds=self.settings.seconds)
        session = ComfortSession(
            handle=handle, client_system=client_system, user=user, left=self.settings.signatures, ends_at=ends_at
        )
        self._sessions.append(session)
        return session

    def of(self, handle: str, context: Context) -> ComfortSession | None:
        """The session of a caller, None where it has none."""
        owner = (handle, context.client_system, context.user)
        return next((one for one in self if (one.handle, one.client_system, one.user) == owner), None)

    def spend(self, handle: str, context: Context) -> None:
        """Count one signature; the last one ends the session. Raises 4271 where it has ended meanwhile."""
        session = self.of(handle, context)
        if session is None:
            raise KonnektorError(4271)
        session.left -= 1
        if session.left == 0:
            self._end(lambda one: one is session)

    def refuse_more_than_left(self, session: ComfortSession, documents: int) -> None:
        """Raises 4271, and ends the session, where a call brings more documents than it has left."""
        if documents > session.left:
            self._end(lambda one: one is session)
            raise KonnektorError(4271, "more documents than signatures left")

    def shorten(self, signatures: int | None, seconds: float | None) -> int:
        """Let all sessions have so much left, as if they had been used and time had passed; return their number."""
        sessions = list(self)
        for session in sessions:
            session.left = session.left if signatures is None else signatures
            session.ends_at = session.ends_at if seconds is None else self._now() + timedelta(seconds=seconds)
        self._end(lambda one: one.left < 1)
        return len(sessions)

    def end_of_card(self, handle: str) -> int:
        """End all sessions of a card, of all client systems; return how many there were."""
        self.expire()
        return self._end(lambda one: one.handle == handle)

    def end_all(self) -> None:
        """The Konnektor boots."""
        self._end(lambda _: True)

    def expire(self) -> None:
        """End what has lasted long enough."""
        now = self._now()
        self._end(lambda one: one.ends_at <= now)

    def _end(self, which: Callable[[ComfortSession], bool]) -> int:
        ended = [one for one in self._sessions if which(one)]
        self._sessions = [one for one in self._sessions if one not in ended]
        for comfort in ended:
            for session in self._card_sessions.of_card(comfort.handle):
                if (session.key.client_system, session.key.user) == (comfort.client_system, comfort.user):
                    session.verified.discard("PIN.QES")
        return len(ended)


def _canonical(user: str) -> str | None:
    """The UserId as a UUID of 128 bit in its usual form (RFC 4122), None where it is none."""
    try:
        read = str(uuid.UUID(user))
    except ValueError:
        return None
    return read if read == user.lower() else None
