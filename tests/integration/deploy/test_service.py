"""The agent as a service: what the manager hears of a real process, and that it runs under what the unit forbids."""

import asyncio
import resource
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kartenwart.client import connect_locally
from tests.lacking import lacking
from tests.processes import Running, Start
from tests.waiting import until

WATCHDOG_SECONDS = 1.0
CONFIGURATION = """
[box]
state_directory = "state"
anchor_directory = "anchor"
[listen]
address = "127.0.0.1"
grpc_port = 0
json_port = 0
enrol_port = 0
socket = "kw.sock"
socket_group = ""
mdns = false
ready_file = "ready.json"
"""
NO_PKCS12 = f"""
[konnektors.k1]
url = "https://127.0.0.1:9"
trust_pin = "{"0" * 64}"
client_p12 = "kartenwart.toml"
client_p12_password_file = "kartenwart.toml"
[contexts.empfang]
konnektor = "k1"
mandant = "m1"
client_system = "kartenwart"
workplace = "empfang"
"""
# The real command; SIGUSR2 holds its main thread, and so its loop, while all other threads go on.
HANGING = """
import signal, sys, time
signal.signal(signal.SIGUSR2, lambda *_: time.sleep(60))
sys.argv[0] = "kartenwart"
from kartenwart.__main__ import main
main()
"""


class Manager:
    """Hears what a service tells, each message as lines."""

    def __init__(self) -> None:
        self.address = f"@kartenwart-{secrets.token_hex(8)}"
        self.heard: list[list[str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + self.address[1:])
        self._socket.setblocking(False)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Manager"]:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._socket, self._hear)
        try:
            yield self
        finally:
            loop.remove_reader(self._socket)
            self._socket.close()

    def _hear(self) -> None:
        self.heard.append(self._socket.recv(65536).decode().split("\n"))

    async def hears(self, line: str, within: float = 30.0) -> list[str]:
        """Wait for a message with this line."""

        async def look() -> list[str] | None:
            return next((lines for lines in self.heard if line in lines), None)

        return await until(look, within)

    def beats(self) -> int:
        return self.heard.count(["WATCHDOG=1"])


@pytest.fixture
async def manager() -> AsyncIterator[Manager]:
    async with Manager().listening() as opened:
        yield opened


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "kartenwart.toml"
    file.write_text(CONFIGURATION)
    return file


def asked(manager: Manager) -> dict[str, str]:
    """The environment by which systemd asks to be told."""
    return {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(int(WATCHDOG_SECONDS * 1_000_000))}


async def several_beats(manager: Manager) -> None:
    so_far = manager.beats()

    async def look() -> bool:
        return manager.beats() >= so_far + 3

    await until(look, 10)


async def test_ready_comes_with_open_doors_and_the_end_is_announced(
    start: Start, manager: Manager, config: Path
) -> None:
    agent = await start(sys.executable, "-m", "kartenwart", "agent", "run", "--config", config, **asked(manager))
    ready = await manager.hears("READY=1")
    async with connect_locally(config.parent / "kw.sock") as box:
        assert (await box.system.get()).version

    assert ready[1].startswith("STATUS=Noch nicht eingerichtet: ")
    assert any(line.startswith("EXTEND_TIMEOUT_USEC=") for line in manager.heard[0])
    assert await agent.stop() == 0
    assert ["STOPPING=1", "STATUS=Wird beendet."] in manager.heard
    said = [line for line in agent.lines if "agent.not_set_up" in line]
    assert len(said) == 1, "an agent that is not set up says so once and is quiet"


async def test_no_core_dump_can_hold_keys_also_without_the_unit(start: Start, manager: Manager, config: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if hard == 0:
        lacking("needs a machine that allows core dumps, to show that the agent forbids them")
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        agent = await start(sys.executable, "-m", "kartenwart", "agent", "run", "--config", config, **asked(manager))
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    await manager.hears("READY=1")

    limits = Path(f"/proc/{agent.process.pid}/limits").read_text().splitlines()
    assert next(line for line in limits if line.startswith("Max core file size")).split()[4:6] == ["0", "0"]


async def test_a_loop_that_hangs_gives_no_sign_of_life_and_its_end_shows_the_place(
    start: Start, manager: Manager, config: Path
) -> None:
    agent = await start(sys.executable, "-c", HANGING, "agent", "run", "--config", config, **asked(manager))
    await manager.hears("READY=1")
    await several_beats(manager)

    agent.process.send_signal(signal.SIGUSR2)
    await asyncio.sleep(WATCHDOG_SECONDS / 2)
    before = manager.beats()
    await asyncio.sleep(2 * WATCHDOG_SECONDS)

    assert manager.beats() == before
    agent.process.send_signal(signal.SIGABRT)  # what systemd does now
    assert await asyncio.wait_for(agent.process.wait(), 10) == -signal.SIGABRT
    await agent.line("Fatal Python error: Aborted")
    await agent.line("run.py")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [('[log]\nlevel = "loud"\n', "log.level"), (NO_PKCS12, "konnektors.k1: Die Datei ist keine PKCS#12-Datei")],
)
async def test_a_wrong_configuration_ends_with_a_status_of_its_own_and_a_sentence(
    start: Start, manager: Manager, config: Path, wrong: str, words: str
) -> None:
    config.write_text(CONFIGURATION + wrong)
    agent = await start(sys.executable, "-m", "kartenwart", "agent", "run", "--config", config, **asked(manager))

    assert await asyncio.wait_for(agent.process.wait(), 30) == 78
    status = await until(lambda: _first(manager, "STATUS="), 5)
    assert status.startswith("STATUS=Kann nicht starten: ")
    assert words in status
    await agent.line(words)  # in the journal, and for whoever started it by hand
    assert ["READY=1"] not in [lines[:1] for lines in manager.heard]


async def _first(manager: Manager, beginning: str) -> str | None:
    return next((line for lines in manager.heard for line in lines if line.startswith(beginning)), None)


async def confined(start: Start, manager: Manager, unit: Path, config: Path) -> Running:
    script = Path(__file__).with_name("confine.py")
    command = (sys.executable, "-m", "kartenwart", "agent", "run", "--config", config)
    return await start(sys.executable, script, unit, *command, **asked(manager))


def _filters(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


async def test_uvloop_grpc_and_the_doors_run_under_what_the_unit_forbids(
    start: Start, as_root: None, manager: Manager, unit: Path, config: Path
) -> None:
    agent = await confined(start, manager, unit, config)
    await manager.hears("READY=1")
    await several_beats(manager)  # TLS, gRPC and the loop
    async with connect_locally(config.parent / "kw.sock") as box:
        assert (await box.system.get()).version

    held = _filters(agent.process.pid)
    assert (held["Seccomp"], held["NoNewPrivs"], int(held["CapBnd"], 16)) == ("2", "1", 0)
    assert await agent.stop() == 0
    assert not [line for line in agent.lines if "loop.broken" in line or "incident" in line]


@pytest.mark.parametrize(
    ("line", "without"),
    [
        ("SystemCallFilter=@chown", ""),
        ("SystemCallFilter=@system-service", "SystemCallFilter=@basic-io @process @file-system"),
    ],
)
async def test_the_confinement_bites(
    start: Start,
    as_root: None,
    manager: Manager,
    unit: Path,
    config: Path,
    told: Callable[[str], list[str]],
    line: str,
    without: str,
) -> None:
    """Less than the unit grants, and the agent does not start: so what the test above grants is what counts."""
    tighter = config.parent / unit.name
    text = unit.read_text(encoding="utf-8")
    assert f"\n{line}\n" in text
    tighter.write_text(text.replace(line, without), encoding="utf-8")
    agent = await confined(start, manager, tighter, config)

    assert await asyncio.wait_for(agent.process.wait(), 30) not in {0, 99}
    assert ["READY=1"] not in [lines[:1] for lines in manager.heard]


@pytest.mark.parametrize(("families", "status"), [(" AF_NETLINK", 0), ("", 1)])
async def test_the_boxs_own_addresses_are_found_under_the_units_families(
    start: Start, as_root: None, unit: Path, tmp_path: Path, families: str, status: int
) -> None:
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text(encoding="utf-8").replace(" AF_NETLINK\n", families + "\n"), encoding="utf-8")
    script = Path(__file__).with_name("confine.py")
    look = "from kartenwart.adapters.mdns import own_addresses; print(own_addresses('0.0.0.0'))"
    looking = await start(sys.executable, script, copy, sys.executable, "-c", look)

    assert await asyncio.wait_for(looking.process.wait(), 30) == status, looking.said
