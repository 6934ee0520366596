"""What was called: the last operations with context, result and time, without any document or secret."""

from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from firmware_sim.world.context import Context

REMEMBERED = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class CallRecord:
    """One SOAP operation; `result` is "OK", "Warning", a code, or what a fault made of it."""

    operation: str
    namespace: str
    mandant: str
    client_system: str
    workplace: str
    with_user: bool
    result: str
    fault: str
    at: str
    seconds: float


@dataclass(kw_only=True, slots=True)
class CallLog:
    """The last calls of one Konnektor, newest last."""

    records: deque[CallRecord] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def add(self, root: str, context: Context, *, result: str, fault: str, at: str, seconds: float) -> None:
        namespace, _, operation = root.rpartition(":")
        self.records.append(
            CallRecord(
                operation=operation,
                namespace=namespace,
                mandant=context.mandant,
                client_system=context.client_system,
                workplace=context.workplace,
                with_user=bool(context.user),
                result=result,
                fault=fault,
                at=at,
                seconds=round(seconds, 3),
            )
        )

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(record) for record in self.records]
