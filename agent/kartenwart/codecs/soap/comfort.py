"""SignatureService 7.5: ActivateComfortSignature, DeactivateComfortSignature and GetSignatureMode."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.exchange import CallContext, Exchange, add, add_context, ask, root
from kartenwart.codecs.soap.fault import Fault, read_status
from kartenwart.codecs.soap.namespaces import COMMON
from kartenwart.codecs.soap.namespaces import SIGNATURES_7_5 as SIG
from kartenwart.codecs.soap.xml import Element, number, text
from kartenwart.domain.comfort import Session, SignatureMode

SERVICE = "SignatureService"

_COMFORT = "COMFORT"
_MOST = 250  # CountType of the schema
# The part of xs:duration that has a length of its own: no years and months. Seconds may have fractions.
_DURATION = re.compile(
    r"P(?:(?P<days>[0-9]{1,4})D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]{1,4})H)?(?:(?P<minutes>[0-9]{1,5})M)?(?:(?P<seconds>[0-9]{1,7}(?:\.[0-9]{1,6})?)S)?)?"
)


def activate(context: CallContext, *, handle: str) -> Exchange[Fault | None]:
    """Ask for PIN.QES once and begin a session; the answer is the error in its Status, None where there is none."""
    return ask(SERVICE, _about("ActivateComfortSignature", context, handle), _read_activated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deactivated:
    """The answer to DeactivateComfortSignature: the warning in its Status, None where there is none."""

    warning: Fault | None


def deactivate(handles: Sequence[str]) -> Exchange[Deactivated]:
    """End all sessions of cards, of all client systems: this operation has no context."""
    content = root(SIG, "DeactivateComfortSignature")
    for handle in handles:
        add(content, COMMON, "CardHandle", handle)
    return ask(SERVICE, content, lambda answer: Deactivated(warning=read_status(answer)))


def get_signature_mode(context: CallContext, *, handle: str) -> Exchange[SignatureMode]:
    """Ask for switch, limits and the caller's own session."""
    return ask(SERVICE, _about("GetSignatureMode", context, handle), _read_mode)


def _about(operation: str, context: CallContext, handle: str) -> Element:
    content = root(SIG, operation)
    add(content, COMMON, "CardHandle", handle)
    add_context(content, context)
    return content


def _read_activated(answer: Element) -> Fault | None:
    error = read_status(answer)
    if error is None and text(answer, f"{{{SIG}}}SignatureMode") != _COMFORT:
        raise MalformedError("an activation whose mode is not COMFORT")
    return error


def _read_mode(answer: Element) -> SignatureMode:
    status = text(answer, f"{{{SIG}}}ComfortSignatureStatus")
    if status not in ("ENABLED", "DISABLED"):
        raise MalformedError("an unknown ComfortSignatureStatus")
    told = answer.find(f"{{{SIG}}}SessionInfo")
    return SignatureMode(
        enabled=status == "ENABLED",
        most=_count(answer, "ComfortSignatureMax"),
        longest=_duration(answer, "ComfortSignatureTimer"),
        session=_read_session(told) if told is not None else None,
    )


def _read_session(told: Element) -> Session | None:
    if text(told, f"{{{SIG}}}SignatureMode") != _COMFORT:
        return None
    return Session(signatures_left=_count(told, "CountRemaining"), time_left=_duration(told, "TimeRemaining"))


def _count(parent: Element, name: str) -> int:
    found = number(text(parent, f"{{{SIG}}}{name}"), name)
    if found > _MOST:
        raise MalformedError(f"{name} is beyond {_MOST}")
    return found


def _duration(parent: Element, name: str) -> timedelta:
    found = _DURATION.fullmatch(text(parent, f"{{{SIG}}}{name}"))
    parts = {unit: float(value) for unit, value in found.groupdict().items() if value} if found else {}
    if not parts:
        raise MalformedError(f"{name} is no duration of days, hours, minutes and seconds")
    return timedelta(**parts)
