"""The state folder: one agent at a time, and the ways in which the state can be unusable at the start.

StateUnusable
├── StateInUse     another agent has the folder
├── StateTooNew    a newer version has written it
└── StateDamaged   the database does not hold together
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_FILE = "agent.lock"
OWNER_ONLY = 0o600


class StateUnusable(Exception):
    """The agent cannot start on this state; the message says in German what is wrong and what to do."""


class StateInUse(StateUnusable):
    """Another agent runs on this folder."""


class StateTooNew(StateUnusable):
    """A newer version of the agent has changed the database."""


class StateDamaged(StateUnusable):
    """The database fails its check or is none."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the state folder for this agent alone, and make it where it is missing.

    The lock is the kernel's (flock): it ends with the process, however that ends. Raises StateInUse or StateUnusable.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, OWNER_ONLY)
    except OSError as error:
        raise StateUnusable(
            f"Der Ordner {folder} lässt sich nicht benutzen ({error.strerror}). "
            "Prüfen Sie Pfad, Rechte und freien Speicherplatz."
        ) from error
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unbekannt"
        raise StateInUse(
            f"Auf dem Ordner {folder} läuft schon ein Kartenwart (Prozess {holder}). "
            "Es darf nur einer sein: Beenden Sie den anderen, oder geben Sie diesem einen eigenen Ordner."
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
