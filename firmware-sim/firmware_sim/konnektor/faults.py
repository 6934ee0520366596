"""Faults that a tester plans for coming calls."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

FaultKind = Literal[
    "soap_fault", "delay", "cut", "silent", "garbage", "http_status", "corrupt_signature", "wrong_status"
]
# These happen in place of the operation unless the plan says otherwise; the others spoil an operation that ran.
_INSTEAD = ("soap_fault", "silent", "garbage", "http_status")


class FaultError(ValueError):
    """A fault that cannot be planned; the text says what is possible."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One planned fault.

    `seconds` for delay and silent, `bytes` of the answer for cut, `code`, `text`, `severity`, `error_type` for
    soap_fault and wrong_status, `status` for http_status, `document` for corrupt_signature (1 is the first of a call,
    0 all). `execute`: does the operation run (None: as usual for the kind)? `times` is how often, -1 for always.
    """

    operation: str
    kind: FaultKind
    times: int = 1
    seconds: float = 5.0
    bytes: int = 0
    code: int = 4001
    text: str = ""
    severity: str = ""
    error_type: str = ""
    status: int = 500
    document: int = 0
    execute: bool | None = None

    @property
    def runs(self) -> bool:
        """True when the operation itself is carried out."""
        return self.kind not in _INSTEAD if self.execute is None else self.execute


class FaultPlan:
    """The faults that wait for their operation, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return iter(tuple(self._waiting))

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def clear(self) -> None:
        self._waiting.clear()

    def take(self, operation: str) -> Fault | None:
        """The next fault for this operation, used up once."""
        for index, fault in enumerate(self._waiting):
            if fault.operation in ("*", operation):
                left = dataclasses.replace(fault, times=fault.times - 1)
                self._waiting[index : index + 1] = [fault] if fault.times < 0 else [left] if left.times else []
                return fault
        return None


def read_fault(document: dict[str, Any]) -> Fault:
    """A fault from the control door's JSON. Raises `FaultError`."""
    fields = {field.name: field for field in dataclasses.fields(Fault)}
    unknown = sorted(set(document) - set(fields))
    if unknown:
        raise FaultError(f"unknown key {', '.join(unknown)}; known are {', '.join(fields)}")
    if document.get("kind") not in get_args(FaultKind) or not isinstance(document.get("operation"), str):
        raise FaultError(f'"operation" (a name or "*") and "kind" ({", ".join(get_args(FaultKind))}) are needed')
    for name in ("times", "seconds", "bytes", "code", "status", "document"):
        if name in document and not isinstance(document[name], int | float):
            raise FaultError(f'"{name}" is a number')
    return Fault(**document)
