"""Faults and warnings as values: every Trace is kept (tel/error v2.0), the gematik code is the last one's."""

from dataclasses import dataclass, field
from datetime import datetime

from kartenwart.codecs.soap.namespaces import COMMON, ERROR
from kartenwart.codecs.soap.xml import Element, optional_text
from kartenwart.codecs.times import read_datetime

_TRACES_READ = 32
# The words of the specifications. The schema allows any text there, and text of a device may name persons.
_SEVERITIES = frozenset({"info", "warning", "error", "fatal"})
_ERROR_TYPES = frozenset({"technical", "security", "business", "infrastructure", "operation", "other"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One level of an error; `text` is the device's and may name persons, so it has no repr."""

    code: int
    severity: str
    error_type: str
    component: str
    text: str = field(repr=False)
    detail: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An error as the Konnektor reported it, in a SOAP fault or in the Status of an answer.

    `traces` in the order of the wire: vendor codes first, the gematik code last. Without traces (a fault of
    some proxy or of the SOAP stack) `code` is 0.
    """

    traces: tuple[Trace, ...]
    message_id: str = ""
    timestamp: datetime | None = None

    @property
    def code(self) -> int:
        """Return the gematik code, 0 where the fault has none."""
        return self.traces[-1].code if self.traces else 0

    @property
    def severity(self) -> str:
        """Return Warning, Error or Fatal as the device spells it; empty for anything else."""
        return self.traces[-1].severity if self.traces else ""

    @property
    def error_type(self) -> str:
        """Return Technical or Security as the device spells it; empty for anything else."""
        return self.traces[-1].error_type if self.traces else ""


def read_fault(fault: Element) -> Fault:
    """Read a soap:Fault; tolerant, since stacks and proxies in front of a device make faults of their own."""
    error = next(fault.iter(f"{{{ERROR}}}Error"), None)
    return read_error(error) if error is not None else Fault(traces=())


def read_error(error: Element) -> Fault:
    """Read a GERROR:Error as it stands in a fault's detail or in a Status."""
    return Fault(
        traces=tuple(_trace(trace) for trace in error.findall(f"{{{ERROR}}}Trace")[:_TRACES_READ]),
        message_id=optional_text(error, f"{{{ERROR}}}MessageID"),
        timestamp=read_datetime(error.findtext(f"{{{ERROR}}}Timestamp")),
    )


def read_status(parent: Element) -> Fault | None:
    """Return the error or warning in the Status of an answer, None where it says plain OK or nothing."""
    error = parent.find(f"{{{COMMON}}}Status/{{{ERROR}}}Error")
    return read_error(error) if error is not None else None


def _trace(trace: Element) -> Trace:
    fields = {item.tag: (item.text or "").strip() for item in trace}

    def value(name: str) -> str:
        return fields.get(f"{{{ERROR}}}{name}", "")

    return Trace(
        code=_code(value("Code")),
        severity=_known(value("Severity"), _SEVERITIES),
        error_type=_known(value("ErrorType"), _ERROR_TYPES),
        component=value("CompType"),
        text=value("ErrorText"),
        detail=value("Detail"),
    )


def _known(word: str, words: frozenset[str]) -> str:
    """Return the word as the device spells it, empty where it is none of these."""
    return word if word.lower() in words else ""


def _code(digits: str) -> int:
    """Return the code; 0 for what is no number, which then counts as unknown."""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else 0
