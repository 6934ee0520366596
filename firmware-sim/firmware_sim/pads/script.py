"""What a person at a pad will do: a list of entries, then a habit for all that follows."""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal, get_args

from firmware_sim.world.configuration import PadMode

Action = Literal["pin", "type_right", "type_wrong", "cancel", "silent", "pull_card"]

_ACTIONS: dict[str, Action] = {action: action for action in get_args(Action) if action != "pin"}


class ScriptError(ValueError):
    """A script that no pad can play; the text says what is possible."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One act at one prompt, `after` seconds."""

    action: Action
    pin: str = field(default="", repr=False)
    after: float = 0.0


class Script:
    """Steps, one per prompt, in order; when they are used up, `default` is done at each prompt."""

    def __init__(self, default: PadMode) -> None:
        self.default = default
        self._steps: deque[Step] = deque()

    def play(self, steps: list[Step], default: PadMode) -> None:
        """Replace what was planned."""
        self._steps, self.default = deque(steps), default

    def next(self) -> Step | None:
        """The step for the prompt that begins now; None when a person will type (interactive)."""
        if self._steps:
            return self._steps.popleft()
        if self.default == "interactive":
            return None
        return Step(action=self.default)

    @property
    def left(self) -> int:
        return len(self._steps)


def read_steps(entries: object) -> list[Step]:
    """Steps from the control door's JSON list. Raises `ScriptError`."""
    if not isinstance(entries, list):
        raise ScriptError('"entries" has to be a list')
    return [_step(entry) for entry in entries]


def _step(entry: object) -> Step:
    if not isinstance(entry, dict) or set(entry) - {"pin", "action", "after"}:
        raise ScriptError('an entry is {"pin": "...", "after": seconds} or {"action": "...", "after": seconds}')
    after = entry.get("after", 0.0)
    if not isinstance(after, int | float) or after < 0:
        raise ScriptError('"after" is a number of seconds')
    if "pin" in entry:
        return Step(action="pin", pin=digits(entry["pin"]), after=float(after))
    action = _ACTIONS.get(entry.get("action", ""))
    if action is None:
        raise ScriptError(f'"action" is one of {", ".join(_ACTIONS)}')
    return Step(action=action, after=float(after))


def digits(value: object) -> str:
    """A PIN as a pad can type it: 1 to 12 digits. Raises `ScriptError` without repeating what was typed."""
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > 12:
        raise ScriptError('"pin" is a string of 1 to 12 digits')
    return value
