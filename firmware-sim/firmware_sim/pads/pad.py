"""The pad of one card terminal: one prompt at a time, answered by a script, by a person, or by nobody."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

from firmware_sim.pads.script import Script, Step

RESULT_SHOWN_SECONDS = 3.0


class PadBusyError(Exception):
    """Somebody is asked at this pad already."""


class NothingAskedError(Exception):
    """No prompt to answer at this pad."""


class Ended(Enum):
    """A prompt that ended without a PIN."""

    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    CARD_REMOVED = "card_removed"
    TERMINAL_LOST = "terminal_lost"


@dataclass(frozen=True, kw_only=True, slots=True)
class Typed:
    """A PIN that was confirmed with the green key."""

    pin: str = field(repr=False)


Entry = Typed | Ended


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """What a pad asks. `right` is what a person who knows the secret would type."""

    card: str
    handle: str
    pin: str
    text: str
    stage: str = "pin"
    job_number: str = ""
    right: str = field(default="", repr=False)


class Pad:
    """One terminal's pad and display. `pull` takes a card out of its slot, as a scripted person may do."""

    def __init__(self, terminal: str, script: Script, idle: str, pull: Callable[[str], None]) -> None:
        self.terminal = terminal
        self.script = script
        self.prompt: Prompt | None = None
        self.display = idle
        self._idle = idle
        self._pull = pull
        self._answer: asyncio.Future[Entry] | None = None
        self._asking = asyncio.Event()
        self._fade: asyncio.TimerHandle | None = None
        self._occupied = False

    async def ask(self, prompt: Prompt, seconds: float) -> Entry:
        """Show a prompt and wait at most `seconds` for its answer. Raises `PadBusyError`."""
        if self.prompt is not None or self._occupied:
            raise PadBusyError(self.terminal)
        answer: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        self.prompt, self._answer = prompt, answer
        self._show(prompt.text)
        self._asking.set()
        player = asyncio.create_task(self._play(prompt, self.script.next()))
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            # What was confirmed in the last moment counts.
            return Ended.TIMED_OUT if answer.cancelled() else answer.result()
        finally:
            player.cancel()
            self.prompt, self._answer = None, None
            self._asking.clear()
            self._show(self._idle)

    @contextmanager
    def occupied(self, text: str) -> Iterator[None]:
        """Show a text that asks for a card; nothing else is asked meanwhile. Raises `PadBusyError`."""
        if self.prompt is not None or self._occupied:
            raise PadBusyError(self.terminal)
        self._occupied = True
        self._show(text)
        try:
            yield
        finally:
            self._occupied = False
            self._show(self._idle)

    def show_result(self, text: str) -> None:
        """Show a result for some seconds."""
        self._show(text)
        self._fade = asyncio.get_running_loop().call_later(RESULT_SHOWN_SECONDS, self._fade_out, text)

    def answer(self, entry: Entry) -> None:
        """Answer the prompt that is shown. Raises `NothingAskedError`."""
        if self._answer is None or self._answer.done():
            raise NothingAskedError(f"pad {self.terminal!r} asks for nothing now")
        self._answer.set_result(entry)

    async def answer_when_asked(self, entry: Entry, seconds: float) -> None:
        """Answer the prompt that is shown, or the next one within `seconds`. Raises `NothingAskedError`."""
        try:
            async with asyncio.timeout(seconds):
                await self._asking.wait()
        except TimeoutError:
            pass
        self.answer(entry)

    def interrupt(self, reason: Ended, handle: str = "") -> None:
        """End the prompt for this card (or whatever is asked when `handle` is empty)."""
        if self.prompt is None or (handle and self.prompt.handle != handle):
            return
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(reason)

    async def _play(self, prompt: Prompt, step: Step | None) -> None:
        if step is None or step.action == "silent":
            return
        if step.after:
            await asyncio.sleep(step.after)
        match step.action:
            case "pin":
                self.answer(Typed(pin=step.pin))
            case "type_right":
                self.answer(Typed(pin=prompt.right))
            case "type_wrong":
                self.answer(Typed(pin=wrong(prompt.right)))
            case "cancel":
                self.answer(Ended.CANCELLED)
            case "pull_card":
                self._pull(prompt.card)

    def _show(self, text: str) -> None:
        if self._fade is not None:
            self._fade.cancel()
            self._fade = None
        self.display = text

    def _fade_out(self, text: str) -> None:
        if self.display == text:
            self._show(self._idle)


def wrong(right: str) -> str:
    """Digits of the same length that differ from `right` in the last place."""
    last = str((int(right[-1]) + 1) % 10) if right else "0"
    return right[:-1] + last
