"""A pcscd of the test's own with virtual slots, and chips plugged into them from inside its network namespace."""

import ctypes
import os
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from firmware_sim.cos.chips import Chip
from tests.lacking import lacking

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
FIRST_PORT = 0x8C7B
SLOTS_OF_ENTRY = 2
START_SECONDS = 10.0
_NEW_NETWORK = 0x40000000
# Everything of it lies in a network of its own and in a /run of its own: vpcd listens on all addresses.
_START = (
    "mount -t tmpfs own /run && mkdir /run/pcscd && mount --bind {run} /run/pcscd && ip link set lo up && exec {pcscd}"
)


class Pcscd:
    """A pcscd with `entries` times two virtual slots, and what reader.conf says beside; killed and started at will."""

    def __init__(self, folder: Path, run: Path, entries: int = 1, more: str = "") -> None:
        if not DRIVER.exists() or shutil.which("pcscd") is None or os.geteuid() != 0:
            lacking("needs root, pcscd and vsmartcard-vpcd")
        self._run = run
        self._conf = folder / "reader.conf.d"
        self._conf.mkdir()
        self._folder = folder
        for number in range(entries):
            self.add(number)
        (self._conf / "more").write_text(more)
        self.log = folder / "pcscd.log"
        self.process: subprocess.Popen[bytes] | None = None

    def add(self, number: int) -> None:
        """Add two slots to what it reads at its start."""
        port = FIRST_PORT + SLOTS_OF_ENTRY * number
        # Each with a copy of its own: the driver keeps its slots in global variables.
        driver = shutil.copy(DRIVER, self._folder / f"vpcd{number}.so")
        (self._conf / f"virtual{number}").write_text(
            f'FRIENDLYNAME "Virtual {number:02}"\nDEVICENAME /dev/null:0x{port:X}\n'
            f"LIBPATH {driver}\nCHANNELID 0x{port:X}\n"
        )

    def remove(self, number: int) -> None:
        (self._conf / f"virtual{number}").unlink()

    def start(self) -> None:
        command = _START.format(run=self._run, pcscd=f"pcscd --foreground --config {self._conf}")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["unshare", "--net", "--mount", "bash", "-c", command], stdout=log, stderr=log
            )
        wait_for((self._run / "pcscd.comm").is_socket, START_SECONDS)

    def kill(self) -> None:
        """As a crash: what it left behind stays."""
        self._end(signal.SIGKILL)
        for left in self._run.iterdir():
            left.unlink()

    def stop(self) -> None:
        if self.process is not None:
            self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(how)
        try:
            self.process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def connect(self, slot: int) -> socket.socket:
        """A connection to a virtual slot, made inside its network: to be called in a thread of its own."""
        assert self.process is not None
        with Path(f"/proc/{self.process.pid}/ns/net").open("rb") as network:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(network.fileno(), _NEW_NETWORK):
                raise OSError(ctypes.get_errno(), "setns")
        line = socket.create_connection(("127.0.0.1", FIRST_PORT + slot), timeout=START_SECONDS)
        line.settimeout(None)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line


class Plugged:
    """A chip in a virtual slot until it is pulled; `spoil` may answer for it, None pulls it inside the command."""

    def __init__(self, pcscd: Pcscd, slot: int, chip: Chip, *, atr: bytes | None = None) -> None:
        self.chip = chip
        self.commands: list[bytes] = []
        self.spoil: Callable[[bytes], bytes | None] | None = None
        self._atr = chip.power_on() if atr is None else atr  # asked for every 400 ms, which is no reset
        self._pcscd = pcscd
        self._slot = slot
        self._line: socket.socket | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._ready.wait(START_SECONDS), "no slot to plug into"

    def pull(self) -> None:
        if self._line is not None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)
        self._thread.join(START_SECONDS)

    def _serve(self) -> None:
        self._line = self._pcscd.connect(self._slot)
        self._ready.set()
        with self._line, suppress(OSError):
            for message in self._messages(self._line):
                answer = self._answer(message)
                if answer is not None:
                    self._line.sendall(struct.pack(">H", len(answer)) + answer)
        self.chip.power_off()

    def _messages(self, line: socket.socket) -> Iterator[bytes]:
        while head := _exactly(line, 2):
            yield _exactly(line, int.from_bytes(head, "big"))

    def _answer(self, message: bytes) -> bytes | None:
        match message:
            case b"\0":
                self.chip.power_off()
            case b"\1":
                self.chip.power_on()
            case b"\2":
                self.chip.reset()
            case b"\4":
                return self._atr
            case _:
                return self._transmit(message)
        return None

    def _transmit(self, command: bytes) -> bytes:
        self.commands.append(command)
        if self.spoil is None:
            return self.chip.transmit(command)
        answer = self.spoil(command)
        if answer is None:
            raise ConnectionAbortedError
        return answer


def wait_for(true: Callable[[], bool], within: float) -> None:
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def _exactly(line: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        more = line.recv(size - len(found))
        if not more:
            raise ConnectionAbortedError
        found += more
    return found
