"""The other side of the ratios: as little as can be between the wire and the answer.

    python -m tests.bench.bare FOLDER       a default-loop grpc.aio server with mutual TLS: an echo, and a fan-out of a
                                            frame (by TLS) to every subscriber; FOLDER has the PEM files
    python -m tests.bench.bare --imports    the imports that B4 compares with, then the end
    python -m tests.bench.bare --idle FILE  the agent's third-party imports and empty servers, then FILE, then rest

What the fan-out sends is what its first subscriber asked for: the same bytes as the agent's.
"""

import asyncio
import json
import ssl
import sys
from pathlib import Path
from typing import Any

import grpc

HEADER_BYTES = 8
Context = grpc.aio.ServicerContext[bytes, bytes]


class Bare(grpc.GenericRpcHandler):
    """Echo and Watch."""

    def __init__(self) -> None:
        self.payload = b""
        self.watchers: set[asyncio.Queue[bytes]] = set()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Return the handler of a path."""
        if handler_call_details.method == "/bare/Echo":
            return grpc.unary_unary_rpc_method_handler(self.echo)
        return grpc.unary_stream_rpc_method_handler(self.watch)

    async def echo(self, data: bytes, context: Context) -> bytes:
        return data

    async def watch(self, data: bytes, context: Context) -> None:
        self.payload = data
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.watchers.add(queue)
        try:
            await context.write(data)
            while True:
                await context.write(await queue.get())
        finally:
            self.watchers.discard(queue)

    async def listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readexactly(HEADER_BYTES)
                await reader.readexactly(int.from_bytes(head[4:], "big"))
                for queue in self.watchers:
                    queue.put_nowait(self.payload)
        except asyncio.IncompleteReadError:
            writer.close()


async def serve(folder: Path) -> None:
    """Serve until stopped."""
    chain, key, root = ((folder / name).read_bytes() for name in ("server.pem", "server.key", "root.pem"))
    bare, server = Bare(), grpc.aio.server()
    server.add_generic_rpc_handlers((bare,))
    credentials = grpc.ssl_server_credentials([(key, chain)], root, require_client_auth=True)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    events = await asyncio.start_server(bare.listen, "127.0.0.1", 0, ssl=context)
    _tell(folder / "bare.json", {"port": port, "events": events.sockets[0].getsockname()[1]})
    await server.wait_for_termination()


async def idle(ready: Path) -> None:
    """Have what the agent has of others, and do nothing with it."""
    from aiohttp import web

    from tests.bench import third_party  # noqa: F401 - what is imported is what is measured

    server = grpc.aio.server()
    server.add_insecure_port("127.0.0.1:0")
    await server.start()
    for _ in range(3):
        runner = web.AppRunner(web.Application())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
    _tell(ready, {})
    await asyncio.sleep(600)


def _tell(file: Path, facts: dict[str, int]) -> None:
    new = file.with_suffix(".new")
    new.write_text(json.dumps(facts))
    new.replace(file)


def main(arguments: list[str]) -> None:
    """Do as the arguments say."""
    if arguments[0] == "--imports":
        return
    if arguments[0] == "--idle":
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(idle(Path(arguments[1])))
    else:
        asyncio.run(serve(Path(arguments[0])))


if __name__ == "__main__":
    main(sys.argv[1:])
