"""Asks our own gRPC port as a workstation would, so that a sign of life is an answer and no timer."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self

import grpc

from kartenwart.edge.identity import ServerIdentity

# No method of ours: refused before anything is looked up, audited or counted, by the loop that answers all others.
NOBODYS_METHOD = "/kartenwart.Watchdog/Beat"
UNANSWERED = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}


class Probe:
    """Calls the port over TCP and mutual TLS, on a connection that is kept: a flood of strangers is not our death.

    `listening` and `port` are where the server listens, `name` is one that its certificate carries, `identity` makes a
    client certificate of the site (asked once per connection; ValueError where there can be none now).
    """

    def __init__(self, *, listening: str, port: int, name: str, identity: Callable[[], ServerIdentity]) -> None:
        self._host = _reachable(listening)
        self._port = port
        self._name = name
        self._identity = identity
        self._channel: grpc.aio.Channel | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._hang_up()

    async def answers(self, seconds: float) -> bool:
        """Say whether the port answers within so many seconds.

        An answer is a gRPC status that came through the loop. Where certificates are refused (a box without a battery
        may have a clock that stands before its own root) it is TLS that answers: restarting would mend no clock.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._called() or await self._greeted()
        except TimeoutError:
            await self._hang_up()
            return False

    async def _called(self) -> bool:
        try:
            channel = self._channel = self._channel or self._connected()
            beat: Any = channel.unary_unary(NOBODYS_METHOD)
            await beat(b"")
        except grpc.aio.AioRpcError as error:
            if error.code() not in UNANSWERED:
                return True
        except ValueError:
            pass
        await self._hang_up()
        return False

    async def _greeted(self) -> bool:
        """Say whether somebody speaks TLS at the port; nothing is believed and nothing is sent."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        try:
            _, writer = await asyncio.open_connection(self._host, self._port, ssl=context)
        except ssl.SSLError:
            return True  # a refusal is an answer
        except OSError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True

    def _connected(self) -> grpc.aio.Channel:
        shown = self._identity()
        credentials = grpc.ssl_channel_credentials(shown.root_pem, shown.key_pem, shown.chain_pem)
        host = f"[{self._host}]" if ":" in self._host else self._host
        options = (
            ("grpc.ssl_target_name_override", self._name),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_http_proxy", 0),
        )
        return grpc.aio.secure_channel(f"{host}:{self._port}", credentials, options)

    async def _hang_up(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()


def _reachable(listening: str) -> str:
    """Return the address at which a server that listens on `listening` is reached from its own machine."""
    address = ip_address(listening)
    if not address.is_unspecified:
        return listening
    return "127.0.0.1" if address.version == 4 else "::1"
