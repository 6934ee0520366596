"""One call on its way through the edge."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from google.protobuf.message import Message

from kartenwart.edge.principals import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a service method knows of its call; `method` e.g. "kartenwart.api.card.v1.CardService/ListCards".

    `peer` is the caller's address, e.g. "192.168.1.17" or "unix". `seconds` is what it has left, None for a stream
    without a deadline.
    """

    method: str
    principal: Principal
    peer: str
    seconds: float | None
    time: datetime


class Source(Protocol):
    """Where a call comes from, as rpc and door see it."""

    @property
    def peer(self) -> str:
        """Return the caller's address, without a port."""
        ...

    def principal(self) -> Principal:
        """Return who calls; CallerError UNAUTHENTICATED or REVOKED."""
        ...

    def request(self, kind: type[Message], most: int) -> Awaitable[Any]:
        """Read the request, at most `most` bytes as protobuf; CallerError INVALID_ARGUMENT or LIMIT_EXCEEDED."""
        ...
