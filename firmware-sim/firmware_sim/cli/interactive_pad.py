"""A pad in a terminal window: the display as it changes, digits without echo."""

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firmware_sim.cli.door_client import DoorClient, DoorError
from firmware_sim.cli.options import failing

_POLL_SECONDS = 0.2
_CONFIRM = ("\r", "\n")
_CANCEL = ("\x1b", "c", "C")
_DELETE = ("\x7f", "\b")


def run_pad(terminal: str, state: Path) -> None:
    """Show the pad of `terminal` until Ctrl-C or Ctrl-D; needs a terminal on stdin."""
    with failing(DoorError):
        if not sys.stdin.isatty():
            raise DoorError("the pad needs a terminal on stdin; for scripts use: kartenwart-sim type")
        door = DoorClient(state)
        door.get(f"/pads/{terminal}")
        with raw_keys():
            _stand_at(door, terminal)


def _stand_at(door: DoorClient, terminal: str) -> None:
    typed, shown = "", ""
    while True:
        pad = door.get(f"/pads/{terminal}")
        if pad["prompt"] is None:
            typed = ""
        line = f"[{terminal}] {pad['display']}  {'*' * len(typed)}"
        if line != shown:
            print(f"\r\x1b[K{line}", end="", flush=True)
            shown = line
        key = key_pressed()
        if key in ("\x03", "\x04"):
            print()
            return
        if pad["prompt"] is not None:
            typed = _press(door, terminal, typed, key)


def _press(door: DoorClient, terminal: str, typed: str, key: str) -> str:
    """What was typed after this key."""
    if key in _CONFIRM and typed:
        _send(door, terminal, {"pin": typed})
        return ""
    if key in _CANCEL and key:
        _send(door, terminal, {"keys": "cancel"})
        return ""
    if key in _DELETE and key:
        return typed[:-1]
    return typed + key if key.isdigit() and len(typed) < 12 else typed


def _send(door: DoorClient, terminal: str, entry: dict[str, str]) -> None:
    try:
        door.post(f"/pads/{terminal}/type", entry)
    except DoorError:
        time.sleep(_POLL_SECONDS)  # the prompt ended in the meantime; the display will say so


def key_pressed() -> str:
    """The key that is pressed within a moment, empty when none is."""
    ready, _, _ = select.select([sys.stdin], [], [], _POLL_SECONDS)
    return os.read(sys.stdin.fileno(), 1).decode("ascii", "ignore") if ready else ""


@contextmanager
def raw_keys() -> Iterator[None]:
    """Each key comes as it is pressed, Ctrl-C too, and none is shown."""
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setraw(sys.stdin)
        raw = termios.tcgetattr(sys.stdin)
        raw[1] = before[1]  # lines are still ended as a window needs it
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, raw)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
