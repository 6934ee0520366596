"""Time that does not go back over a restart: a box without a battery wakes up in the past after a power cut."""

from datetime import datetime, timedelta

from kartenwart.domain.clock import Clock
from kartenwart.domain.ports.store import FactStore

TOLERANCE = timedelta(minutes=5)


class TrustedTime:
    """A clock that never shows less than the latest time ever persisted, plus what has passed since the start.

    What the box issues and lets expire is reckoned by it. A clock that runs ahead once raises the mark too; only a
    technician can tell that apart.
    """

    def __init__(self, *, clock: Clock, facts: FactStore) -> None:
        self._clock = clock
        self._facts = facts
        self._mark = clock.now()
        self._started = clock.monotonic()

    async def load(self) -> None:
        """Read the persisted mark; call once before anything is issued."""
        kept = await self._facts.high_water()
        if kept is not None:
            self._mark = kept
            self._started = self._clock.monotonic()

    def now(self) -> datetime:
        """Return the time, UTC, never below the mark."""
        return max(self._clock.now(), self._at_least())

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return self._clock.monotonic()

    @property
    def clock_trusted(self) -> bool:
        """False while the machine's clock is behind a time that was seen before."""
        return self._clock.now() + TOLERANCE >= self._at_least()

    async def keep(self) -> None:
        """Make the present time the mark and persist it; called now and then, and before a certificate is issued."""
        self._mark, self._started = self.now(), self._clock.monotonic()
        await self._facts.raise_high_water(self._mark)

    def _at_least(self) -> datetime:
        return self._mark + timedelta(seconds=self._clock.monotonic() - self._started)
