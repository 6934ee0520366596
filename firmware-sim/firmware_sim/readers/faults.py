"""What can go wrong at a reader, by name; each fault waits for the command that it spoils."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

Kind = Literal["mute", "garbage", "card_pulled", "unplugged", "hang"]

KINDS: tuple[Kind, ...] = get_args(Kind)
# Whether the card carries the command out before things go wrong, unless the fault says otherwise.
_EXECUTED: Mapping[Kind, bool] = MappingProxyType(
    {"mute": False, "garbage": True, "card_pulled": True, "unplugged": True, "hang": True}
)


class ReaderFaultError(ValueError):
    """No such fault; the text says which there are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderFault:
    """The next `times` commands (-1: all) with this `instruction` byte (None: any) go wrong.

    `mute`: the card does not answer; `garbage`: bytes that are no answer; `card_pulled` and `unplugged`: card or reader
    are gone in the middle; `hang`: the answer takes `seconds`. `executed`: the card has carried the command out.
    """

    kind: Kind
    times: int = 1
    instruction: int | None = None
    seconds: float = 0.0
    executed: bool = True


class ReaderFaults:
    """The faults that wait at one reader, first come first served."""

    def __init__(self) -> None:
        self._waiting: list[tuple[ReaderFault, int]] = []

    def plan(self, fault: ReaderFault) -> None:
        self._waiting.append((fault, fault.times))

    def clear(self) -> None:
        self._waiting.clear()

    @property
    def planned(self) -> int:
        return len(self._waiting)

    def due(self, command: bytes) -> ReaderFault | None:
        """The fault that spoils this command, used up by being asked for."""
        for place, (fault, left) in enumerate(self._waiting):
            if fault.instruction is None or command[1:2] == bytes([fault.instruction]):
                self._waiting[place : place + 1] = [] if left == 1 else [(fault, left - 1)]
                return fault
        return None


def read_reader_fault(document: Mapping[str, Any]) -> ReaderFault:
    """From {"kind", "times", "instruction": "20", "seconds", "execute"}. Raises `ReaderFaultError`."""
    kind = next((each for each in KINDS if each == document.get("kind")), None)
    if kind is None:
        raise ReaderFaultError(f'"kind" is one of {", ".join(KINDS)}')
    times, seconds = document.get("times", 1), float(document.get("seconds", 0.0))
    if times == 0 or times < -1 or seconds < 0:
        raise ReaderFaultError('"times" is 1 or more, or -1 for always; "seconds" is not negative')
    return ReaderFault(
        kind=kind,
        times=times,
        instruction=_instruction(document.get("instruction", "")),
        seconds=seconds,
        executed=document.get("execute", _EXECUTED[kind]),
    )


def _instruction(text: str) -> int | None:
    if not text:
        return None
    try:
        (byte,) = bytes.fromhex(text)
    except ValueError as error:
        raise ReaderFaultError('"instruction" is one byte in hexadecimal digits, as "20" for VERIFY') from error
    return byte
