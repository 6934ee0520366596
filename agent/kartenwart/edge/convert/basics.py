"""What every message is made of: times, durations, enums."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

E = TypeVar("E", bound=StrEnum)


def timestamp(time: datetime | None) -> Timestamp | None:
    """Return the message for an aware time; None stays None, which leaves a field absent."""
    if time is None:
        return None
    message = Timestamp()
    message.FromDatetime(time.astimezone(UTC))
    return message


def milliseconds(count: int | None) -> Duration | None:
    """Return the message for so many milliseconds; None stays None, which leaves a field absent."""
    if count is None:
        return None
    message = Duration()
    message.FromMilliseconds(count)
    return message


def seconds(duration: Duration) -> float:
    """Return a duration in seconds; an absent one is 0."""
    return duration.seconds + duration.nanos / 1e9


class EnumTable:
    """One enum of the contract beside its domain twin: `PREFIX_NAME` <-> `NAME`.

    Built once; a domain value without a twin stops the import, so neither side can grow alone.
    """

    def __init__(self, wire: Any, prefix: str, twin: type[StrEnum]) -> None:
        self._to_wire = {member: wire.Value(f"{prefix}_{member.value}") for member in twin}
        self._to_domain = {number: member for member, number in self._to_wire.items()}

    def number(self, member: StrEnum) -> Any:
        """Return the number on the wire (each enum of the stubs has an int type of its own, hence Any)."""
        return self._to_wire[member]

    def member(self, number: int, twin: type[E]) -> E | None:
        """Return the domain value, or None for unspecified."""
        found = self._to_domain.get(number)
        return twin(found.value) if found is not None else None

    def required(self, number: int, twin: type[E]) -> E:
        """Return the domain value; ValueError for unspecified, which validation has refused before."""
        found = self.member(number, twin)
        if found is None:
            raise ValueError(f"{twin.__name__} is unspecified")
        return found
