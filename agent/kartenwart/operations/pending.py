"""Enrolments under way: in memory only, bounded, each gone soon after its time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kartenwart.domain.catalogue import refused
from kartenwart.domain.clock import Clock
from kartenwart.domain.enrolment import WINDOW, Enrolment, EnrolmentState, counted_as
from kartenwart.domain.failures import Reason
from kartenwart.domain.principals import Workstation

MOST_PENDING = 64
WAITING = (EnrolmentState.COMMITTED, EnrolmentState.PENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What an approved enrolment may fetch."""

    workstation: Workstation
    leaf: bytes


class PendingEnrolments:
    """Enrolments by name. Ended ones stay for one more window, so that the workstation learns of its end."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._enrolments: dict[str, Enrolment] = {}
        self._granted: dict[str, Granted] = {}
        self._taken: set[str] = set()

    def add(self, enrolment: Enrolment) -> None:
        """Add one; CallerError ENROLMENT_ATTEMPTS_EXCEEDED where too many wait.

        Where all places are taken, the oldest that was never revealed goes, of the address that holds most of these: an
        honest workstation reveals at once, and strangers must not keep it out.
        """
        self._tidy()
        if len(self._enrolments) >= MOST_PENDING and not self._make_room():
            raise refused(Reason.ENROLMENT_ATTEMPTS_EXCEEDED)
        self._enrolments[enrolment.name] = enrolment

    def get(self, name: str) -> Enrolment:
        """Return one as it stands now; CallerError ENROLMENT_EXPIRED where it is unknown or forgotten."""
        self._tidy()
        found = self._enrolments.get(name)
        if found is None:
            raise refused(Reason.ENROLMENT_EXPIRED)
        return found

    def put(self, enrolment: Enrolment) -> None:
        """Replace one."""
        self._enrolments[enrolment.name] = enrolment

    def take(self, enrolment: Enrolment) -> None:
        """Let one wait for nobody else: it is being approved, and for its workstation it still is as it was."""
        self._taken.add(enrolment.name)

    def release(self, enrolment: Enrolment) -> None:
        """Let it wait again, where it was not approved."""
        self._taken.discard(enrolment.name)

    def grant(self, enrolment: Enrolment, granted: Granted) -> None:
        """Approve one and keep what it may fetch."""
        self._granted[enrolment.name] = granted
        approved = replace(enrolment, state=EnrolmentState.APPROVED, workstation=granted.workstation.name)
        self.put(replace(approved, expires_at=self._clock.now() + WINDOW))

    def granted(self, name: str) -> Granted | None:
        """Return what an approved one may fetch."""
        return self._granted.get(name)

    def waiting(self) -> Sequence[Enrolment]:
        """Return those that wait for a technician or to be revealed, oldest first."""
        self._tidy()
        free = (one for one in self._enrolments.values() if one.name not in self._taken)
        return sorted((one for one in free if one.state in WAITING), key=lambda one: one.created_at)

    def with_code(self, code: str) -> Sequence[Enrolment]:
        """Return the pending ones that show this code."""
        return [one for one in self.waiting() if one.state is EnrolmentState.PENDING and one.code == code]

    def end_all(self, state: EnrolmentState) -> None:
        """End all that wait."""
        for one in self.waiting():
            self.put(replace(one, state=state))

    def _make_room(self) -> bool:
        silent = [one for one in self._enrolments.values() if one.state is EnrolmentState.COMMITTED]
        if not silent:
            return False
        held = Counter(counted_as(one.peer_address) for one in silent)
        gone = max(silent, key=lambda one: held[counted_as(one.peer_address)])  # the first of equals is the oldest
        del self._enrolments[gone.name]
        return True

    def _tidy(self) -> None:
        now = self._clock.now()
        for name, one in list(self._enrolments.items()):
            if _over(one.expires_at + WINDOW, now):
                del self._enrolments[name]
                self._granted.pop(name, None)
            elif one.state in WAITING and _over(one.expires_at, now):
                self.put(replace(one, state=EnrolmentState.EXPIRED))


def _over(end: datetime, now: datetime) -> bool:
    return now >= end
