"""The configured contexts: by which mandant, client system and workplace the agent calls a Konnektor."""

from collections.abc import Iterable, Mapping

from kartenwart.domain.catalogue import refused
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import Context
from kartenwart.domain.principals import Caller


class Contexts:
    """All contexts by name; they never change while the agent runs."""

    def __init__(self, *, contexts: Mapping[str, Context]) -> None:
        self._contexts = dict(sorted(contexts.items()))

    def get(self, name: str) -> Context:
        """Return the context; CallerError NOT_FOUND."""
        found = self._contexts.get(name)
        if found is None:
            raise refused(Reason.NOT_FOUND)
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._contexts

    def visible(self, caller: Caller) -> tuple[Context, ...]:
        """Return those that the caller may name, sorted by name."""
        return tuple(one for one in self._contexts.values() if caller.scope.has_context(one.name))

    def mandants_of(self, names: Iterable[str]) -> frozenset[str]:
        """Return the mandants of contexts; unknown names count for nothing."""
        return frozenset(self._contexts[name].mandant for name in names if name in self._contexts)

    def of_konnektor(self, konnektor: str) -> frozenset[str]:
        """Return the names of the contexts that a back-end serves: a Konnektor, or READERS."""
        return frozenset(one.name for one in self._contexts.values() if one.konnektor == konnektor)


def require_konnektor(context: Context) -> None:
    """Refuse what only a Konnektor can do; CallerError KONNEKTOR_NEEDED where a context means the box's readers."""
    if context.at_readers:
        raise refused(Reason.KONNEKTOR_NEEDED)
