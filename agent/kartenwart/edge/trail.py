"""What the edge writes into the audit: denials, and every call whose rule says so.

Denials are written up to a number per minute and caller; what is beyond is counted and told with the next that is
written, so that a flood cannot fill the disk nor hide itself.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from google.protobuf.message import Message

from kartenwart.domain.audit import AuditEntry
from kartenwart.domain.failures import Reason
from kartenwart.edge.call import Call
from kartenwart.edge.principals import Principal

DENIALS = frozenset(
    {
        Reason.UNAUTHENTICATED,
        Reason.REVOKED,
        Reason.ROLE_MISSING,
        Reason.OUT_OF_SCOPE,
        Reason.ENROLMENT_CLOSED,
        Reason.ENROLMENT_PROOF_INVALID,
        Reason.ENROLMENT_TOKEN_INVALID,
        Reason.ENROLMENT_ATTEMPTS_EXCEEDED,
    }
)
PER_MINUTE = 30
ALL_PER_MINUTE = 300
EVERYBODY = "*"
REMEMBERED = 512


class AuditLog(Protocol):
    """Where records go (operations/audit.py): durable when the call returns, WorldError where the disk refuses."""

    def record(self, entry: AuditEntry) -> Awaitable[object]:
        """Append."""
        ...


class Trail:
    """Writes what calls leave in the audit; `mandant_of`: a context's name -> its mandant, "" for an unknown one."""

    def __init__(
        self,
        *,
        audit: AuditLog,
        mandant_of: Callable[[str], str],
        monotonic: Callable[[], float],
        dropped: Callable[[], None],
    ) -> None:
        self._audit = audit
        self._mandant_of = mandant_of
        self._monotonic = monotonic
        self._dropped = dropped
        self._denied: OrderedDict[str, tuple[float, int]] = OrderedDict()

    async def done(self, call: Call, request: Message, response: Message | None, path: str, outcome: str) -> None:
        """Record an audited call with its outcome: "OK" or a reason."""
        subject, context = subject_of(path, request, response), getattr(request, "context", "")
        mandant = self._mandant(call.principal, context, response)
        await self._write(call.principal, call.method, subject, outcome, context, mandant, f"peer={call.peer}")

    async def denied(
        self, method: str, principal: Principal | None, peer: str, request: Message | None, path: str, reason: Reason
    ) -> None:
        """Record a denial, unless this caller has had its share of this minute."""
        key = principal.key if principal is not None else f"peer/{peer}"
        more = self._share(key, PER_MINUTE)
        if more is None or self._share(EVERYBODY, ALL_PER_MINUTE) is None:
            self._dropped()
            return
        subject = subject_of(path, request, None)
        context = getattr(request, "context", "")
        detail = f"peer={peer}" + (f" unrecorded={more}" if more else "")
        mandant = self._mandant(principal, context, None)
        await self._write(principal, method, subject, reason.value, context, mandant, detail)

    async def _write(
        self,
        principal: Principal | None,
        method: str,
        subject: str,
        outcome: str,
        context: str,
        mandant: str,
        detail: str,
    ) -> None:
        entry = AuditEntry(
            actor=principal.name if principal is not None else "anonymous",
            action=method,
            subject=subject,
            outcome=outcome,
            context=context,
            mandant=mandant,
            detail=detail,
        )
        await self._audit.record(entry)

    def _mandant(self, principal: Principal | None, context: str, response: Message | None) -> str:
        """Return whose record it is: of the context's mandant, the caller's only one, or the workstation's only one."""
        if context and (mandant := self._mandant_of(context)):
            return mandant
        mandants = principal.mandants if principal is not None else None
        mandants = mandants or frozenset(map(self._mandant_of, _reached(response)))
        return next(iter(mandants)) if len(mandants) == 1 else ""

    def _share(self, key: str, most: int) -> int | None:
        """Return how many denials went unrecorded before this one, or None where this one does too."""
        minute = self._monotonic() // 60
        started, count = self._denied.pop(key, (minute, 0))
        more = max(0, count - most)
        if started != minute:
            started, count = minute, 0
        else:
            more = 0
        self._denied[key] = (started, count + 1)
        if len(self._denied) > REMEMBERED:
            self._denied.popitem(last=False)
        return None if count >= most else more


def _reached(response: Message | None) -> tuple[str, ...]:
    """Return the contexts of a workstation that the box or nobody known has made or changed."""
    scope: Any = getattr(getattr(response, "workstation", None), "scope", None) or getattr(response, "scope", None)
    return tuple(scope.contexts) if scope is not None else ()


def subject_of(path: str, request: Message | None, response: Message | None) -> str:
    """Return what a call is about: the value at `path` in the request, or else in the response, or else ""."""
    for message in (request, response):
        found: Any = message
        for step in path.split(".") if path else ():
            found = getattr(found, step, None)
        if path and isinstance(found, str) and found:
            return found
    return ""
