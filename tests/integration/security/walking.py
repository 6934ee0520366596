"""A caller who tries every RPC of the policy table with well-formed requests, and keeps every word of the answers."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from kartenwart.client import CallFailed
from kartenwart.client.wire import Wire
from kartenwart.edge.descriptors import Rpc, rpcs
from kartenwart.edge.policy import POLICY
from tests.unit.edge.requests import RIGHT, right

PATIENCE_SECONDS = 0.3
PAGE = 100
MOST_PAGES = 10
OK = "OK"


@dataclass(frozen=True, kw_only=True)
class Aim:
    """Whose things a walk names: resource names by their collection ("cards", "users" ...), and whose document."""

    names: Mapping[str, str]

    def text(self, name: str, value: str) -> str:
        """Return what stands in a request for a value of the right request."""
        if name == "request_id":
            return str(uuid.uuid4())
        return self.names.get(value.partition("/")[0], value) if "/" in value else value


@dataclass(kw_only=True)
class Walker:
    """`told` is all that was answered, `ends` how each RPC ended: OK or the reasons of its refusals.

    `named` are the RPCs in whose request something stood that the walk aimed at.
    """

    wire: Wire
    told: list[str] = field(default_factory=list)
    ends: dict[str, set[str]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)

    async def walk(self, aim: Aim) -> None:
        """Try every RPC that there is a right request of, but those of people who are not enrolled yet."""
        for rpc in rpcs():
            if rpc.request.full_name in RIGHT and not POLICY[rpc.name].unauthenticated:
                request = aimed(right(GetMessageClass(rpc.request)), aim)
                if any(name in str(request) for name in aim.names.values()):
                    self.named.add(rpc.name)
                await self._tried(rpc, request)

    async def listens(self, kind: type[Message]) -> None:
        """Open a stream and keep what comes until cancelled."""
        rpc = next(one for one in rpcs() if one.request.full_name == kind.DESCRIPTOR.full_name)
        async for message in self.wire.stream(kind(), GetMessageClass(rpc.response)):
            self._heard(message)

    async def _tried(self, rpc: Rpc, request: Message) -> None:
        try:
            await (self._streamed if rpc.streams else self._called)(rpc, request)
        except CallFailed as error:
            self.told.append(f"{error} {error.failure}")
            self._ended(rpc, error.reason)
        else:
            self._ended(rpc, OK)

    async def _called(self, rpc: Rpc, request: Message) -> None:
        """Call it, and turn all pages where there are some."""
        for _ in range(MOST_PAGES):
            answer = await self.wire.call(request, GetMessageClass(rpc.response))
            self._heard(answer)
            token = getattr(answer, "next_page_token", "")
            if not token:
                return
            request.page_token = token  # type: ignore[attr-defined]

    async def _streamed(self, rpc: Rpc, request: Message) -> None:
        """Listen until it has been silent for a moment."""
        stream: AsyncIterator[Message] = self.wire.stream(request, GetMessageClass(rpc.response))
        async with aclosing(stream):  # type: ignore[type-var]
            with suppress(TimeoutError, StopAsyncIteration):
                while True:
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        self._heard(await anext(stream))

    def _heard(self, message: Message) -> None:
        self.told.append(json_format.MessageToJson(message, indent=None, ensure_ascii=False))

    def _ended(self, rpc: Rpc, how: str) -> None:
        self.ends.setdefault(rpc.name, set()).add(how)


def aimed(message: Message, aim: Aim) -> Message:
    """Let a right request name what a walk aims at, in every field at any depth; pages are large."""
    for about, value in message.ListFields():
        if about.type == FieldDescriptor.TYPE_MESSAGE:
            for one in value if about.is_repeated else (value,):
                aimed(one, aim)
        elif about.type == FieldDescriptor.TYPE_STRING:
            if about.is_repeated:
                value[:] = [aim.text(about.name, one) for one in value]
            else:
                setattr(message, about.name, aim.text(about.name, value))
        elif about.name == "page_size":
            message.page_size = PAGE  # type: ignore[attr-defined]
    context = message.DESCRIPTOR.fields_by_name.get("context")
    if context is not None and context.type == FieldDescriptor.TYPE_STRING:
        message.context = aim.names["contexts"]  # type: ignore[attr-defined]
    return message
