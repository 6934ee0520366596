"""Something to reach through a proxy: an echo, plain or with TLS."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest

from firmware_sim.simulation import Simulation


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def _listening(tls: ssl.SSLContext | None) -> AsyncIterator[tuple[str, int]]:
    server = await asyncio.start_server(_echo, "127.0.0.1", 0, ssl=tls)
    yield server.sockets[0].getsockname()[:2]
    server.close()
    await server.wait_closed()


@pytest.fixture
async def echo() -> AsyncIterator[tuple[str, int]]:
    async for address in _listening(None):
        yield address


@pytest.fixture
async def tls_echo(simulation: Simulation) -> AsyncIterator[tuple[str, int]]:
    identity = simulation.pki.server(["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.cert_pem, identity.key_pem)
    async for address in _listening(context):
        yield address
