import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from kartenwart.adapters.systemd import Notifier


class Listener:
    """The service manager's end: a datagram socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        """Each message so far."""
        messages = []
        while True:
            try:
                messages.append(self._socket.recv(65536).decode())
            except BlockingIOError:
                return messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "name"])
def listener(request: pytest.FixtureRequest) -> Iterator[Listener]:
    with TemporaryDirectory() as folder:  # a socket's path has 107 bytes at most
        address = f"{folder}/notify" if request.param == "path" else f"@kartenwart-{secrets.token_hex(8)}"
        listening = Listener(address)
        yield listening
        listening.close()


def test_the_manager_hears_each_thing_as_sd_notify_spells_it(listener: Listener) -> None:
    notifier = Notifier(address=listener.address)

    assert notifier.ready("Bereit.")
    assert notifier.status("Konnektor k1: gestört.")
    assert notifier.alive()
    assert notifier.more_time(2.5)
    assert notifier.stopping("Wird beendet.")

    assert listener.heard() == [
        "READY=1\nSTATUS=Bereit.",
        "STATUS=Konnektor k1: gestört.",
        "WATCHDOG=1",
        "EXTEND_TIMEOUT_USEC=2500000",
        "STOPPING=1\nSTATUS=Wird beendet.",
    ]


@pytest.mark.parametrize("method", ["ready", "status", "stopping"])
def test_no_text_can_smuggle_another_assignment(listener: Listener, method: str) -> None:
    assert getattr(Notifier(address=listener.address), method)("gestört\nMAINPID=1\r\n\tund  mehr")

    lines = listener.heard()[0].split("\n")
    assert lines[-1] == "STATUS=gestört MAINPID=1 und mehr"
    assert not [line for line in lines if line.startswith("MAINPID")]


def test_nobody_who_asked_hears_nothing_and_that_is_well() -> None:
    notifier = Notifier.from_environment({})

    assert notifier.ready("Bereit.")
    assert notifier.alive()
    assert notifier.watchdog_seconds is None


def test_a_manager_that_is_gone_is_said_and_does_no_harm(tmp_path: Path) -> None:
    assert not Notifier(address=str(tmp_path / "nobody")).ready("Bereit.")
    assert not Notifier(address="/" + "x" * 200).ready("Bereit.")


def test_a_manager_that_does_not_read_holds_nobody_up_for_long() -> None:
    address = f"@kartenwart-{secrets.token_hex(8)}"
    deaf = Listener(address)
    notifier = Notifier(address=address)
    try:
        told = [notifier.alive()]
        while told[-1] and len(told) < 10_000:
            told.append(notifier.alive())
        assert not told[-1], "the queue never filled"
    finally:
        deaf.close()


@pytest.mark.parametrize("address", ["vsock:2:1234", "relative/path", ""])
def test_an_address_of_another_kind_counts_as_none(address: str) -> None:
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"})

    assert notifier.ready("Bereit.")
    assert notifier.watchdog_seconds is None


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": "4711"}, 1.5),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "4712"}, None),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": ""}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "²"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_ours_only_where_it_is_meant_for_us(environ: dict[str, str], seconds: float | None) -> None:
    assert Notifier.from_environment({"NOTIFY_SOCKET": "/run/n", **environ}, 4711).watchdog_seconds == seconds


def test_without_more_words_the_process_itself_is_meant() -> None:
    environ = {"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(os.getpid())}

    assert Notifier.from_environment(environ).watchdog_seconds == 1.0
