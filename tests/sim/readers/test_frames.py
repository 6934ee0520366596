"""What arrives from pcscd and cannot be: readers end the line, the card loses its power, and the next line works."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from firmware_sim.readers.slot import ReaderSlot
from firmware_sim.simulation import Simulation, build
from firmware_sim.world.reading import WorldFileError, read_world
from tests.pcscd import free_port_pairs
from tests.sim.readers.desk import world_text

PAD = '[[readers]]\nname = "pad"\nkind = "pad"\ncard = "smcb-m1"\n'


def powered(slot: ReaderSlot) -> bool:
    return slot.powered


@asynccontextmanager
async def reading(text: str, state: Path) -> AsyncIterator[Simulation]:
    """The readers of this world, without its Konnektor."""
    simulation = build(read_world(world_text(text)), state)
    for reader in simulation.readers.values():
        await simulation.stack.enter_async_context(reader)
    try:
        yield simulation
    finally:
        await simulation.stack.aclose()


@pytest.mark.parametrize("bad", [b"\x00\x00", b"\x00\x01\x07", b"\x00\x03\x00\xb0\x82", b"\xff\xff\x00", b"\x00"])
async def test_bad_frames_of_vpcd(sim_state: Path, bad: bytes) -> None:
    (port,) = free_port_pairs(1)
    lines: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    vpcd = await asyncio.start_server(lambda *line: lines.put_nowait(line), "127.0.0.1", port)
    text = f'[[readers]]\nname = "tisch"\nport = {port}\ncard = "smcb-m1"\n'
    async with asyncio.timeout(20), vpcd, reading(text, sim_state) as simulation:
        (slot, _) = simulation.readers["tisch"].slots
        reader, writer = await lines.get()
        writer.write(b"\x00\x01\x01" + b"\x00\x01\x04")
        atr = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        assert atr == simulation.chips.of_card("smcb-m1").atr
        assert powered(slot)
        writer.write(bad)
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        reader, writer = await lines.get()
        assert not powered(slot)
        writer.write(b"\x00\x01\x01" + b"\x00\x05\x00\xb0\x82\x00\x0c")
        assert (await reader.readexactly(16))[-2:] == b"\x90\x00"
        simulation.practice.pull("smcb-m1")
        assert await reader.read() == b""
        assert not powered(slot)
        writer.close()


@pytest.mark.parametrize(
    "bad", [b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x01Q", b"\x00\x00\x00\x09T", b"\x00"]
)
async def test_bad_frames_of_the_handler(sim_state: Path, bad: bytes) -> None:
    async with asyncio.timeout(20), reading(PAD, sim_state) as simulation:
        (slot,) = simulation.readers["pad"].slots
        path = sim_state / "readers" / "pad.sock"
        for _ in range(2):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b"\x00\x00\x00\x01U")
            assert (await reader.readexactly(6))[4:] == b"\x00\x00"
            assert powered(slot)
            writer.write(bad)
            writer.write_eof()
            await reader.read()
            writer.close()
            assert not powered(slot)


async def test_nothing_is_left_when_the_practice_ends(sim_state: Path) -> None:
    tasks = len(asyncio.all_tasks())
    (port,) = free_port_pairs(1)
    async with reading(PAD + f'[[readers]]\nname = "tisch"\nport = {port}\ncard = "egk-muster"\n', sim_state):
        assert (sim_state / "readers" / "pad.sock").is_socket()
        await asyncio.sleep(0.05)
    assert not (sim_state / "readers" / "pad.sock").exists()
    assert len(asyncio.all_tasks()) == tasks


async def test_a_socket_whose_path_is_too_long(tmp_path: Path, sim_state: Path) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir()
    (long / "pki").symlink_to(sim_state / "pki")
    with pytest.raises(OSError, match="shorter --state"):
        build(read_world(world_text(PAD)), long)


@pytest.mark.parametrize(
    ("readers", "said"),
    [
        (PAD + PAD, "stands twice"),
        (PAD.replace('"pad"\nkind', '"kt-empfang"\nkind'), "reader or terminal"),
        (PAD.replace("smcb-m1", "nobody"), "does not exist"),
        (PAD + 'other_card = "egk-muster"\n', "one slot"),
        (PAD.replace('name = "pad"', 'name = "a b"'), "letters, digits"),
        ('[[readers]]\nname = "a"\n[[readers]]\nname = "b"\n', "ports of its own"),
    ],
)
def test_mistakes_in_a_world_file(readers: str, said: str) -> None:
    with pytest.raises(WorldFileError, match=said):
        read_world(world_text(readers))
