"""A person asserts itself at a workstation: good for one call, of its own user, now, from a place that may."""

import hashlib

from kartenwart.domain.catalogue import refused
from kartenwart.domain.comfort import ASSERTION_WINDOW, PersonAssertion
from kartenwart.domain.failures import Reason
from kartenwart.domain.ports.store import FactStore
from kartenwart.domain.principals import Caller
from kartenwart.operations.time import TrustedTime


class Assertions:
    """Judges assertions by the box's time; what was used is remembered over restarts for as long as it could count."""

    def __init__(self, *, facts: FactStore, clock: TrustedTime) -> None:
        self._facts = facts
        self._clock = clock

    async def accept(self, caller: Caller, user: str, assertion: PersonAssertion) -> None:
        """Take an assertion for one call of `user`, durably; the caller is the workstation that vouches for it.

        CallerError COMFORT_NOT_PERMITTED, ASSERTION_INVALID (another user, or not now), ASSERTION_REPLAYED.
        """
        if not caller.scope.comfort:
            raise refused(Reason.COMFORT_NOT_PERMITTED)
        now = self._clock.now()
        if assertion.user != user or not caller.scope.has_user(user) or abs(now - assertion.time) > ASSERTION_WINDOW:
            raise refused(Reason.ASSERTION_INVALID)
        digest = hashlib.sha256(assertion.nonce).hexdigest()
        if not await self._facts.take_nonce(digest, assertion.time + 2 * ASSERTION_WINDOW, now):
            raise refused(Reason.ASSERTION_REPLAYED)
