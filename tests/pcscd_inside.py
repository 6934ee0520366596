"""Runs in the namespaces that tests/pcscd.py makes:  pcscd_inside.py '{"PORT": DESCRIPTOR}' CONF

Starts pcscd, prints {"pid"}, and joins what connects to a descriptor (a listening socket of the network outside) with
the same port on 127.0.0.1 in here. Ends with pcscd.
"""

import asyncio
import contextlib
import json
import socket
import sys

PCSCD = ("setpriv", "--pdeathsig", "KILL", "pcscd", "--foreground", "--debug", "--apdu", "--config")


async def main(doors: dict[str, int], conf: str) -> None:
    pcscd = await asyncio.create_subprocess_exec(*PCSCD, conf)
    sys.stdout.write(json.dumps({"pid": pcscd.pid}) + "\n")
    sys.stdout.flush()
    async with contextlib.AsyncExitStack() as stack:
        for port, descriptor in doors.items():
            door = socket.socket(fileno=descriptor)
            stack.callback(door.close)
            joining = asyncio.create_task(_join_all(door, int(port)))
            stack.callback(joining.cancel)
        await pcscd.wait()


async def _join_all(door: socket.socket, port: int) -> None:
    door.setblocking(False)
    lines = set()
    while True:
        outside, _ = await asyncio.get_running_loop().sock_accept(door)
        lines.add(task := asyncio.create_task(_join(outside, port)))
        task.add_done_callback(lines.discard)


async def _join(outside: socket.socket, port: int) -> None:
    """Both directions, until either side ends."""
    with outside, socket.socket() as inside:
        for end in (outside, inside):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.get_running_loop().sock_connect(inside, ("127.0.0.1", port))
        except OSError:
            return
        ways = {asyncio.create_task(_pass(*way)) for way in ((outside, inside), (inside, outside))}
        _, left = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in left:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _pass(source: socket.socket, target: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        while True:
            # vpcd writes a length and then what it counts: without this each of its frames waits 40 ms.
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            data = await loop.sock_recv(source, 65536)
            if not data:
                return
            await loop.sock_sendall(target, data)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1]), sys.argv[2]))
