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
