"""The catalogue of failures: German words, owner and permitted repetition for every reason and known code.

The words are data (`catalogue.toml` beside this file). An entry of a code wins over the entry of its reason, field by
field. Codes that nobody listed, and those of vendors, stay legible: KONNEKTOR_FAULT with their number.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from kartenwart.domain.failures import CallerError, Failure, Owner, Reason, RetryClass, Violation, WorldError


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What people are told for one reason or code; `title_with_code` has the place {code}.

    The words for halfway are for a job of which earlier verbs were carried out; the plain ones where none differ.
    """

    reason: Reason
    title: str
    title_with_code: str
    next_step: str
    owner: Owner
    retry: RetryClass
    work_may_go_on: bool
    halfway_title: str = ""
    halfway_next_step: str = ""


def _entry(reason: Reason, texts: Mapping[str, Any]) -> Entry:
    return Entry(
        reason=reason,
        title=texts["title"],
        title_with_code=texts.get("title_with_code", texts["title"]),
        next_step=texts["next_step"],
        owner=Owner(texts["owner"]),
        retry=RetryClass(texts["retry"]),
        work_may_go_on=texts["work_may_go_on"],
        halfway_title=texts.get("halfway_title", ""),
        halfway_next_step=texts.get("halfway_next_step", ""),
    )


def _code_entry(own: Mapping[str, Any], reasons: Mapping[str, Mapping[str, Any]]) -> Entry:
    inherited = dict(reasons[own["reason"]])
    if "title" in own:
        inherited.pop("title_with_code", None)
    return _entry(Reason(own["reason"]), inherited | dict(own))


@cache
def entries() -> tuple[dict[Reason, Entry], dict[int, Entry]]:
    """Return what is told for each reason, and for each code that has words of its own; read when first asked for."""
    data = tomllib.loads(Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8"))
    by_reason = {reason: _entry(reason, data["reasons"][reason.value]) for reason in Reason}
    by_code = {int(code): _code_entry(own, data["reasons"]) for code, own in data["codes"].items()}
    return by_reason, by_code


def reason_for_code(code: int) -> Reason:
    """Return the reason for a Konnektor's or card's code; KONNEKTOR_FAULT for codes not told apart."""
    entry = entries()[1].get(code)
    return entry.reason if entry else Reason.KONNEKTOR_FAULT


def failure(
    reason: Reason, *, code: int = 0, severity: str = "", error_type: str = "", attempts_left: int | None = None
) -> Failure:
    """Return the one Failure for a reason, in the words of the code where the code has words for this reason."""
    by_reason, by_code = entries()
    entry, special = by_reason[reason], by_code.get(code)
    if special and special.reason is reason:
        entry = special
    title = entry.title_with_code.replace("{code}", str(code)) if code else entry.title
    return Failure(
        reason=reason,
        title=title,
        next_step=entry.next_step,
        owner=entry.owner,
        retry=entry.retry,
        work_may_go_on=entry.work_may_go_on,
        konnektor_code=code,
        konnektor_severity=severity,
        konnektor_error_type=error_type,
        attempts_left=attempts_left,
    )


def halfway(told: Failure) -> Failure:
    """Return the failure for a job whose earlier verbs were carried out: no program may begin that again by itself."""
    entry = entries()[0][told.reason]
    return replace(
        once_sent(told),
        title=entry.halfway_title or told.title,
        next_step=entry.halfway_next_step or told.next_step,
    )


def once_sent(told: Failure) -> Failure:
    """Return the failure of a job whose verb went out: no program may repeat it, whatever is permitted elsewhere."""
    return replace(told, retry=RetryClass.BY_PERSON) if told.retry is RetryClass.LATER else told


def refused(reason: Reason, *violations: Violation) -> CallerError:
    """Return the error that tells a caller that it was wrong, and in which fields."""
    return CallerError(failure(reason), violations)


def wrong_field(field: str, description: str) -> CallerError:
    """Return the error for one wrong field; the description is German."""
    return refused(Reason.INVALID_ARGUMENT, Violation(field=field, description=description))


def halted(reason: Reason, *, attempts_left: int | None = None) -> WorldError:
    """Return the error that stops work before anything was sent to a card."""
    return WorldError(failure(reason, attempts_left=attempts_left), sent=False)
