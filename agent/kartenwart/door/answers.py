"""Answers over HTTP: messages as JSON, refusals in the shape of the Connect protocol with the same details as gRPC."""

import base64
import json
from typing import Any

from aiohttp import web
from google.protobuf import descriptor_pool
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.json_format import MessageToDict
from google.protobuf.message_factory import GetMessageClass

from kartenwart.edge.reasons import Code
from kartenwart.edge.refusals import Refused
from kartenwart.edge.shared import Reply
from kartenwart.edge.shared import json as reply_json
from kartenwart.edge.timing import HEADER, server_timing

HTTP_STATUS = {
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
    Code.UNAUTHENTICATED: 401,
}
JSON = "application/json"
NDJSON = "application/x-ndjson"
# Server: what the library would say is its version and Python's, of use to nobody honest.
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Server": "kartenwart"}


def dumped(value: dict[str, Any]) -> bytes:
    """Return JSON in UTF-8 on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def answer(reply: Reply) -> web.Response:
    """Return a reply, with where the time went if a card was asked."""
    spent = server_timing()
    headers = HEADERS | {HEADER: spent} if spent else HEADERS
    return web.Response(body=dumped(reply_json(reply)), content_type=JSON, headers=headers)


def refusal_response(
    refused: Refused, status: int | None = None, headers: dict[str, str] | None = None
) -> web.Response:
    """Return a refusal; `status` where HTTP has a more precise word than the code."""
    return web.Response(
        status=status or HTTP_STATUS[refused.code],
        body=dumped(refusal_json(refused)),
        content_type=JSON,
        headers=HEADERS | (headers or {}),
    )


def refusal_json(refused: Refused) -> dict[str, Any]:
    """Return a refusal as {"code", "message", "details": [{"type", "value", "debug"}]}."""
    return {
        "code": "canceled" if refused.code is Code.CANCELLED else refused.code.name.lower(),
        "message": refused.status.message,
        "details": [_detail(detail) for detail in refused.status.details],
    }


def _detail(packed: AnyMessage) -> dict[str, Any]:
    kind = packed.TypeName()
    message = GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(kind))()
    packed.Unpack(message)
    return {
        "type": kind,
        "value": base64.b64encode(packed.value).rstrip(b"=").decode(),
        "debug": MessageToDict(message),
    }
