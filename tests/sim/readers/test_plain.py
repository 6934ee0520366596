"""Plain readers: vpcd's slots in a real pcscd, opensc-tool as an independent party, and eleven readers at once."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from firmware_sim.readers.faults import read_reader_fault
from tests.pcscd import free_port_pairs
from tests.sim.readers.blocks import PIN_STATUS
from tests.sim.readers.desk import Ask, Desk, Refused, client, desk

FIRST, SECOND = "tisch 00 00", "tisch 00 01"
READ_GDO = "00b082000c"
NOTHING = ""  # what vpcd makes of a card that leaves inside a command: success, and not even a status word


def plain(name: str, port: int, card: str = "", other: str = "") -> str:
    return f'[[readers]]\nname = "{name}"\nport = {port}\ncard = "{card}"\nother_card = "{other}"\n\n'


@pytest.fixture
async def at_desk(sim_state: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    """One plain reader with the SMC-B of m1 and a patient's card."""
    (port,) = free_port_pairs(1)
    async with desk(plain("tisch", port, "smcb-m1", "egk-muster"), sim_state, tmp_path, tmp_path) as here:
        yield here


@pytest.fixture
async def ask(at_desk: Desk) -> AsyncIterator[Ask]:
    """A client that sees a card in the first slot."""
    async with client(at_desk.pcscd.environment) as asking:
        await at_desk.readers(asking, 2)
        for reader in (FIRST, SECOND):
            await asking("change", reader=reader, present=True, within=10)
        yield asking


async def test_opensc_reads_the_cards(at_desk: Desk, ask: Ask) -> None:
    listed = await at_desk.opensc("-l")
    assert FIRST in listed
    assert SECOND in listed
    for number, card in (("0", "smcb-m1"), ("1", "egk-muster")):
        atr = at_desk.simulation.chips.of_card(card).atr.hex()
        assert (await at_desk.opensc("-r", number, "-a")).strip().replace(":", "") == atr
        read = await at_desk.opensc("-r", number, "-c", "default", "-s", "00A4040C", "-s", "00B082000C")
        assert read.count("(SW1=0x90, SW2=0x00)") == 2
        iccsn = at_desk.simulation.practice.card(card).configuration.iccsn
        assert " ".join(iccsn[at : at + 2] for at in range(0, 20, 2)) in read


async def test_extended_length_and_speed(at_desk: Desk, ask: Ask) -> None:
    await ask("connect", reader=FIRST)
    await ask("transmit", data="00a4040c0aa000000167455349474e")
    certificate = bytes.fromhex(await ask("transmit", data="00b08600000000"))
    assert certificate[-2:] in {b"\x90\x00", b"\x62\x82"}
    assert len(certificate) > 600
    begun = time.monotonic()
    for _ in range(50):
        await ask("transmit", data=PIN_STATUS)
    assert (time.monotonic() - begun) / 50 < 0.02  # without TCP_QUICKACK it is more than twice as much


async def test_cards_come_and_go_and_lose_what_was_verified(at_desk: Desk, ask: Ask) -> None:
    practice = at_desk.simulation.practice
    await ask("connect", reader=FIRST)
    assert await ask("transmit", data="0020000108" + "26135790ffffffff") == "9000"
    assert await ask("transmit", data=PIN_STATUS) == "9000"
    practice.pull("smcb-m1")
    practice.insert("smcb-m1", "tisch", 1)  # faster than pcscd looks
    await ask("change", reader=FIRST, present=False, within=5)
    await ask("change", reader=FIRST, present=True, within=5)
    await ask("connect", reader=FIRST)
    assert await ask("transmit", data=PIN_STATUS) == "63c3"
    practice.pull("smcb-m1")
    practice.insert("smcb-m1", "kt-empfang", 3)
    assert practice.devices["konnektor"].in_slot("kt-empfang", 3) is not None


async def test_a_card_pulled_inside_a_command(at_desk: Desk, ask: Ask) -> None:
    await ask("connect", reader=FIRST)
    at_desk.simulation.readers["tisch"].plan(read_reader_fault({"kind": "card_pulled"}))
    assert await ask("transmit", data=READ_GDO) == NOTHING
    await ask("change", reader=FIRST, present=False, within=5)
    assert at_desk.simulation.practice.where(at_desk.simulation.practice.card("smcb-m1")) is None


@pytest.mark.parametrize(("kind", "answer"), [("mute", NOTHING), ("garbage", "5a00ffa53c")])
async def test_a_card_that_answers_badly(at_desk: Desk, ask: Ask, kind: str, answer: str) -> None:
    await ask("connect", reader=FIRST)
    at_desk.simulation.readers["tisch"].plan(read_reader_fault({"kind": kind}))
    assert await ask("transmit", data=READ_GDO) == answer
    async with asyncio.timeout(10):
        read = ""
        while not read.endswith("9000"):
            await asyncio.sleep(0.1)
            with suppress(Refused):
                await ask("connect", reader=FIRST)
                read = await ask("transmit", data=READ_GDO)


async def test_pcscd_killed_and_started_again(at_desk: Desk, ask: Ask) -> None:
    await at_desk.pcscd.kill()
    await at_desk.pcscd.start()
    async with client(at_desk.pcscd.environment) as another:
        await at_desk.readers(another, 2)
        await another("change", reader=FIRST, present=True, within=10)
        await another("connect", reader=FIRST)
        assert (await another("transmit", data=READ_GDO)).endswith("9000")


async def test_eleven_readers(sim_state: Path, tmp_path: Path, handler: Path) -> None:
    cards = ["smcb-m1", "smcb-m2", "hba-adler", "hba-brandt", "", "", "", "", "", ""]
    ports = free_port_pairs(5)
    text = "".join(plain(f"platz-{n}", port, cards[n], cards[5 + n]) for n, port in enumerate(ports))
    text += '[[readers]]\nname = "pad"\nkind = "pad"\ncard = "egk-muster"\n'
    async with desk(text, sim_state, tmp_path, handler) as here, client(here.pcscd.environment) as ask:
        assert len(await here.readers(ask, 11)) == 11
        for name, card in (("platz-0", "smcb-m1"), ("platz-3", "hba-brandt"), ("pad", "egk-muster")):
            await ask("change", reader=f"{name} 00 00", present=True, within=10)
            await ask("connect", reader=f"{name} 00 00")
            gdo = await ask("transmit", data=READ_GDO)
            assert gdo == f"5a0a{here.simulation.practice.card(card).configuration.iccsn}9000"
        await ask("change", reader="platz-4 00 01", present=False, within=5)
