"""The way of a call: principal -> policy -> limits -> request -> validation -> scope -> service -> audit, metrics."""

import asyncio
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, Self, TypeVar

from google.protobuf.message import Message

from kartenwart.domain.catalogue import failure
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import AgentError, CallerError, Reason
from kartenwart.edge import timing
from kartenwart.edge.call import Call, Source
from kartenwart.edge.limits import Limiter, Limits
from kartenwart.edge.methods import CallerLeft, Method, Report, Sink, Violations, bind, known
from kartenwart.edge.metrics import OK, Meter, Metrics
from kartenwart.edge.policy import Rate, Rule
from kartenwart.edge.principals import Kind, Principal, Principals
from kartenwart.edge.refusals import Refused, refusal, unexpected
from kartenwart.edge.scope import admit_scope
from kartenwart.edge.shared import Reply
from kartenwart.edge.trail import DENIALS, AuditLog, Trail
from kartenwart.edge.visits import Visits

LONGEST_CALL = 60.0
DEFAULT_CALL = 30.0
GRACE = 5.0

T = TypeVar("T")


@dataclass(slots=True)
class _Attempt:
    """What is known of a call so far; `recorded` once the audit gets a record however it ends."""

    principal: Principal | None = None
    request: Message | None = None
    recorded: bool = False


class Edge:
    """What rpc and door share; `async with` watches the loop, and ends what is under way when it is left.

    `principals` finds who calls; `mandant_of`: a context's name -> its mandant, "" for an unknown one; `report` writes
    the journal, `grace` is how many seconds a stop waits for changes under way.
    """

    def __init__(
        self,
        *,
        principals: Principals,
        audit: AuditLog,
        mandant_of: Callable[[str], str],
        clock: Clock,
        report: Report,
        limits: Limits | None = None,
        metrics: Metrics | None = None,
        grace: float = GRACE,
    ) -> None:
        self.principals = principals
        self.metrics = metrics or Metrics()
        self.visits = Visits(clock)
        self.methods: Mapping[str, Method] = known(self.metrics)
        self._clock = clock
        self._grace = grace
        self._report = report
        self._limiter = Limiter(limits or Limits(), clock.monotonic)
        self._trail = Trail(
            audit=audit,
            mandant_of=mandant_of,
            monotonic=clock.monotonic,
            dropped=self.metrics.unaudited.inc,
        )
        self._running: set[asyncio.Task[Message]] = set()
        self._lifetime = AsyncExitStack()
        self.metrics.streams = lambda: self._limiter.open_streams
        principals.on_rights_changed(self.visits.rights_changed)

    async def __aenter__(self) -> Self:
        await self._lifetime.enter_async_context(self.metrics.watching_the_loop())
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.end_visits()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=self._grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._lifetime.aclose()

    def end_visits(self) -> None:
        """End all calls and streams because the agent stops; their callers are told AGENT_UNAVAILABLE."""
        self.visits.end_all()

    def bind(self, services: Mapping[str, object], violations: Violations | None = None) -> None:
        """Let these services (edge/services) answer from now on; `violations`: edge/validation.py's, needed for fields.

        Those whose service is not there yet are admitted or refused as ever, and who is admitted waits for it.
        """
        bind(self.methods, services, violations)

    async def unary(self, method: Method, source: Source, seconds: float | None) -> Reply:
        """Answer a call within `seconds` (None: 30; at most 60), or raise Refused."""
        limit, times = min(LONGEST_CALL, DEFAULT_CALL if seconds is None else seconds), timing.begin()
        try:
            return await self._counted(method, source, partial(self._unary, method, source, limit))
        finally:
            method.meter.spent(times)

    async def stream(self, method: Method, source: Source, seconds: float | None, sink: Sink) -> None:
        """Pour a stream into the sink until it or the caller's deadline ends, or raise Refused."""
        await self._counted(method, source, partial(self._stream, method, source, seconds, sink))

    async def guarded(self, name: str, rule: Rule, meter: Meter, source: Source, work: Callable[[], Awaitable[T]]) -> T:
        """Carry out what is no RPC of ours (health, reflection, metrics) under the same admission, or raise Refused."""
        method = Method(name=name, rule=rule, meter=meter)
        place = self._limiter.stream if rule.rate is Rate.STREAM else partial(self._limiter.call, rate=rule.rate)

        async def admitted(attempt: _Attempt) -> T:
            principal = self._admit(method, source, attempt)
            with place(principal.key):
                async with self.visits.hold(principal, None if rule.rate is Rate.STREAM else LONGEST_CALL):
                    return await work()

        return await self._counted(method, source, admitted)

    async def _unary(self, method: Method, source: Source, seconds: float, attempt: _Attempt) -> Reply:
        principal = self._admit(method, source, attempt)
        with self._limiter.call(principal.key, method.rule.rate):
            async with self.visits.hold(principal, seconds):
                request = await self._receive(method, source, attempt)
                call = self._call(method, source, principal, seconds)
                if method.rule.audited:
                    attempt.recorded = not method.rule.unauthenticated
                    return await self._to_the_end(method, request, call)
                reply: Reply = await method.handler(request, call)
                return reply

    async def _stream(
        self, method: Method, source: Source, seconds: float | None, sink: Sink, attempt: _Attempt
    ) -> None:
        principal = self._admit(method, source, attempt)
        with self._limiter.stream(principal.key):
            async with self.visits.hold(principal, seconds):
                request = await self._receive(method, source, attempt)
                call = self._call(method, source, principal, seconds)
                await sink.open()
                replies: AsyncGenerator[Reply, None] = method.handler(request, call)
                async with aclosing(replies) as pouring:
                    async for reply in pouring:
                        await sink.send(reply)

    def _admit(self, method: Method, source: Source, attempt: _Attempt) -> Principal:
        principal = attempt.principal = source.principal()
        rule = method.rule
        if rule.unauthenticated:
            return principal
        if principal.role is None:
            raise CallerError(failure(Reason.UNAUTHENTICATED))
        if principal.role not in rule.roles or (rule.certificate_only and principal.kind is not Kind.CERTIFICATE):
            raise CallerError(failure(Reason.ROLE_MISSING))
        return principal

    async def _receive(self, method: Method, source: Source, attempt: _Attempt) -> Any:
        await method.there.wait()
        request = await source.request(method.request, method.rule.max_bytes)
        found = method.violations(request)
        if found:
            raise CallerError(failure(Reason.INVALID_ARGUMENT), found)
        attempt.request = request
        principal = attempt.principal
        if method.rule.scope and principal is not None:
            admit_scope(request, method.rule.scope, principal.scope)
        return request

    def _call(self, method: Method, source: Source, principal: Principal, seconds: float | None) -> Call:
        return Call(method=method.name, principal=principal, peer=source.peer, seconds=seconds, time=self._clock.now())

    async def _to_the_end(self, method: Method, request: Message, call: Call) -> Message:
        """Carry out and record in a task of its own: a caller that leaves must not leave half a change behind."""
        task = asyncio.create_task(self._audited(method, request, call))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Message]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # seen: whoever still waits gets it too

    async def _audited(self, method: Method, request: Message, call: Call) -> Message:
        path = method.rule.subject
        try:
            response: Message = await method.handler(request, call)
        except Exception as error:
            if not method.rule.unauthenticated:  # a stranger's failures are denials, which are bounded
                reason = error.failure.reason if isinstance(error, AgentError) else Reason.INTERNAL
                await self._trail.done(call, request, None, path, reason.value)
            raise
        await self._trail.done(call, request, response, path, OK)
        return response

    async def _counted(self, method: Method, source: Source, work: Callable[[_Attempt], Awaitable[T]]) -> T:
        started, attempt = perf_counter(), _Attempt()
        try:
            result = await work(attempt)
        except (asyncio.CancelledError, CallerLeft):
            method.meter.count(Reason.CANCELLED, started)
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer in our shape
            refused = await self._refusal(method, source, attempt, error)
            method.meter.count(refused.reason, started)
            raise refused from None
        method.meter.count(OK, started)
        return result

    async def _refusal(self, method: Method, source: Source, attempt: _Attempt, error: Exception) -> Refused:
        if not isinstance(error, AgentError):
            return self._incident(method, error)
        refused = refusal(error)
        if refused.reason in DENIALS and not attempt.recorded:
            await self._record_denial(method, source, attempt, refused.reason)
        return refused

    async def _record_denial(self, method: Method, source: Source, attempt: _Attempt, reason: Reason) -> None:
        try:
            await self._trail.denied(
                method.name, attempt.principal, source.peer, attempt.request, method.rule.subject, reason
            )
        except AgentError as error:
            self._report("denial_not_recorded", level="error", method=method.name, reason=error.failure.reason.value)

    def _incident(self, method: Method, error: Exception) -> Refused:
        """Log a defect by type and place only: messages and arguments may carry what must not be logged."""
        refused, incident = unexpected()
        places = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
        self.metrics.incidents.inc()
        self._report(
            "incident",
            level="error",
            incident=incident,
            method=method.name,
            kind=type(error).__name__,
            places=places[-12:],
        )
        return refused
