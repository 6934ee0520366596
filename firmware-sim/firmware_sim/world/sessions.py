"""Card sessions: the state "verified" belongs to a session, never to the card (TIP1-A_4560, TUC_KON_026)."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionKey:
    """Whose session it is: `user` counts for HBAs only, `workplace` for eGKs only (else empty)."""

    handle: str
    mandant: str
    client_system: str
    user: str = ""
    workplace: str = ""


@dataclass(kw_only=True, slots=True)
class CardSession:
    """A session with the PINs verified in it."""

    key: SessionKey
    verified: set[str] = field(default_factory=set)


class CardSessions:
    """All sessions of one Konnektor; they end with the card's removal or the Konnektor's boot."""

    def __init__(self) -> None:
        self._sessions: dict[SessionKey, CardSession] = {}

    def __iter__(self) -> Iterator[CardSession]:
        return iter(tuple(self._sessions.values()))

    def open(self, key: SessionKey) -> CardSession:
        """The session with this key, made when it is the first time."""
        return self._sessions.setdefault(key, CardSession(key=key))

    def close(self, key: SessionKey) -> None:
        """End one session."""
        self._sessions.pop(key, None)

    def of_card(self, handle: str) -> list[CardSession]:
        return [session for session in self if session.key.handle == handle]

    def drop_card(self, handle: str) -> None:
        self._sessions = {key: session for key, session in self._sessions.items() if key.handle != handle}

    def drop_all(self) -> None:
        self._sessions.clear()
