"""Practices that a module's tests share; each test leaves its practice as it found it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from kartenwart.client import Kartenwart
from tests.practice import Practice

DEFAULT_WORLD = files("firmware_sim.world").joinpath("default.toml").read_text(encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Staffed:
    """A practice with two workstations of doctors that are connected."""

    practice: Practice
    box: Kartenwart
    other: Kartenwart
    technician: Kartenwart


def world(folder: Path, *changes: tuple[str, str], more: str = "") -> Path:
    """Write the default world with changes; `more` is TOML behind it."""
    text = DEFAULT_WORLD
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    file = folder / "world.toml"
    file.write_text(text + more, encoding="utf-8")
    return file


def many_cards(folder: Path, *changes: tuple[str, str], more: str = "") -> Path:
    """Write a world with cards in every sorry state, and prompts that nobody answers end after eight seconds.

    Its Konnektor is patient: one that gives up on a busy machine loses the events that tests wait for.
    """
    return world(
        folder,
        ("slots = 4", "slots = 12"),
        ("pin_entry_seconds = 60", "pin_entry_seconds = 8\nevent_connect_seconds = 20"),
        *changes,
        more=DOCTORS + more,
    )


def doctor(name: str, tail: str, slot: int, ch: str = "", qes: str = "") -> str:
    """Return TOML of a doctor's card; `ch` and `qes` say more of its PINs."""
    return f"""
[[cards]]
name = "hba-{name}"
kind = "hba"
iccsn = "8027600101169990{tail}"
holder = "Dr. {name.title()} TEST-ONLY"
telematik_id = "1-1000000{tail}"
profession = "1.2.276.0.76.4.30"
terminal = "kt-sprechzimmer"
slot = {slot}
pins = [
    {{ reference = "PIN.CH", pin = "314159", puk = "31415926"{ch} }},
    {{ reference = "PIN.QES", pin = "271828", puk = "27182818"{qes} }},
]
"""


DOCTORS = (
    doctor("celler", "0203", 3, ch=", attempts = 1")
    + doctor("dorn", "0204", 4, ch=', state = "transport"')
    + doctor("esch", "0205", 5, ch=', state = "blocked"')
    + doctor("falk", "0206", 6)
    + doctor("gerth", "0207", 7)
    + doctor("horn", "0208", 8, qes=", attempts = 1")
    + doctor("isa", "0209", 9, qes=', state = "transport"')
    + doctor("jahn", "0210", 10, qes=', state = "blocked"')
)


@asynccontextmanager
async def staffed(practice: Practice, users: tuple[str, ...]) -> AsyncIterator[Staffed]:
    """Make users, enrol two workstations that sign for all of them, and connect both."""
    async with practice.technician() as technician:
        for user in users:
            await technician.users.create(user, user.title())
        rooms = ("sprechzimmer", "empfang")
        one = await practice.workstation("Sprechzimmer 1", contexts=rooms, users=users)
        two = await practice.workstation("Sprechzimmer 2", contexts=rooms, users=users)
        async with practice.connected(one) as box, practice.connected(two) as other:
            yield Staffed(practice=practice, box=box, other=other, technician=technician)
