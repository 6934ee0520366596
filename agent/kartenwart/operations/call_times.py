"""Where the time of a call that starts no job goes: the start loads this, so it stands apart from the stopwatch."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class CallTimes:
    """What a call that starts no job spends, in seconds: waiting for its turn, and at the Konnektor and the card."""

    calls: int = 0
    queue: float = 0.0
    konnektor: float = 0.0

    @property
    def parts(self) -> tuple[tuple[str, float], ...]:
        """Return the parts by name."""
        return ("queue", self.queue), ("konnektor", self.konnektor)


call_times: ContextVar[CallTimes | None] = ContextVar("call_times", default=None)
