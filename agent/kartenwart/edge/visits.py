"""Calls and streams that are under way, so that they can be ended at once: deadline, revocation, expiry, stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from kartenwart.domain.catalogue import failure
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import AgentError, CallerError, Reason, RetryClass, WorldError
from kartenwart.domain.principals import Workstation
from kartenwart.edge.principals import Principal

LONGEST_TIMER = 60.0


class _Visit:
    __slots__ = ("error", "principal", "scope", "timer")

    def __init__(self, principal: Principal, scope: asyncio.Timeout) -> None:
        self.principal = principal
        self.scope = scope
        self.error: AgentError | None = None
        self.timer: asyncio.TimerHandle | None = None

    def end(self, error: AgentError) -> None:
        if self.error is None and not self.scope.expired():
            self.error = error
            self.scope.reschedule(asyncio.get_running_loop().time())


class Visits:
    """Who is here now. Bounded by the limits, under which each visit begins."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_name: dict[str, set[_Visit]] = {}

    @asynccontextmanager
    async def hold(self, principal: Principal, seconds: float | None) -> AsyncIterator[None]:
        """Be here for at most `seconds` (None: without end).

        Ends with WorldError DEADLINE_EXCEEDED or AGENT_UNAVAILABLE, or with CallerError REVOKED, UNAUTHENTICATED
        (expired) or CONFLICT (rights changed: call again).
        """
        visit: _Visit | None = None
        scope = asyncio.timeout(seconds)
        try:
            async with scope:
                visit = _Visit(principal, scope)
                self._begin(visit, lasting=seconds is None or seconds > LONGEST_TIMER)
                try:
                    yield
                finally:
                    self._finish(visit)
        except TimeoutError:
            if visit is not None and visit.error is not None:
                raise visit.error from None
            if scope.expired():
                raise WorldError(failure(Reason.DEADLINE_EXCEEDED), sent=False) from None
            raise

    def rights_changed(self, workstation: Workstation) -> None:
        """End what the workstation has under way where it is revoked or its role or scope is another."""
        for visit in list(self._by_name.get(workstation.name, ())):
            if workstation.revoked_at is not None:
                visit.end(CallerError(failure(Reason.REVOKED)))
            elif (workstation.role, workstation.scope) != (visit.principal.role, visit.principal.scope):
                visit.end(_changed())

    def end_all(self) -> None:
        """End everything because the agent stops."""
        for visits in list(self._by_name.values()):
            for visit in list(visits):
                visit.end(WorldError(failure(Reason.AGENT_UNAVAILABLE), sent=False))

    def _begin(self, visit: _Visit, *, lasting: bool) -> None:
        self._by_name.setdefault(visit.principal.name, set()).add(visit)
        if lasting:
            self._watch_expiry(visit)

    def _finish(self, visit: _Visit) -> None:
        if visit.timer is not None:
            visit.timer.cancel()
        visits = self._by_name[visit.principal.name]
        visits.discard(visit)
        if not visits:
            del self._by_name[visit.principal.name]

    def _watch_expiry(self, visit: _Visit) -> None:
        """End a stream when its principal expires; look again each minute, for the clock may be set."""
        if visit.principal.expires_at is None:
            return
        left = (visit.principal.expires_at - self._clock.now()).total_seconds()
        if left <= 0:
            visit.end(CallerError(failure(Reason.UNAUTHENTICATED)))
            return
        loop = asyncio.get_running_loop()
        visit.timer = loop.call_later(min(left, LONGEST_TIMER), self._watch_expiry, visit)


def _changed() -> CallerError:
    words = failure(Reason.CONFLICT)
    return CallerError(
        replace(
            words,
            title="Die Rechte dieses Arbeitsplatzes wurden geändert.",
            next_step="Die Verbindung wird mit den neuen Rechten neu aufgebaut; es ist nichts zu tun.",
            retry=RetryClass.LATER,
        )
    )
