"""`kartenwart-sim desk`: every display, slot and pad of the practice in one terminal window, and hands for them.

Tab goes from place to place, digits, Enter and c (or Esc) are the pad's keys, i inserts the next card that lies in the
drawer, p pulls one, q or Ctrl-C leaves. Typed digits are shown as stars and live in this process until Enter.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from firmware_sim.cli.door_client import DoorClient, DoorError
from firmware_sim.cli.interactive_pad import key_pressed, raw_keys
from firmware_sim.cli.options import failing

LONGEST_PIN = 12
_LEAVE = ("q", "Q", "\x03", "\x04")
_HELP = "Tab: next place   digits, Enter, c: its pad   i: insert   p: pull   q: leave"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A terminal or reader as the control door tells it; one without a pad has no display."""

    name: str
    there: bool
    slots: dict[int, str | None]
    display: str
    asked: bool

    @property
    def first_free(self) -> int | None:
        return next((slot for slot, card in self.slots.items() if card is None), None)

    @property
    def last_card(self) -> str | None:
        return next((card for card in reversed(self.slots.values()) if card), None)


class Desk:
    """What is shown and what a key does; `state` is what the control door told last."""

    def __init__(self, door: DoorClient) -> None:
        self._door = door
        self._at = 0
        self._typed = ""
        self._said = ""
        self.places: list[Place] = []
        self.drawer: list[str] = []

    @property
    def here(self) -> Place:
        return self.places[self._at % len(self.places)]

    def look(self) -> None:
        """Ask the simulator how things are. Raises `DoorError`."""
        state = self._door.get("/state")
        self.places = [_place(one, "connected") for one in state["terminals"]]
        self.places += [_place(one, "plugged") for one in state["readers"]]
        self.drawer = [card["name"] for card in state["cards"] if card["terminal"] is None]
        if not self.here.asked:
            self._typed = ""

    def press(self, key: str) -> bool:
        """Do what a key means; False when it means to leave."""
        if key in _LEAVE:
            return False
        self._said = ""
        try:
            self._do(key)
        except DoorError as error:
            self._said = str(error)
        return True

    def _do(self, key: str) -> None:
        match key:
            case "\t":
                self._at, self._typed = (self._at + 1) % len(self.places), ""
            case "i":
                self._insert()
            case "p":
                self._pull()
            case _ if self.here.asked:
                self._type(key)

    def _insert(self) -> None:
        slot = self.here.first_free
        if slot is None or not self.drawer:
            self._said = f"{self.here.name} has no free slot" if slot is None else "no card lies in the drawer"
            return
        self._door.post(f"/cards/{self.drawer[0]}/insert", {"terminal": self.here.name, "slot": slot})

    def _pull(self) -> None:
        card = self.here.last_card
        if card is None:
            self._said = f"{self.here.name} holds no card"
            return
        self._door.post(f"/cards/{card}/pull")

    def _type(self, key: str) -> None:
        if key in ("\r", "\n") and self._typed:
            typed, self._typed = self._typed, ""
            self._door.post(f"/pads/{self.here.name}/type", {"pin": typed})
        elif key in ("c", "C", "\x1b"):
            self._typed = ""
            self._door.post(f"/pads/{self.here.name}/type", {"keys": "cancel"})
        elif key in ("\x7f", "\b"):
            self._typed = self._typed[:-1]
        elif key.isascii() and key.isdigit() and len(self._typed) < LONGEST_PIN:
            self._typed += key

    def picture(self) -> Group:
        """Everything, for the window."""
        panels = [self._panel(place) for place in self.places]
        drawer = Text(f"drawer: {', '.join(self.drawer) or 'empty'}")
        return Group(*panels, drawer, Text(self._said or _HELP, style="dim"))

    def _panel(self, place: Place) -> Panel:
        table = Table.grid(padding=(0, 2))
        table.add_row(*(Text(f"{slot}: {card or '-'}") for slot, card in place.slots.items()))
        stars = "*" * len(self._typed) if place is self.here else ""
        shown = Text(f"[{place.display}] {stars}" if place.display else "(no pad)")
        title = place.name if place.there else f"{place.name} (unplugged)"
        here = place is self.here
        return Panel(Group(shown, table), title=Text(title), title_align="left", border_style="bold" if here else "dim")


def run_desk(state: Path) -> None:
    """Show the desk until q or Ctrl-C; needs a terminal on stdin and stdout."""
    with failing(DoorError):
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise DoorError("the desk needs a terminal; for scripts use: kartenwart-sim status, type, insert, pull")
        desk = Desk(DoorClient(state))
        desk.look()
        with raw_keys(), Live(desk.picture(), console=Console(), screen=True, auto_refresh=False) as live:
            while desk.press(key_pressed()):
                desk.look()
                live.update(desk.picture(), refresh=True)


def _place(told: dict[str, Any], there: str) -> Place:
    return Place(
        name=told["name"],
        there=told[there],
        slots={int(slot): card for slot, card in told["slots"].items()},
        display=told.get("display", ""),
        asked=told.get("prompt") is not None,
    )
