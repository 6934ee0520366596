"""What callers of one scope see of the picture: made once per scope and change, serialised once, shared by all."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from google.protobuf.message import Message

from kartenwart.api.inventory.v1.inventory_service_pb2 import WatchInventoryResponse
from kartenwart.domain.inventory import Inventory
from kartenwart.edge.call import Call
from kartenwart.edge.convert.inventory import inventory_message
from kartenwart.edge.cursors import Cursors
from kartenwart.edge.shared import Shared
from kartenwart.operations.inventory import InventoryKeeper, view

REMEMBERED = 256
Contexts = frozenset[str] | None


def contexts_of(call: Call) -> Contexts:
    """Return the contexts whose things the caller may see; None means all."""
    return call.principal.scope.seen


@dataclass(slots=True, kw_only=True)
class View:
    """The picture for one scope. `version` is that of the change that this scope saw last."""

    version: int
    inventory: Inventory
    reply: Shared
    checked: int
    answers: dict[object, Shared] = field(default_factory=dict)

    def shared(self, question: object, make: Callable[[], Message]) -> Shared:
        """Return what answers a question by this view alone: made and serialised once, until the view is another."""
        known = self.answers.get(question)
        if known is None:
            known = self.answers[question] = Shared(make())
        return known


class Views:
    """Views by scope. A change that a scope cannot see neither wakes its callers nor costs it a serialisation."""

    def __init__(self, *, keeper: InventoryKeeper, cursors: Cursors) -> None:
        self._keeper = keeper
        self._cursors = cursors
        self._views: OrderedDict[Contexts, View] = OrderedDict()

    def of(self, contexts: Contexts) -> View:
        """Return the view of the newest picture."""
        picture = self._keeper.picture
        known = self._views.get(contexts)
        if known is None or known.checked != picture.version:
            inventory = view(picture.inventory, contexts)
            if known is None or known.inventory != inventory:
                known = self._remember(contexts, inventory, picture.version)
            known.checked = picture.version
        self._views.move_to_end(contexts)
        return known

    async def changed(self, contexts: Contexts, version: int, seconds: float) -> View:
        """Return the view once it is another than that of `version`, or as it is after so many seconds."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        found = self.of(contexts)
        while found.version == version and (left := until - loop.time()) > 0:
            await self._keeper.wait_change(found.checked, left)
            found = self.of(contexts)
        return found

    def _remember(self, contexts: Contexts, inventory: Inventory, version: int) -> View:
        message = WatchInventoryResponse(inventory=inventory_message(inventory), cursor=self._cursors.encode(version))
        made = View(version=version, inventory=inventory, reply=Shared(message), checked=version)
        self._views[contexts] = made
        if len(self._views) > REMEMBERED:
            self._views.popitem(last=False)
        return made
