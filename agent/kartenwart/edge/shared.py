"""A reply that many callers get: made once, serialised once."""

from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message


class Shared:
    """A message that must not change any more, with its bytes and its JSON, each made when first asked for."""

    __slots__ = ("_binary", "_json", "message")

    def __init__(self, message: Message) -> None:
        self.message = message
        self._binary: bytes | None = None
        self._json: dict[str, Any] | None = None

    def binary(self) -> bytes:
        """Return the protobuf bytes."""
        if self._binary is None:
            self._binary = self.message.SerializeToString()
        return self._binary

    def json(self) -> dict[str, Any]:
        """Return the protobuf JSON."""
        if self._json is None:
            self._json = MessageToDict(self.message)
        return self._json


Reply = Message | Shared


def binary(reply: Reply) -> bytes:
    """Return a reply as protobuf bytes."""
    return reply.binary() if isinstance(reply, Shared) else reply.SerializeToString()


def json(reply: Reply) -> dict[str, Any]:
    """Return a reply as protobuf JSON: fields that have their default value are left out."""
    return reply.json() if isinstance(reply, Shared) else MessageToDict(reply)
