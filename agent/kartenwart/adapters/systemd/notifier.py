"""Tells the service manager how the agent is, by the datagrams of sd_notify(3)."""

import os
import socket
from collections.abc import Mapping
from typing import Self

SEND_SECONDS = 1.0  # systemd reads at once; whoever does not must not hold the loop for longer
MICROSECONDS = 1_000_000


class Notifier:
    """Speaks to whoever started us with NOTIFY_SOCKET; where nobody did, it says nothing.

    `address` is a path or "@" and a name without a file; "" for nobody. `watchdog_seconds` is how long the manager
    waits between two signs of life, None where it does not wait for any. Each method returns False where the message
    was wanted and could not be delivered. Source: sd_notify(3), sd_watchdog_enabled(3).
    """

    __slots__ = ("_address", "watchdog_seconds")

    def __init__(self, *, address: str = "", watchdog_seconds: float | None = None) -> None:
        self._address = address
        self.watchdog_seconds = watchdog_seconds

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ, pid: int | None = None) -> Self:
        """Read NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.

        What is unreadable, of another kind (vsock) or meant for another process counts as absent.
        """
        address = environ.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")):
            return cls()
        return cls(address=address, watchdog_seconds=_watchdog_seconds(environ, os.getpid() if pid is None else pid))

    def ready(self, status: str) -> bool:
        """Say that every door listens."""
        return self._tell("READY=1", f"STATUS={_line(status)}")

    def status(self, status: str) -> bool:
        """Say in one sentence how things stand; `systemctl status` shows it."""
        return self._tell(f"STATUS={_line(status)}")

    def stopping(self, status: str) -> bool:
        """Say that the end has begun."""
        return self._tell("STOPPING=1", f"STATUS={_line(status)}")

    def alive(self) -> bool:
        """Give the sign of life that the watchdog waits for."""
        return self._tell("WATCHDOG=1")

    def more_time(self, seconds: float) -> bool:
        """Ask for so many seconds from now for a start or stop that goes on."""
        return self._tell(f"EXTEND_TIMEOUT_USEC={int(seconds * MICROSECONDS)}")

    def _tell(self, *lines: str) -> bool:
        if not self._address:
            return True
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sending:
                sending.settimeout(SEND_SECONDS)
                sending.connect(address)
                sending.send("\n".join(lines).encode())
        except OSError:
            return False
        return True


def _line(text: str) -> str:
    """Return the text in one line: a newline would begin another assignment."""
    return " ".join(text.split())


def _watchdog_seconds(environ: Mapping[str, str], pid: int) -> float | None:
    wanted, owner = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", str(pid))
    if not (wanted.isascii() and wanted.isdigit()) or owner != str(pid) or int(wanted) == 0:
        return None
    return int(wanted) / MICROSECONDS
