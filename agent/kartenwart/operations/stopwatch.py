"""Where the time of a job goes: our queue, the Konnektor and the card, the person at the pad, our checks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto

from kartenwart.domain.jobs import JobStep, JobTimes


class Part(Enum):
    """A stretch of a job."""

    QUEUE = auto()
    CHECKS = auto()
    WIRE = auto()


class Stopwatch:
    """Adds up the parts of one job by a monotonic clock in seconds.

    The person's part is what lies between the Konnektor's events of begin and end of a PIN entry, or between begin
    and the answer; without such events it is unknown, and stands with the Konnektor's.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._seconds = dict.fromkeys(Part, 0.0)
        self._person: float | None = None
        self._entry_since: float | None = None

    @contextmanager
    def measuring(self, part: Part) -> Iterator[None]:
        """Add the time of the block to a part."""
        since = self._monotonic()
        try:
            yield
        finally:
            self._entry_ended()
            self._seconds[part] += self._monotonic() - since

    def saw(self, step: JobStep, *, expected: bool) -> None:
        """Take note of a step that the Konnektor told of."""
        if step is JobStep.PIN_ENTRY and not expected:
            self._entry_ended()
            self._entry_since = self._monotonic()
        if step is JobStep.PIN_ENTRY_FINISHED:
            self._entry_ended()

    @property
    def times(self) -> JobTimes:
        """Return the parts in milliseconds."""
        person = self._person or 0.0
        return JobTimes(
            queue=_ms(self._seconds[Part.QUEUE]),
            konnektor=_ms(max(self._seconds[Part.WIRE] - person, 0.0)),
            person=None if self._person is None else _ms(person),
            checks=_ms(self._seconds[Part.CHECKS]),
        )

    def _entry_ended(self) -> None:
        if self._entry_since is not None:
            self._person = (self._person or 0.0) + self._monotonic() - self._entry_since
            self._entry_since = None


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
