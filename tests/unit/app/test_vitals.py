import asyncio
import secrets
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from kartenwart.adapters.systemd import Notifier
from kartenwart.app.patience import patience
from kartenwart.app.vitals import keep_alive
from kartenwart.edge.identity import ServerIdentity
from kartenwart.rpc.probe import Probe


class Manager:
    """The service manager's end of the socket."""

    def __init__(self) -> None:
        self.address = f"@kartenwart-{secrets.token_hex(8)}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + self.address[1:])
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        messages = []
        while True:
            try:
                messages.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager() -> Iterator[Manager]:
    opened = Manager()
    yield opened
    opened.close()


def no_certificate() -> ServerIdentity:
    raise ValueError("none")


async def lived(notifier: Notifier, port: int, seconds: float) -> list[dict[str, Any]]:
    """Keep alive for so long beside what listens on `port`; what was reported."""
    reports: list[dict[str, Any]] = []
    probe = Probe(listening="127.0.0.1", port=port, name="box-test", identity=no_certificate)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await keep_alive(notifier, probe, lambda event, **more: reports.append({"event": event, **more}))
    return reports


async def test_a_loop_that_turns_beside_a_dead_port_gives_no_sign_of_life(manager: Manager, free_port: int) -> None:
    reports = await lived(Notifier(address=manager.address, watchdog_seconds=0.2), free_port, 0.5)

    assert manager.heard() == []
    assert len(reports) > 3
    assert {report["event"] for report in reports} == {"watchdog.no_answer"}


async def test_each_answer_is_a_sign_of_life_four_times_per_period(manager: Manager) -> None:
    """What answers here is plain text: a refusal of TLS, which is an answer (tests/unit/rpc/test_probe.py has gRPC)."""

    async def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"not TLS at all\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        reports = await lived(Notifier(address=manager.address, watchdog_seconds=0.4), port, 0.75)

    assert reports == []
    beats = manager.heard()
    assert set(beats) == {"WATCHDOG=1"}
    assert 2 <= len(beats) <= 9


async def test_nobody_who_waits_for_it_gets_no_sign(manager: Manager, free_port: int) -> None:
    assert await asyncio.wait_for(lived(Notifier(address=manager.address), free_port, 5), 1) == []
    assert manager.heard() == []


async def test_patience_asks_at_once_and_ends_with_what_took_so_long(manager: Manager) -> None:
    async with patience(Notifier(address=manager.address)):
        await asyncio.sleep(0.05)
        assert manager.heard() == ["EXTEND_TIMEOUT_USEC=30000000"]
    await asyncio.sleep(0.05)
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
