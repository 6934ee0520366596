"""Reads catalogue.toml: what each named fault is, does, and looks like to a practice."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from firmware_sim.konnektor.faults import Fault, read_fault
from firmware_sim.proxy import LinkFault, read_link_fault

Place = Literal["soap", "events", "call", "device"]


class UnknownFaultError(ValueError):
    """There is no fault of this name; the text names those that there are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """What happens to the Konnektor itself: `lose_events`, `clock`, `error_state`, `certificate` or `reboot`.

    `seconds` is the clock's offset, or how long a boot takes; `name` the error condition.
    """

    act: Literal["lose_events", "clock", "error_state", "certificate", "reboot"]
    seconds: float = 0.0
    name: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedFault:
    """One entry. `place`: the line for SOAP, the line for events, calls, or the device; `plan` fits the place.

    `does` says what happens, `practice` (German) what people there notice.
    """

    name: str
    place: Place
    does: str
    practice: str
    plan: LinkFault | Fault | Act


@cache
def catalogue() -> tuple[NamedFault, ...]:
    """All entries, in the order of the file."""
    text = files("firmware_sim.faults").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return tuple(_entry(name, table) for name, table in tomllib.loads(text).items())


def named(name: str) -> NamedFault:
    """The entry of this name. Raises `UnknownFaultError`."""
    for entry in catalogue():
        if entry.name == name:
            return entry
    raise UnknownFaultError(f"there is no fault {name!r}; there are {', '.join(entry.name for entry in catalogue())}")


def _entry(name: str, table: dict[str, Any]) -> NamedFault:
    return NamedFault(
        name=name,
        place=table["place"],
        does=table["does"],
        practice=table["practice"],
        plan=_plan(table["place"], table["plan"]),
    )


def _plan(place: Place, plan: dict[str, Any]) -> LinkFault | Fault | Act:
    if place == "call":
        return read_fault(plan)
    return Act(**plan) if place == "device" else read_link_fault(plan)
