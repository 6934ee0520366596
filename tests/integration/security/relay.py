"""A man in the middle at the enrolment port: TLS with an authority of his own, everything passed on and noted."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from kartenwart.client import Address
from tests.unit.edge.pki import Site


@dataclass(kw_only=True)
class Relay:
    """What he listens at, the root that he shows, and what he read."""

    port: int
    root: bytes
    heard: bytearray = field(default_factory=bytearray)


@asynccontextmanager
async def man_in_the_middle(box: Address, box_id: str, folder: Path) -> AsyncIterator[Relay]:
    """Stand between a workstation and the enrolment port of a box, under the box's own name."""
    site = Site("Kartenwart " + box_id)
    identity = site.server(box_id)
    chain = folder / "relay.pem"
    chain.write_bytes(identity.key_pem + identity.chain_pem + identity.root_pem)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(chain)
    calling = ssl.create_default_context()
    calling.check_hostname, calling.verify_mode = False, ssl.CERT_NONE
    relay = Relay(port=0, root=site.root.der)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(asyncio.CancelledError):  # at the end of the test
            far, away = await asyncio.open_connection(box.host, box.enrol_port, ssl=calling)
            await asyncio.gather(pump(reader, away, relay.heard), pump(far, writer, relay.heard))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=serving)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, heard: bytearray) -> None:
    """Pass bytes on, unchanged, and note them."""
    with suppress(OSError, asyncio.IncompleteReadError):
        while data := await source.read(65536):
            heard += data
            sink.write(data)
            await sink.drain()
    sink.close()
