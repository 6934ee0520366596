"""Tells a person what an error means, and what exit status it has."""

from typing import Any

from kartenwart.cli.exits import Ended, Exit, Missing, UsageProblem, of_reason
from kartenwart.cli.output import Output
from kartenwart.cli.words import why
from kartenwart.client.failures import (
    BoxUnreachable,
    BoxUntrusted,
    CallFailed,
    EnrolmentRefused,
    Failure,
    JobFailed,
    KartenwartError,
    OutcomeUnknown,
    ProfileInvalid,
)

_ENDS: tuple[tuple[type[KartenwartError], Exit, str, str], ...] = (
    (
        BoxUnreachable,
        Exit.UNREACHABLE,
        "Die Box antwortet nicht.",
        "Läuft die Box, ist sie im selben Netz („kartenwart discover“)? An der Box: Gehören Sie zur Gruppe?",
    ),
    (
        BoxUntrusted,
        Exit.UNTRUSTED,
        "Das ist nicht die Box dieses Arbeitsplatzes.",
        "Nicht weiterarbeiten und den Techniker rufen: Dort antwortet ein anderes Gerät.",
    ),
    (
        EnrolmentRefused,
        Exit.NO_RIGHT,
        "Die Anmeldung endete ohne Rechte.",
        "Den Techniker bitten, die Anmeldung zu öffnen, und noch einmal anmelden.",
    ),
    (
        ProfileInvalid,
        Exit.NO_RIGHT,
        "Dieser Arbeitsplatz ist nicht angemeldet.",
        "Melden Sie ihn mit „kartenwart enrol“ an der Box an.",
    ),
)


def told(error: Exception, out: Output) -> Exit | None:
    """Write the error and return its exit status; None where it is none that a command may have."""
    match error:
        case Ended():
            return error.status
        case UsageProblem():
            out.problem(str(error))
            return Exit.USAGE
        case Missing():
            out.problem(str(error))
            return Exit.NOT_FOUND
        case CallFailed():
            return _call_failed(error, out)
        case KartenwartError():
            return _no_answer(error, out)
    return None


def _no_answer(error: KartenwartError, out: Output) -> Exit | None:
    for kind, status, title, next_step in _ENDS:
        if isinstance(error, kind):
            out.problem(title, next_step=next_step, facts={"detail": str(error)})
            if not out.json:
                out.remark(f"  ({error})", style="dim")
            return status
    return None


def _call_failed(error: CallFailed, out: Output) -> Exit:
    failure = error.failure
    facts: dict[str, Any] = {"reason": failure.reason, "owner": failure.owner, "retry": failure.retry}
    facts["konnektorCode"] = failure.konnektor_code
    facts["violations"] = [{"field": wrong.field, "description": wrong.description} for wrong in failure.violations]
    if failure.attempts_left is not None:
        facts["attemptsLeft"] = failure.attempts_left
    if isinstance(error, JobFailed):
        facts["job"], facts["requestId"] = error.job.name, error.job.request_id
    out.problem(failure.title or str(error), next_step=failure.next_step, facts=facts)
    if not out.json:
        for line in _more(failure, error):
            out.remark(f"  {line}", style="dim")
    return Exit.OUTCOME_UNKNOWN if isinstance(error, OutcomeUnknown) else of_reason(failure.reason)


def _more(failure: Failure, error: CallFailed) -> list[str]:
    lines = [f"{wrong.field}: {wrong.description}" for wrong in failure.violations]
    if failure.attempts_left is not None:
        lines.append(f"Verbleibende Versuche: {failure.attempts_left}")
    words = why(failure)
    if isinstance(error, JobFailed):
        words.append(error.job.name)
    return [*lines, " · ".join(words)]
