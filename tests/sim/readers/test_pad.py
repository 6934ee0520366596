"""A reader with a pad behind our IFD handler in a real pcscd: features, PIN entry, and that no PIN crosses pcscd."""

from firmware_sim.pads.script import read_steps
from tests.sim.readers.desk import Ask, Desk

PAD = "pad 00 00"
VERIFY, MODIFY, PROPERTIES = 0x06, 0x07, 0x12


def verify_block(command: str, seconds: int = 20) -> str:
    """PIN_VERIFY_STRUCTURE with format 2, 6 to 8 digits."""
    length = len(command) // 2
    return (
        f"{seconds:02x}14"
        + "894704"
        + "0806"
        + "02"
        + "01"
        + "0704"
        + "00"
        + "000000"
        + f"{length:02x}000000"
        + command
    )


def modify_block(command: str, *, old: bool, new_at: int, seconds: int = 20) -> str:
    """PIN_MODIFY_STRUCTURE: the new PIN twice, the old one before it or not."""
    length, confirm = len(command) // 2, 3 if old else 1
    head = f"{seconds:02x}14" + "894704" + "00" + f"{new_at:02x}" + "0806" + f"{confirm:02x}" + "02" + "03" + "0704"
    return head + "000102" + "000000" + f"{length:02x}000000" + command


EMPTY = "20ffffffffffffff"
VERIFY_SMC = "0020000108" + EMPTY
CHANGE_SMC = "0024000110" + EMPTY + EMPTY
PIN_STATUS = "80200001"


async def test_a_pin_typed_at_the_pad(at_pad: Desk, ask: Ask) -> None:
    atr = await ask("connect", reader=PAD)
    assert atr == at_pad.simulation.chips.of_card("smcb-m1").atr.hex()
    assert set(await ask("features")) == {str(each) for each in (VERIFY, MODIFY, PROPERTIES)}
    assert (await ask("transmit", data=PIN_STATUS)) == "63c3"
    assert (await ask("control", feature=VERIFY, data=verify_block(VERIFY_SMC))) == "9000"
    assert (await ask("transmit", data=PIN_STATUS)) == "9000"
    counts = at_pad.simulation.practice.counts.cards["smcb-m1"]
    assert (counts.pin_prompts, counts.pin_tries_right, counts.pin_tries_wrong) == (1, 1, 0)
