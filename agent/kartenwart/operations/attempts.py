"""How often somebody may try: by name and in all, in a sliding time, in bounded memory."""

from collections import OrderedDict, deque

from kartenwart.domain.catalogue import refused
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import Reason

REMEMBERED = 1024


class Attempts:
    """Counts attempts of the last `seconds`; above a limit CallerError ENROLMENT_ATTEMPTS_EXCEEDED."""

    def __init__(self, *, clock: Clock, each: int, total: int, seconds: float = 600.0) -> None:
        self._clock = clock
        self._each = each
        self._seconds = seconds
        self._all: deque[float] = deque(maxlen=total)
        self._by_name: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, name: str) -> None:
        """Refuse where the limit is reached; counts nothing."""
        own = self._by_name.get(name)
        if self._full(self._all) or (own is not None and self._full(own)):
            raise refused(Reason.ENROLMENT_ATTEMPTS_EXCEEDED)

    def count(self, name: str) -> None:
        """Count an attempt; whoever has not tried for longest is forgotten first."""
        now = self._clock.monotonic()
        self._all.append(now)
        self._by_name.setdefault(name, deque(maxlen=self._each)).append(now)
        self._by_name.move_to_end(name)
        if len(self._by_name) > REMEMBERED:
            self._by_name.popitem(last=False)

    def _full(self, times: deque[float]) -> bool:
        """True where as many attempts as allowed are younger than the time."""
        return len(times) == times.maxlen and self._clock.monotonic() - times[0] < self._seconds
