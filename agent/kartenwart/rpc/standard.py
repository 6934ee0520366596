"""gRPC's own services under our admission: health for every enrolled role, reflection where a setting allows it."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

import grpc
from grpc_health.v1 import health_pb2
from grpc_health.v1.health import SERVICE_NAME as HEALTH
from grpc_health.v1.health import aio as health_aio

from kartenwart.edge.descriptors import rpcs
from kartenwart.edge.edge import Edge
from kartenwart.edge.policy import EVERYONE, Rate, Rule
from kartenwart.edge.refusals import Refused
from kartenwart.rpc.source import Context, RpcSource, abort

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic in the stubs only
Serve = Callable[[Any, Context], Awaitable[Any]]
OVERALL = ""
_RULE = Rule(roles=EVERYONE, rate=Rate.STREAM)
_CHECK = Rule(roles=EVERYONE, rate=Rate.READ)


class Health:
    """The serving state of the whole ("") and of each service, as grpc.health.v1 tells it."""

    def __init__(self, services: Sequence[str]) -> None:
        self.servicer = health_aio.HealthServicer()
        self._services = (OVERALL, *services)

    async def serving(self, well: bool) -> None:
        """Say whether the agent serves."""
        state = health_pb2.HealthCheckResponse.SERVING if well else health_pb2.HealthCheckResponse.NOT_SERVING
        for service in self._services:
            await self.servicer.set(service, state)


def standard_handlers(edge: Edge, health: Health, reflected: Sequence[str]) -> dict[str, Handler]:
    """Return the handlers of health, and of reflection for the services named (none: no reflection)."""
    request, response = health_pb2.HealthCheckRequest.FromString, health_pb2.HealthCheckResponse.SerializeToString
    servicer = health.servicer
    check = _guarded(edge, f"{HEALTH}/Check", servicer.Check, _CHECK)
    watch = _guarded(edge, f"{HEALTH}/Watch", servicer.Watch, _RULE)
    found: dict[str, Handler] = {
        f"/{HEALTH}/Check": grpc.unary_unary_rpc_method_handler(check, request, response),
        f"/{HEALTH}/Watch": grpc.unary_stream_rpc_method_handler(watch, request, response),
    }
    return found | (_reflection(edge, reflected) if reflected else {})


def _reflection(edge: Edge, reflected: Sequence[str]) -> dict[str, Handler]:
    """Most boxes have it switched off, so nothing of it is loaded before."""
    from grpc_reflection.v1alpha import reflection_pb2
    from grpc_reflection.v1alpha.reflection import SERVICE_NAME as REFLECTION
    from grpc_reflection.v1alpha.reflection import aio as reflection_aio

    list(rpcs())  # it shows the protos that are loaded
    name = f"{REFLECTION}/ServerReflectionInfo"
    mirror = reflection_aio.ReflectionServicer((*reflected, HEALTH, REFLECTION))
    handler = grpc.stream_stream_rpc_method_handler(
        _guarded(edge, name, partial(_pour, mirror.ServerReflectionInfo), _RULE),
        reflection_pb2.ServerReflectionRequest.FromString,
        reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    return {f"/{name}": handler}


async def _pour(serve: Any, requests: Any, context: Context) -> None:
    async for reply in serve(requests, context):
        await context.write(reply)


def _guarded(edge: Edge, name: str, serve: Serve, rule: Rule) -> Serve:
    """Return `serve` behind the edge's admission. Its own aborts pass: grpc remembers them and ends the call so."""
    meter = edge.metrics.meter(name)

    async def answer(request: Any, context: Context) -> Any:
        async def work() -> Any:
            with suppress(grpc.aio.AbortError):
                return await serve(request, context)

        try:
            return await edge.guarded(name, rule, meter, RpcSource(b"", context, edge.principals), work)
        except Refused as refused:
            return await abort(context, refused)

    return answer
