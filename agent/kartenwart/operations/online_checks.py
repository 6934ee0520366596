"""When a card is checked online: always, at its first reading in a quarter, or never (gemILF_PS, modes of ReadVSD).

Of a card that was checked the box keeps, for the quarter, one keyed hash: no name, no number, no date of a visit.
"""

from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import WorldError
from kartenwart.domain.patients import OnlineCheck, Proof, quarter_of
from kartenwart.domain.ports.store import FactStore
from kartenwart.operations.names import ResourceNames
from kartenwart.operations.reach import Reach
from kartenwart.operations.supervisor import Report, say_nothing


class OnlineChecks:
    """Knows which cards were checked in this quarter, per mandant; over restarts."""

    def __init__(self, *, facts: FactStore, names: ResourceNames, clock: Clock, report: Report = say_nothing) -> None:
        self._facts = facts
        self._names = names
        self._clock = clock
        self._report = report

    async def wanted(self, mode: OnlineCheck, reach: Reach) -> bool:
        """True where the card is to be checked now; what nobody can know counts as not checked."""
        if mode is not OnlineCheck.FIRST_OF_QUARTER:
            return mode is OnlineCheck.ALWAYS
        quarter = self.quarter
        seal = self._seal(reach, quarter)
        return not seal or not await self._facts.online_checked(seal, quarter)

    async def note(self, reach: Reach, proof: Proof | None, quarter: str) -> None:
        """Keep that the card was checked, where it was; a disk that refuses must not hide what was read.

        `quarter` is the one in which the reading began: a proof of the old quarter is none for the new one.
        """
        seal = self._seal(reach, quarter)
        if proof is None or not proof.result.counts or not seal:
            return
        try:
            await self._facts.keep_online_check(seal, quarter)
        except WorldError as error:
            self._report("patient.check_not_kept", reason=error.failure.reason.value)

    @property
    def quarter(self) -> str:
        """Return the present quarter, by the practice's time."""
        return quarter_of(self._clock.now().astimezone())

    def _seal(self, reach: Reach, quarter: str) -> str:
        """Return a hash of card, mandant and quarter, so that nobody can follow a card from quarter to quarter."""
        return self._names.seal(reach.card.seal, reach.context.mandant, quarter) if reach.card.seal else ""
