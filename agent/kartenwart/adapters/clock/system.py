"""The machine's clock as it is: after a power cut it may stand in the past, and the operations reckon with that."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Fulfils the port Clock."""

    def now(self) -> datetime:
        """Return the wall-clock time, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back; they mean something only within this process."""
        return time.monotonic()
