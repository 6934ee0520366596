"""Connects at the box itself, over its UNIX socket."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kartenwart.client.box import Kartenwart
from kartenwart.client.failures import BoxUnreachable
from kartenwart.client.json_wire import unix_wire

DEFAULT_SOCKET = Path("/run/kartenwart/kartenwart.sock")
_CLOSED = "{} is for members of its group only: join that group, or become root"


@asynccontextmanager
async def connect_locally(socket: Path = DEFAULT_SOCKET) -> AsyncIterator[Kartenwart]:
    """Connect as the box's technician; the rights come from the socket's group. Raises BoxUnreachable."""
    try:
        if not socket.exists():  # noqa: ASYNC240  # one look at a local name
            raise BoxUnreachable(f"there is no agent's socket at {socket}")
    except PermissionError:
        raise BoxUnreachable(_CLOSED.format(socket)) from None
    if not os.access(socket, os.R_OK | os.W_OK):
        raise BoxUnreachable(_CLOSED.format(socket))
    async with unix_wire(socket) as wire:
        yield Kartenwart(wire)
