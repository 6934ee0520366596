"""Numbers for Prometheus in a registry of our own. Labels are methods and reasons: no names, no personal data."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
LAGS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
LAG_PERIOD = 0.1
OK = "OK"


class Meter:
    """Counters of one method, with the label work done once."""

    def __init__(self, metrics: "Metrics", method: str) -> None:
        self._calls = metrics.calls
        self._method = method
        self._observe = metrics.seconds.labels(method).observe
        self._outcomes: dict[str, Callable[[], None]] = {}

    def count(self, outcome: str, started: float) -> None:
        """Count a call that began at `started` (perf_counter) with its outcome: "OK", a reason, or "CANCELLED"."""
        increment = self._outcomes.get(outcome)
        if increment is None:
            increment = self._outcomes[outcome] = self._calls.labels(self._method, outcome).inc
        increment()
        self._observe(perf_counter() - started)


class Metrics:
    """What the edge counts. `registry` takes further collectors of other rooms."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter(
            "kartenwart_calls", "Calls by method and outcome.", ["method", "outcome"], registry=self.registry
        )
        self.seconds = Histogram(
            "kartenwart_call_seconds", "Duration of calls.", ["method"], buckets=SECONDS, registry=self.registry
        )
        self.streams = Gauge("kartenwart_open_streams", "Streams open now.", registry=self.registry)
        self.lag = Histogram(
            "kartenwart_loop_lag_seconds", "Delay of the event loop.", buckets=LAGS, registry=self.registry
        )
        self.worst_lag = Gauge(
            "kartenwart_loop_lag_max_seconds", "Delay of the event loop, worst.", registry=self.registry
        )
        self.unaudited = Counter(
            "kartenwart_unaudited_denials", "Denials beyond what the audit takes per minute.", registry=self.registry
        )
        self.incidents = Counter("kartenwart_incidents", "Defects met while answering.", registry=self.registry)

    def meter(self, method: str) -> Meter:
        """Return the counters of a method."""
        return Meter(self, method)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return bytes(generate_latest(self.registry))

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
        loop, worst = asyncio.get_running_loop(), 0.0
        while True:
            due = loop.time() + LAG_PERIOD
            await asyncio.sleep(LAG_PERIOD)
            lag = max(0.0, loop.time() - due)
            worst = max(worst, lag)
            self.lag.observe(lag)
            self.worst_lag.set(worst)
