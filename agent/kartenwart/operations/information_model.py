"""The information model of each Konnektor: what has to be entered there, and what is there already."""

import asyncio
from collections.abc import Mapping, Sequence

from kartenwart.domain.catalogue import failure, refused
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import AgentError, Failure, Reason
from kartenwart.domain.information_model import TargetModel, target
from kartenwart.domain.inventory import Context
from kartenwart.domain.model_check import ContextSurvey, ModelCheck
from kartenwart.domain.model_words import cells
from kartenwart.domain.ports.konnektor import KonnektorPort
from kartenwart.domain.principals import Caller
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.inventory import InventoryKeeper, view

LONGEST_CHECK = 45.0


class InformationModels:
    """Says what the configured contexts need, and asks the Konnektoren; `seconds` bounds a check."""

    def __init__(
        self,
        *,
        contexts: Contexts,
        keeper: InventoryKeeper,
        konnektors: Mapping[str, KonnektorPort],
        clock: Clock,
        seconds: float = LONGEST_CHECK,
    ) -> None:
        self._contexts = contexts
        self._keeper = keeper
        self._konnektors = konnektors
        self._clock = clock
        self._seconds = seconds

    def targets(self, caller: Caller, konnektor: str = "") -> tuple[TargetModel, ...]:
        """Return what has to be entered, per Konnektor of the caller's contexts; CallerError NOT_FOUND."""
        seen = view(self._keeper.picture.inventory, caller.scope.seen)
        return tuple(
            target(name, contexts, self._konnektors[name].authentication, seen)
            for name, contexts in self._of(caller, konnektor).items()
        )

    async def check(self, caller: Caller, konnektor: str = "") -> tuple[ModelCheck, ...]:
        """Ask every Konnektor of the caller's contexts, without asking anybody for a PIN; CallerError NOT_FOUND.

        Where a Konnektor cannot be asked, each cell is unknown and says why.
        """
        wanted = self._of(caller, konnektor)
        return tuple(await asyncio.gather(*(self._checked(name, contexts) for name, contexts in wanted.items())))

    async def _checked(self, name: str, contexts: Sequence[Context]) -> ModelCheck:
        try:
            async with asyncio.timeout(self._seconds):
                surveys = await self._konnektors[name].survey(contexts)
        except AgentError as error:
            surveys = _unasked(contexts, error.failure)
        except TimeoutError:
            surveys = _unasked(contexts, failure(Reason.KONNEKTOR_SILENT))
        return ModelCheck(konnektor=name, checked_at=self._clock.now(), cells=cells(surveys))

    def _of(self, caller: Caller, konnektor: str) -> dict[str, list[Context]]:
        """Return the caller's contexts by Konnektor."""
        found: dict[str, list[Context]] = {}
        for context in self._contexts.visible(caller):
            if not context.at_readers and konnektor in ("", context.konnektor):
                found.setdefault(context.konnektor, []).append(context)
        if konnektor and not found:
            raise refused(Reason.NOT_FOUND)
        return dict(sorted(found.items()))


def _unasked(contexts: Sequence[Context], link: Failure) -> tuple[ContextSurvey, ...]:
    return tuple(ContextSurvey(context=context, link=link) for context in contexts)
