"""Limits per principal: rate by class, calls and streams at a time. Memory is bounded: only so many are remembered.

A limit protects the box and the other callers; it is no quota. The numbers are far above what a workplace does.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Reason
from kartenwart.edge.policy import Rate

REMEMBERED = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """A token bucket: `burst` calls at once, refilled with `per_second`."""

    per_second: float
    burst: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The numbers, per principal (anonymous: per address)."""

    calls: int = 64
    streams: int = 32
    anonymous_calls: int = 4
    all_calls: int = 512
    all_streams: int = 512
    all_anonymous_calls: int = 32
    rates: Mapping[Rate, Allowance] = field(
        default_factory=lambda: {
            Rate.READ: Allowance(per_second=2000, burst=4000),
            Rate.CARD: Allowance(per_second=20, burst=40),
            Rate.CHANGE: Allowance(per_second=5, burst=60),
            Rate.TRANSFER: Allowance(per_second=200, burst=800),
            Rate.STREAM: Allowance(per_second=5, burst=40),
            Rate.EXCHANGE: Allowance(per_second=4, burst=20),
        }
    )


class LimitExceeded(CallerError):
    """LIMIT_EXCEEDED; `retry_after` in seconds, 0 where only the end of another call helps."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(failure(Reason.LIMIT_EXCEEDED))
        self.retry_after = retry_after


class _Usage:
    __slots__ = ("buckets", "calls", "streams")

    def __init__(self) -> None:
        self.calls = 0
        self.streams = 0
        self.buckets: dict[Rate, list[float]] = {}


class Limiter:
    """Counts what principals use. One loop, no locks; `monotonic` gives seconds that never go back."""

    def __init__(self, limits: Limits, monotonic: Callable[[], float]) -> None:
        self._limits = limits
        self._monotonic = monotonic
        self._usages: OrderedDict[str, _Usage] = OrderedDict()
        self._calls = {False: 0, True: 0}
        self._streams = 0

    @property
    def open_streams(self) -> int:
        """Return the number of streams at the moment."""
        return self._streams

    @contextmanager
    def call(self, key: str, rate: Rate) -> Iterator[None]:
        """Hold a place for a call, or raise LimitExceeded."""
        usage, stranger = self._usage(key), rate is Rate.EXCHANGE
        most, most_in_all = self._most(stranger=stranger)
        if usage.calls >= most or self._calls[stranger] >= most_in_all:
            raise LimitExceeded(1.0)
        self._take(usage, rate)
        usage.calls += 1
        self._calls[stranger] += 1
        try:
            yield
        finally:
            usage.calls -= 1
            self._calls[stranger] -= 1

    @contextmanager
    def stream(self, key: str) -> Iterator[None]:
        """Hold a place for a stream, or raise LimitExceeded."""
        usage = self._usage(key)
        if usage.streams >= self._limits.streams or self._streams >= self._limits.all_streams:
            raise LimitExceeded(5.0)
        self._take(usage, Rate.STREAM)
        usage.streams += 1
        self._streams += 1
        try:
            yield
        finally:
            usage.streams -= 1
            self._streams -= 1

    def _most(self, *, stranger: bool) -> tuple[int, int]:
        if stranger:  # a budget of their own: strangers never take the places of those we know
            return self._limits.anonymous_calls, self._limits.all_anonymous_calls
        return self._limits.calls, self._limits.all_calls

    def _usage(self, key: str) -> _Usage:
        usage = self._usages.get(key)
        if usage is None:
            usage = self._usages[key] = _Usage()
            self._forget()
        else:
            self._usages.move_to_end(key)
        return usage

    def _forget(self) -> None:
        """Drop those unused for longest; who has a call or a stream open is never dropped, and those are bounded."""
        if len(self._usages) <= REMEMBERED:
            return
        idle = [key for key, usage in self._usages.items() if not usage.calls and not usage.streams]
        for key in idle[: len(self._usages) - REMEMBERED]:
            del self._usages[key]

    def _take(self, usage: _Usage, rate: Rate) -> None:
        allowance = self._limits.rates[rate]
        now = self._monotonic()
        bucket = usage.buckets.get(rate)
        if bucket is None:
            usage.buckets[rate] = [allowance.burst - 1, now]
            return
        tokens = min(allowance.burst, bucket[0] + (now - bucket[1]) * allowance.per_second)
        bucket[1] = now
        if tokens < 1:
            bucket[0] = tokens
            raise LimitExceeded((1 - tokens) / allowance.per_second)
        bucket[0] = tokens - 1
