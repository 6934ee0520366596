"""A real pcscd of the test's own: killed, started again, and gone with the test.

It runs in a mount namespace (its /run is a folder of ours) and a network namespace (vpcd listens on all addresses).
What connects to one of its ports on 127.0.0.1 is passed on into its network by tests/pcscd_inside.py, so a simulator
outside reaches vpcd as without all this. Clients use `Pcscd.environment`; libpcsclite reads it once per process.
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from pathlib import Path

from tests.lacking import lacking
from tests.processes import REPOSITORY, STOP_SECONDS, Running, running

HANDLER_SOURCE = REPOSITORY / "firmware-sim" / "ifd"
_INSIDE = Path(__file__).with_name("pcscd_inside.py")
_NEEDED = ("pcscd", "unshare", "setpriv", "mount", "ip")


def free_port_pairs(count: int) -> list[int]:
    """So many ports on 127.0.0.1 whose next one is free as well, a moment ago."""
    found: list[int] = []
    with ExitStack() as held:
        while len(found) < count:
            first = held.enter_context(_listening(0))
            port: int = first.getsockname()[1]
            with suppress(OSError):
                held.enter_context(_listening(port + 1))
                found.append(port)
    return found


class Pcscd:
    """One pcscd that reads `conf` and listens (by vpcd) on `ports`; its clients find it by `environment`."""

    def __init__(self, folder: Path, conf: Path, ports: Sequence[int]) -> None:
        self.conf = conf
        self.socket = folder / "pcscd" / "pcscd.comm"
        self._folder = folder
        self._process: Running | None = None
        self._lifetime = AsyncExitStack()
        self._doors = {port: _listening(port) for port in ports}
        self._about: dict[str, int] = {}

    @property
    def environment(self) -> Mapping[str, str]:
        """What a client needs in its environment."""
        return {"PCSCLITE_CSOCK_NAME": str(self.socket)}

    @property
    def said(self) -> list[str]:
        """What the running one has logged, APDUs and control blocks included."""
        return self._process.lines if self._process else []

    @property
    def pid(self) -> int:
        """Of pcscd itself."""
        return self._about["pid"]

    async def start(self) -> None:
        """Start it and wait until clients can connect."""
        shutil.rmtree(self._folder, ignore_errors=True)
        (self._folder / "pcscd").mkdir(parents=True)
        doors = json.dumps({port: door.fileno() for port, door in self._doors.items()})
        shell = 'mount --bind "$1" /run && ip link set lo up && exec "$2" "$3" "$4" "$5"'
        command = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "bash", "-c", shell, "bash"]
        arguments: list[str | Path] = [self._folder, sys.executable, _INSIDE, doors, self.conf]
        descriptors = [door.fileno() for door in self._doors.values()]
        starting = running([*command, *arguments], {}, keep=descriptors)
        self._process = await self._lifetime.enter_async_context(starting)
        self._about = json.loads(await self._process.line('{"pid"'))
        await self._process.file(self.socket)

    async def stop(self) -> None:
        """As a restart of the service would."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """As a crash would."""
        await self._end(signal.SIGKILL)

    async def close(self) -> None:
        """Stop it and give its ports back."""
        await self.stop()
        for door in self._doors.values():
            door.close()

    async def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.process.returncode is None:
            os.kill(self.pid, how)
        await asyncio.wait_for(self._process.process.wait(), STOP_SECONDS)
        await self._lifetime.aclose()
        self._process = None


@asynccontextmanager
async def pcscd(conf: Path, ports: Sequence[int] = ()) -> AsyncIterator[Pcscd]:
    """A running pcscd. `ports`: every port on which a vpcd in `conf` listens."""
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        lacking(
            f"needs root for namespaces, and pcscd, iproute2 and util-linux (missing: {', '.join(missing) or 'root'})"
        )
    # Short, because a UNIX socket's path is; pytest's folders are not.
    folder = Path(tempfile.mkdtemp(prefix="pcscd-"))
    one = Pcscd(folder, conf, ports)
    try:
        await one.start()
        yield one
    finally:
        await one.close()
        shutil.rmtree(folder, ignore_errors=True)


async def build_handler(folder: Path) -> Path:
    """Build the simulator's IFD handler (firmware-sim/ifd)."""
    if shutil.which("gcc") is None or not Path("/usr/include/PCSC/ifdhandler.h").exists():
        lacking("needs gcc and libpcsclite-dev")
    handler = folder / "kartenwart_ifd.so"
    building = await asyncio.create_subprocess_exec(HANDLER_SOURCE / "build", handler)
    assert await asyncio.wait_for(building.wait(), 60) == 0
    return handler


def _listening(port: int) -> socket.socket:
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind(("127.0.0.1", port))
        door.listen()
    except OSError:
        door.close()
        raise
    return door
