"""Pads: one prompt at a time, answered by scripts, people, nobody, or a card that goes."""

import asyncio
import time

import pytest

from firmware_sim.pads.pad import Ended, NothingAskedError, Pad, PadBusyError, Prompt, Typed, wrong
from firmware_sim.pads.script import Script, ScriptError, read_steps

PROMPT = Prompt(card="smcb", handle="h", pin="PIN.SMC", text="PIN eingeben", right="135790")


def pad(default: str = "silent", *entries: object) -> Pad:
    script = Script("silent")
    script.play(read_steps(list(entries)), default)  # type: ignore[arg-type]
    return Pad("kt", script, "Empfang", lambda card: None)


async def test_steps_come_one_per_prompt_and_then_the_habit() -> None:
    here = pad("cancel", {"pin": "1111"}, {"action": "type_right", "after": 0.01}, {"action": "type_wrong"})
    answers = [await here.ask(PROMPT, 1) for _ in range(4)]
    assert answers == [Typed(pin="1111"), Typed(pin="135790"), Typed(pin="135791"), Ended.CANCELLED]


async def test_nobody_types() -> None:
    assert await pad().ask(PROMPT, 0.05) is Ended.TIMED_OUT


async def test_one_prompt_at_a_time() -> None:
    here = pad()
    first = asyncio.create_task(here.ask(PROMPT, 0.1))
    await asyncio.sleep(0)
    with pytest.raises(PadBusyError):
        await here.ask(PROMPT, 0.1)
    assert await first is Ended.TIMED_OUT
    assert (here.prompt, here.display) == (None, "Empfang")


async def test_a_person_types_when_asked() -> None:
    here = pad("interactive")
    with pytest.raises(NothingAskedError):
        here.answer(Typed(pin="1"))
    asked = asyncio.create_task(here.ask(PROMPT, 2))
    await here.answer_when_asked(Typed(pin="22"), 1)
    assert await asked == Typed(pin="22")
    with pytest.raises(NothingAskedError):
        await here.answer_when_asked(Typed(pin="22"), 0.02)


async def test_only_its_own_card_interrupts() -> None:
    here = pad("interactive")
    asked = asyncio.create_task(here.ask(PROMPT, 2))
    await asyncio.sleep(0)
    here.interrupt(Ended.CARD_REMOVED, "another")
    assert not asked.done()
    here.interrupt(Ended.CARD_REMOVED, "h")
    assert await asked is Ended.CARD_REMOVED


@pytest.mark.parametrize(
    "entries",
    [
        "x",
        [1],
        [{"pin": "12a"}],
        [{"pin": 123456}],
        [{"action": "dance"}],
        [{"action": "pin"}],
        [{"after": -1}],
        [{"x": 1}],
    ],
)
def test_scripts_that_no_pad_can_play(entries: object) -> None:
    with pytest.raises(ScriptError) as caught:
        read_steps(entries)
    assert "12a" not in str(caught.value)


def test_secrets_do_not_print() -> None:
    assert "135790" not in repr(PROMPT)
    assert "135790" not in repr(Typed(pin="135790"))
    assert "135790" not in repr(read_steps([{"pin": "135790"}]))
    assert wrong("135799") == "135790"


async def test_a_pin_confirmed_in_the_last_moment_counts() -> None:
    here = pad("interactive")
    asked = asyncio.create_task(here.ask(PROMPT, 0.02))
    await asyncio.sleep(0)
    time.sleep(0.05)  # noqa: ASYNC251 - the clock runs out before the loop can say so
    asyncio.get_running_loop().call_soon(here.answer, Typed(pin="22"))
    assert await asked == Typed(pin="22")
