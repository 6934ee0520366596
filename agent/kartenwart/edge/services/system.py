"""SystemService: the one service that is there as soon as the box listens, so it needs little (app/serving.py)."""

from collections.abc import Callable

from kartenwart.api.system.v1.system_service_pb2 import GetSystemRequest, GetSystemResponse, System
from kartenwart.edge.call import Call
from kartenwart.edge.convert.basics import timestamp
from kartenwart.operations.people import People
from kartenwart.operations.system import SystemFacts


class SystemService:
    """Who this box is, and who the caller is to it; `system` gives the facts of the moment."""

    def __init__(self, *, system: Callable[[], SystemFacts], people: People) -> None:
        self._system = system
        self._people = people

    async def get_system(self, request: GetSystemRequest, call: Call) -> GetSystemResponse:  # noqa: ARG002
        """Return the facts of the moment and the caller's own name, role and scope."""
        facts, caller = self._system(), call.principal.caller
        everything = caller.scope.everything
        system = System(
            box_id=facts.box_id,
            site_fingerprint=facts.fingerprint,
            version=facts.version,
            start_time=timestamp(facts.started_at),
            time=timestamp(call.time),
            clock_trusted=facts.clock_trusted,
            caller=caller.name,
            caller_role=caller.role.value,
            default_context=caller.scope.default_context,
            contexts=caller.scope.contexts,
            users=[user.name for user in self._people.visible(caller)] if everything else caller.scope.users,
        )
        return GetSystemResponse(system=system)
