"""What every way to the box offers: call a method with a message, or open a stream of messages.

A request's type tells its method: the one method of its file that takes it, as the descriptors say.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from kartenwart.client.failures import BoxUnreachable, CallFailed, KartenwartError

Reply = TypeVar("Reply", bound=Message)

CALL_SECONDS = 30.0
LONGEST_READ_SECONDS = 60.0  # a card's certificate or a PIN's state by a slow Konnektor
_PAUSES = (0.1, 0.2, 0.5, 1.0)
# Ends of a stream after which the box expects it to be opened again: it stops, or the caller's rights changed.
_PASSING = frozenset({"UNAVAILABLE", "ABORTED"})


class Wire(Protocol):
    """A way to the box. Refusals raise CallFailed; silence and broken connections raise BoxUnreachable."""

    async def call(self, request: Message, reply: type[Reply], timeout: float = CALL_SECONDS) -> Reply:
        """Send `request` once and return the answer within `timeout` seconds. Never repeats by itself."""
        ...

    def stream(self, request: Message, reply: type[Reply]) -> AsyncIterator[Reply]:
        """Open a stream; it ends when the box ends it."""
        ...


def duration(seconds: float) -> Duration | None:
    """Return seconds as the contract's duration; None for zero."""
    if not seconds:
        return None
    whole = Duration()
    whole.FromMilliseconds(round(seconds * 1000))
    return whole


def method_path(request: type[Message]) -> str:
    """Return "package.Service/Method" of the method that takes this request."""
    for service in request.DESCRIPTOR.file.services_by_name.values():
        for method in service.methods:
            if method.input_type.full_name == request.DESCRIPTOR.full_name:
                return f"{service.full_name}/{method.name}"
    raise TypeError(f"{request.DESCRIPTOR.full_name} is no method's request")


async def resumed(
    open_stream: Callable[[], AsyncIterator[Reply]], *, patience: float | None = None, endless: bool = False
) -> AsyncIterator[Reply]:
    """Yield a stream's messages and open it again where the connection broke, until it ends by itself.

    An `endless` stream has no end of its own: where the box ends it, it is opened again.
    `patience` bounds in seconds how long one silence may last; None waits for the box for ever.
    """
    silence = _Silence(patience)
    while True:
        try:
            stream = open_stream()
            async with asyncio.timeout(patience):  # wait_for of Python 3.11 may swallow that the caller leaves
                message = await anext(stream, None)
            while message is not None:
                silence.ended()
                yield message
                message = await anext(stream, None)
            if not endless:
                return
            await silence.endured(BoxUnreachable("the box ended the stream"))
        except TimeoutError:
            raise BoxUnreachable(f"the box has not answered for {patience:.0f} s") from None
        except BoxUnreachable as error:
            await silence.endured(error)
        except CallFailed as error:
            if error.code not in _PASSING:
                raise
            await silence.endured(error)


async def insisted(call: Callable[[], Awaitable[Reply]], *, patience: float) -> Reply:
    """Make a call again while the box is away or stopping, for `patience` seconds; only where it may be repeated.

    These are reads, and jobs with a request_id: the box re-attaches and sends nothing twice.
    """
    silence = _Silence(patience)
    while True:
        try:
            return await call()
        except BoxUnreachable as error:
            await silence.endured(error)
        except CallFailed as error:
            if error.reason != "AGENT_UNAVAILABLE":
                raise
            await silence.endured(error)


class _Silence:
    """How long the box has been silent, and when that has become too long."""

    def __init__(self, patience: float | None) -> None:
        self._patience = patience
        self._since: float | None = None
        self._misses = 0

    def ended(self) -> None:
        self._since, self._misses = None, 0

    async def endured(self, error: KartenwartError) -> None:
        """Pause before the next attempt; raise `error` where patience has run out."""
        now = asyncio.get_running_loop().time()
        self._since = now if self._since is None else self._since
        if self._patience is not None and now - self._since > self._patience:
            raise error
        await asyncio.sleep(_PAUSES[min(self._misses, len(_PAUSES) - 1)])
        self._misses += 1
