"""The people who sign, with the Konnektor's secret UserId for each: made once here, never shown."""

from dataclasses import replace
from uuid import uuid4

from kartenwart.domain.catalogue import refused
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import Card
from kartenwart.domain.ports.store import WorkstationStore
from kartenwart.domain.principals import Caller, Role, User


def require_practice_card_of_technician(caller: Caller, card: Card) -> None:
    """Let a technician have PINs asked for the practice's cards only, not for people's; CallerError ROLE_MISSING."""
    if caller.role is Role.TECHNICIAN and not card.type.is_practice:
        raise refused(Reason.ROLE_MISSING)


class People:
    """All users in memory, each change durable first."""

    def __init__(self, *, store: WorkstationStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._users: dict[str, User] = {}

    async def load(self) -> None:
        """Read what is stored; call once at start."""
        self._users = {user.name: user for user in await self._store.list_users()}

    def __contains__(self, name: object) -> bool:
        return name in self._users

    def all(self) -> tuple[User, ...]:
        """Return all users, sorted by name."""
        return tuple(sorted(self._users.values(), key=lambda user: user.name))

    def get(self, name: str) -> User:
        """Return the user; CallerError NOT_FOUND."""
        found = self._users.get(name)
        if found is None:
            raise refused(Reason.NOT_FOUND)
        return found

    def require_own_card(self, caller: Caller, user: str, card: Card) -> None:
        """Let a doctor's card work for its own user only, and only for signers; other cards work for everybody.

        CallerError ROLE_MISSING, NOT_FOUND, USER_NOT_BOUND.
        """
        if not card.type.is_person:
            return
        if caller.role is not Role.SIGNER:
            raise refused(Reason.ROLE_MISSING)
        if self.get(user).card != card.name:
            raise refused(Reason.USER_NOT_BOUND)

    def known_to(self, caller: Caller) -> tuple[User, ...]:
        """Return the users of the caller's mandants and those of none yet, sorted by name."""
        return tuple(user for user in self.all() if user.known_to(caller.mandants))

    def visible(self, caller: Caller) -> tuple[User, ...]:
        """Return the users of the caller's scope, sorted by name; for a technician those of its mandants."""
        if caller.role is Role.TECHNICIAN:
            return self.known_to(caller)
        return tuple(user for user in self.all() if caller.scope.has_user(user.name))

    async def create(self, name: str, label: str, mandants: frozenset[str] = frozenset()) -> User:
        """Make a user with a new secret, or return the one that was made so: whoever got no answer asks again.

        CallerError CONFLICT where the name belongs to somebody else, or the user is bound to a card already.
        """
        known = self._users.get(name)
        if known is not None:
            if (known.label, known.mandants, known.card) != (label, mandants, ""):
                raise refused(Reason.CONFLICT)
            return await self._save(known)  # the first answer may have been lost before it was durable
        return await self._save(User(name=name, label=label, konnektor_user_id=str(uuid4()), mandants=mandants))

    async def bind(self, name: str, card: str, mandant: str) -> User:
        """Bind a user to an HBA, in a mandant that it then belongs to."""
        user = self.get(name)
        mandants = user.mandants | {mandant}
        return await self._save(replace(user, card=card, bound_at=self._clock.now(), mandants=mandants))

    async def _save(self, user: User) -> User:
        before = self._users.get(user.name)
        self._users[user.name] = user  # taken at once, so that two makers of one name cannot both succeed
        try:
            await self._store.save_user(user)
        except BaseException:
            self._users.pop(user.name) if before is None else self._users.update({user.name: before})
            raise
        return user
