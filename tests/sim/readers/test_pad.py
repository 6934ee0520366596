"""A reader with a pad behind our IFD handler in a real pcscd: features, entries, and that no PIN crosses pcscd."""

from pathlib import Path

import pytest

from firmware_sim.pads.script import read_steps
from tests.sim.readers.blocks import (
    CHANGE_SMC,
    MODIFY,
    PIN_STATUS,
    PROPERTIES,
    UNBLOCK_SMC,
    VERIFY,
    VERIFY_SMC,
    modify_block,
    verify_block,
)
from tests.sim.readers.desk import Ask, Desk, Refused

PAD = "pad 00 00"


def plays(here: Desk, *entries: object, default: str = "silent") -> None:
    here.simulation.pads["pad"].script.play(read_steps(list(entries)), default)  # type: ignore[arg-type]


def counted(here: Desk) -> tuple[int, int, int]:
    counts = here.simulation.practice.counts.cards["smcb-m1"]
    return counts.pin_prompts, counts.pin_tries_right, counts.pin_tries_wrong


def memory_of(pid: int) -> bytes:
    """All that a process can write to, as it is now."""
    found = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, rights, *_ = line.split()
            start, end = (int(each, 16) for each in place.split("-"))
            if rights.startswith("rw"):
                memory.seek(start)
                found.append(memory.read(end - start))
    return b"".join(found)


async def test_a_reader_with_a_pad_says_so(at_pad: Desk, ask: Ask) -> None:
    assert await ask("connect", reader=PAD) == at_pad.simulation.chips.of_card("smcb-m1").atr.hex()
    assert set(await ask("features")) == {str(each) for each in (VERIFY, MODIFY, PROPERTIES)}
    told = bytes.fromhex(await ask("control", feature=PROPERTIES, data=""))
    assert bytes.fromhex("060104") in told  # bMinPINSize
    assert bytes.fromhex("07010c") in told  # bMaxPINSize
    assert b"kartenwart-sim" in told
    assert "PIN pad" in await at_pad.opensc("-l")


async def test_a_pin_typed_at_the_pad_never_crosses_pcscd(at_pad: Desk, ask: Ask) -> None:
    await ask("connect", reader=PAD)
    assert await ask("transmit", data=PIN_STATUS) == "63c3"
    plays(at_pad, {"pin": "135791"}, {"pin": "135790"}, {"pin": "135790"}, {"pin": "864208"}, {"pin": "864208"})
    assert await ask("control", feature=VERIFY, data=verify_block(VERIFY_SMC)) == "63c2"
    assert await ask("control", feature=VERIFY, data=verify_block(VERIFY_SMC)) == "9000"
    assert await ask("transmit", data=PIN_STATUS) == "9000"
    assert counted(at_pad) == (2, 1, 1)
    assert await ask("control", feature=MODIFY, data=modify_block(CHANGE_SMC)) == "9000"
    assert at_pad.simulation.practice.card("smcb-m1").pins["PIN.SMC"].right_pin == "864208"
    memory = memory_of(at_pad.pcscd.pid)
    assert bytes.fromhex(CHANGE_SMC) in memory  # the block itself did cross, and is where it is looked for
    for pin in ("135791", "135790", "864208"):
        assert pin.encode() not in memory
        assert bytes.fromhex(f"26{pin}ff") not in memory


async def test_the_puk_and_a_new_pin(at_pad: Desk, ask: Ask) -> None:
    await ask("connect", reader=PAD)
    plays(at_pad, default="type_wrong")
    words = [await ask("control", feature=VERIFY, data=verify_block(VERIFY_SMC)) for _ in range(4)]
    assert words == ["63c2", "63c1", "63c0", "6983"]
    plays(at_pad, {"pin": "13579024"}, {"pin": "777777"}, {"pin": "777777"})
    assert await ask("control", feature=MODIFY, data=modify_block(UNBLOCK_SMC)) == "9000"
    assert at_pad.simulation.practice.card("smcb-m1").pins["PIN.SMC"].right_pin == "777777"


@pytest.mark.parametrize(
    ("steps", "default", "word"),
    [
        ([], "silent", "6400"),
        ([], "cancel", "6401"),
        ([{"pin": "135790"}, {"pin": "111111"}, {"pin": "222222"}], "silent", "6402"),
        ([{"pin": "135790"}, {"pin": "11111"}], "silent", "6403"),
        ([{"pin": "135790"}, {"pin": "111111111"}], "silent", "6403"),
    ],
)
async def test_entries_that_end_without_a_command(
    at_pad: Desk, ask: Ask, steps: list[object], default: str, word: str
) -> None:
    await ask("connect", reader=PAD)
    plays(at_pad, *steps, default=default)
    assert await ask("control", feature=MODIFY, data=modify_block(CHANGE_SMC, seconds=1)) == word
    assert counted(at_pad)[1:] == (0, 0)


@pytest.mark.parametrize(
    "block",
    [
        verify_block(VERIFY_SMC)[:-2],
        verify_block("00200001"),
        verify_block("0020000102ffff"),
        verify_block(VERIFY_SMC).replace("894704", "8d4704"),
        verify_block(VERIFY_SMC).replace("0806", "0608"),
    ],
)
async def test_a_block_that_cannot_be_carried_out(at_pad: Desk, ask: Ask, block: str) -> None:
    await ask("connect", reader=PAD)
    plays(at_pad, default="type_right")
    assert await ask("control", feature=VERIFY, data=block) == "6b80"
    assert counted(at_pad)[1:] == (0, 0)


async def test_a_card_pulled_while_its_pin_is_asked(at_pad: Desk, ask: Ask) -> None:
    await ask("connect", reader=PAD)
    plays(at_pad, {"action": "pull_card", "after": 0.2})
    with pytest.raises(Refused):
        await ask("control", feature=VERIFY, data=verify_block(VERIFY_SMC))
    assert counted(at_pad) == (1, 0, 0)
    with pytest.raises(Refused):
        await ask("transmit", data=PIN_STATUS)
