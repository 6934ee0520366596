"""One handler per RPC, made once from the bound methods; an unknown method gets our own words."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import grpc

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason
from kartenwart.edge.edge import Edge
from kartenwart.edge.methods import Method
from kartenwart.edge.refusals import Refused, refuse
from kartenwart.edge.shared import binary
from kartenwart.edge.timing import HEADER, server_timing
from kartenwart.rpc.source import Context, RpcSink, RpcSource, abort

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic in the stubs only
Handlers = Mapping[str, Handler]


class Router(grpc.GenericRpcHandler):
    """Finds the handler of a path such as "/kartenwart.api.card.v1.CardService/ListCards"."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = dict(handlers)
        self._unknown: Handler = grpc.unary_unary_rpc_method_handler(_unknown)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any]":
        """Return the handler, or one that says UNIMPLEMENTED."""
        return self._handlers.get(handler_call_details.method, self._unknown)


def handlers(edge: Edge, methods: Mapping[str, Method]) -> Handlers:
    """Return a handler for every method that needs a principal (the enrolment exchange is not served here)."""
    return {
        f"/{name}": _stream(edge, method) if method.streams else _unary(edge, method)
        for name, method in methods.items()
        if not method.rule.unauthenticated
    }


def _unary(edge: Edge, method: Method) -> "grpc.RpcMethodHandler[Any, Any]":
    principals = edge.principals

    async def answer(data: bytes, context: Context) -> bytes:
        try:
            reply = await edge.unary(method, RpcSource(data, context, principals), context.time_remaining())
            if spent := server_timing():
                context.set_trailing_metadata(((HEADER.lower(), spent),))
            return binary(reply)
        except Refused as refused:
            return await _abort(context, refused)

    return grpc.unary_unary_rpc_method_handler(answer)


def _stream(edge: Edge, method: Method) -> "grpc.RpcMethodHandler[Any, Any]":
    principals = edge.principals

    async def pour(data: bytes, context: Context) -> None:
        try:
            source = RpcSource(data, context, principals)
            await edge.stream(method, source, context.time_remaining(), RpcSink(context))
        except Refused as refused:
            await abort(context, refused)

    return grpc.unary_stream_rpc_method_handler(pour)


async def _abort(context: Context, refused: Refused) -> bytes:
    await abort(context, refused)
    raise AssertionError("abort raises")


async def _unknown(_data: bytes, context: Context) -> bytes:
    return await _abort(context, refuse(failure(Reason.UNIMPLEMENTED)))
