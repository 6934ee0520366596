"""The clock as a port: what the agent does depends on time only through it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time as the agent sees it."""

    def now(self) -> datetime:
        """Return the wall-clock time, timezone-aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...
