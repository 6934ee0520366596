"""Numbers for Prometheus, counted on the loop. Labels are methods and reasons: no names, no personal data.

Counting is ours and small; prometheus-client writes what was counted, and is loaded only with the door that serves it.
"""

import asyncio
from bisect import bisect_left
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from itertools import accumulate
from time import perf_counter
from typing import TYPE_CHECKING, Any

from kartenwart.operations.call_times import CallTimes

if TYPE_CHECKING:
    from kartenwart.domain.jobs import Job

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
JOB_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 25, 30, 45, 60, 120, 300)
LAGS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
LAG_PERIOD = 0.1
OK = "OK"


class Count:
    """A number that only grows."""

    def __init__(self) -> None:
        self.value = 0

    def inc(self) -> None:
        """Add one."""
        self.value += 1


class Spread:
    """How values spread over buckets with these upper bounds; the last bucket has none."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def buckets(self) -> list[tuple[str, float]]:
        """Return as Prometheus has it: each upper bound with the count of all values up to it."""
        names = (*(str(float(bound)) for bound in self._bounds), "+Inf")
        return [(name, float(count)) for name, count in zip(names, accumulate(self._counts), strict=True)]


class Meter:
    """Counters of one method."""

    def __init__(self) -> None:
        self.outcomes: defaultdict[str, Count] = defaultdict(Count)
        self.seconds = Spread(SECONDS)
        self.parts: defaultdict[str, Spread] = defaultdict(lambda: Spread(SECONDS))

    def count(self, outcome: str, started: float) -> None:
        """Count a call that began at `started` (perf_counter) with its outcome: "OK", a reason, or "CANCELLED"."""
        self.outcomes[outcome].inc()
        self.seconds.observe(perf_counter() - started)

    def spent(self, times: CallTimes) -> None:
        """Count where the time of a call went that asked a card."""
        for part, seconds in times.parts if times.calls else ():
            self.parts[part].observe(seconds)


class Metrics:
    """What the edge counts; `streams` says how many are open."""

    def __init__(self) -> None:
        self.unaudited, self.incidents = Count(), Count()
        self.lag, self.worst_lag = Spread(LAGS), 0.0
        self.streams: Callable[[], int] = int
        self._meters: defaultdict[str, Meter] = defaultdict(Meter)
        self._jobs: defaultdict[tuple[str, str], Spread] = defaultdict(lambda: Spread(JOB_SECONDS))

    def meter(self, method: str) -> Meter:
        """Return the counters of a method."""
        return self._meters[method]

    async def job_ended(self, job: "Job") -> None:
        """Count where the time of a job went; a part that nobody told is not counted."""
        for part, milliseconds in asdict(job.times).items():
            if milliseconds is not None:
                self._jobs[job.kind.value, part].observe(milliseconds / 1000)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        from prometheus_client import generate_latest

        return bytes(generate_latest(self))

    def collect(self) -> Iterator[Any]:
        """Yield the families of numbers (prometheus-client's protocol of a collector)."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        calls = CounterMetricFamily("kartenwart_calls", "Calls by method and outcome.", labels=["method", "outcome"])
        seconds = HistogramMetricFamily("kartenwart_call_seconds", "Duration of calls.", labels=["method"])
        parts = HistogramMetricFamily(
            "kartenwart_card_call_seconds", "Duration of calls that asked a card, by part.", labels=["method", "part"]
        )
        for method, meter in self._meters.items():
            seconds.add_metric([method], meter.seconds.buckets(), meter.seconds.sum)
            for outcome, count in meter.outcomes.items():
                calls.add_metric([method, outcome], count.value)
            for part, spread in meter.parts.items():
                parts.add_metric([method, part], spread.buckets(), spread.sum)
        yield calls
        yield seconds
        yield parts
        jobs = HistogramMetricFamily("kartenwart_job_seconds", "Duration of jobs by part.", labels=["kind", "part"])
        for labels, spread in self._jobs.items():
            jobs.add_metric(labels, spread.buckets(), spread.sum)
        yield jobs
        yield GaugeMetricFamily("kartenwart_open_streams", "Streams open now.", value=self.streams())
        lag = HistogramMetricFamily("kartenwart_loop_lag_seconds", "Delay of the event loop.")
        lag.add_metric([], self.lag.buckets(), self.lag.sum)
        yield lag
        worst = "Delay of the event loop, worst."
        yield GaugeMetricFamily("kartenwart_loop_lag_max_seconds", worst, value=self.worst_lag)
        unaudited = "Denials beyond what the audit takes per minute."
        yield CounterMetricFamily("kartenwart_unaudited_denials", unaudited, value=self.unaudited.value)
        incidents = "Defects met while answering."
        yield CounterMetricFamily("kartenwart_incidents", incidents, value=self.incidents.value)

    @asynccontextmanager
    async def watching_the_loop(self) -> AsyncIterator[None]:
        """Measure how late the loop is, ten times a second, while the context is open."""
        task = asyncio.create_task(self._watch(), name="loop-lag")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_PERIOD
            await asyncio.sleep(LAG_PERIOD)
            lag = max(0.0, loop.time() - due)
            self.worst_lag = max(self.worst_lag, lag)
            self.lag.observe(lag)
