"""What an exit status means; the numbers are part of the command's contract and never change.

0 done, 1 the world failed, 2 wrong usage, 3 no right, 4 not found, 5 outcome unknown, 6 box unreachable,
7 box untrusted, 8 not ended yet, 130 interrupted.
"""

from enum import IntEnum


class Exit(IntEnum):
    """Exit statuses of `kartenwart`."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NO_RIGHT = 3
    NOT_FOUND = 4
    OUTCOME_UNKNOWN = 5
    UNREACHABLE = 6
    UNTRUSTED = 7
    NOT_ENDED = 8
    INTERRUPTED = 130


EPILOG = (
    "Exit-Status: 0 erledigt · 1 fehlgeschlagen · 2 falscher Aufruf · 3 kein Recht · 4 nicht gefunden · "
    "5 Ausgang unbekannt · 6 Box nicht erreichbar · 7 Box nicht vertrauenswürdig · 8 noch nicht beendet"
)

_BY_REASON = {
    "INVALID_ARGUMENT": Exit.USAGE,
    "REQUEST_ID_REUSED": Exit.USAGE,
    "UNAUTHENTICATED": Exit.NO_RIGHT,
    "ROLE_MISSING": Exit.NO_RIGHT,
    "OUT_OF_SCOPE": Exit.NO_RIGHT,
    "REVOKED": Exit.NO_RIGHT,
    "USER_NOT_BOUND": Exit.NO_RIGHT,
    "ENROLMENT_CLOSED": Exit.NO_RIGHT,
    "ENROLMENT_TOKEN_INVALID": Exit.NO_RIGHT,
    "NOT_FOUND": Exit.NOT_FOUND,
    "ENROLMENT_CODE_UNKNOWN": Exit.NOT_FOUND,
    "OUTCOME_UNKNOWN": Exit.OUTCOME_UNKNOWN,
    "AGENT_UNAVAILABLE": Exit.UNREACHABLE,
}


def of_reason(reason: str) -> Exit:
    """Return the status for a failure's reason."""
    return _BY_REASON.get(reason, Exit.FAILED)


class Ended(Exception):
    """A command has said all it has to say and ends with this status."""

    def __init__(self, status: Exit) -> None:
        super().__init__(status.name)
        self.status = status


class UsageProblem(Exception):
    """The command was called in a way that cannot work; the message says what to write instead."""


class Missing(Exception):
    """What the command was told to use does not exist; the message says what there is."""
