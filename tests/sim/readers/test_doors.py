"""Readers by the control door and the command: cards, pads, plugs, faults, and what pcscd's directory gets."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from firmware_sim.control.door import control_door
from firmware_sim.readers.conf import VPCD
from firmware_sim.simulation import build
from firmware_sim.world.reading import read_world
from tests.processes import REPOSITORY, Start
from tests.sim.readers.desk import world_text

Door = Callable[..., Awaitable[tuple[int, Any]]]
READERS = """
[[readers]]
name = "tisch"
card = "egk-muster"

[[readers]]
name = "pad"
kind = "pad"
card = "smcb-m1"
pad = "silent"
"""


@pytest.fixture
async def door(sim_state: Path) -> AsyncIterator[Door]:
    """`await door("POST", path, {...})` gives status and JSON; nothing but the readers runs."""
    simulation = build(read_world(world_text(READERS)), sim_state)
    async with simulation, control_door(simulation) as address, aiohttp.ClientSession() as session:

        async def send(method: str, path: str, body: object = None) -> tuple[int, Any]:
            async with session.request(method, address + path, json=body) as answer:
                return answer.status, await answer.json()

        yield send


async def test_a_card_is_in_one_place_only(door: Door) -> None:
    tisch, pad = (await door("GET", "/readers"))[1]["readers"]
    assert (tisch["slots"], tisch["kind"], "display" in tisch) == ({"1": "egk-muster", "2": None}, "plain", False)
    assert (pad["slots"], pad["kind"], pad["display"]) == ({"1": "smcb-m1"}, "pad", "Kartenleser bereit")
    refused = await door("POST", "/cards/smcb-m1/insert", {"terminal": "kt-empfang", "slot": 3})
    assert (refused[0], "pull it first" in refused[1]["error"]) == (409, True)
    assert (await door("POST", "/cards/smcb-m1/pull"))[1]["terminal"] is None
    card = (await door("POST", "/cards/smcb-m1/insert", {"terminal": "tisch", "slot": 2}))[1]
    assert (card["terminal"], card["slot"], card["handle"]) == ("tisch", 2, None)
    assert (await door("POST", "/cards/smcb-m1/pull"))[0] == 200
    assert (await door("POST", "/cards/smcb-m1/insert", {"terminal": "kt-empfang", "slot": 3}))[1]["handle"]


async def test_plugs_and_faults(door: Door) -> None:
    assert (await door("POST", "/readers/pad/unplug"))[1] == {"plugged": False}
    assert (await door("GET", "/state"))[1]["readers"][1]["plugged"] is False
    assert (await door("POST", "/readers/pad/plug"))[1] == {"plugged": True}
    assert (await door("POST", "/readers/pad/faults", {"kind": "mute", "instruction": "20"}))[1] == {"planned": 1}
    assert (await door("DELETE", "/readers/pad/faults"))[1] == {"planned": 0}
    assert (await door("POST", "/pads/pad/script", {"default": "type_right"}))[1]["default"] == "type_right"


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/readers/none/plug", {}, 409, "there is no reader"),
        ("/readers/tisch/unplug", {}, 409, "cannot be unplugged"),
        ("/readers/tisch/faults", {"kind": "unplugged"}, 400, "cannot be unplugged"),
        ("/readers/pad/faults", {"kind": "fire"}, 400, "card_pulled"),
        ("/readers/pad/faults", {"kind": "mute", "instruction": "2000"}, 400, "one byte"),
        ("/readers/pad/faults", {"kind": "mute", "times": 0}, 400, "1 or more"),
        ("/cards/hba-adler/insert", {"terminal": "pad", "slot": 2}, 409, "no slot 2"),
        ("/cards/hba-adler/insert", {"terminal": "pad", "slot": 1}, 409, "holds 'smcb-m1'"),
        ("/sessions/verify", {"card": "smcb-m1", "mandant": "m1", "client_system": "pvs"}, 409, "in a reader"),
        ("/pads/tisch/type", {"pin": "1"}, 409, "there is no terminal"),
    ],
)
async def test_mistakes_are_explained(door: Door, path: str, body: object, status: int, said: str) -> None:
    got, document = await door("POST", path, body)
    assert (got, said in document["error"]) == (status, True)


async def test_what_pcscd_has_to_read(start: Start, tmp_path: Path) -> None:
    state, handler = tmp_path / "s", tmp_path / "own.so"
    (tmp_path / "world.toml").write_text(world_text(READERS), encoding="utf-8")
    running = await start(
        sys.executable, "-m", "firmware_sim", "run", "--state", state, "--world", tmp_path / "world.toml"
    )
    await running.line("readers conf")

    async def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "firmware_sim", "readers", *map(str, arguments), "--state", str(state)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY / "firmware-sim"), "NO_COLOR": "1", "COLUMNS": "200"},
        )

    refused = await command("conf", tmp_path / "conf", "--handler", handler)
    assert (refused.returncode, "build it" in refused.stderr) == (1, True)
    handler.touch()
    vpcd = VPCD if VPCD.exists() else handler
    written = await command("conf", tmp_path / "conf", "--handler", handler, "--vpcd", vpcd)
    assert written.returncode == 0, written.stderr
    plain = (tmp_path / "conf" / "kartenwart-sim-tisch").read_text()
    assert f"LIBPATH {state / 'readers' / 'tisch.so'}\nCHANNELID 0x8C7B\n" in plain
    pad = (tmp_path / "conf" / "kartenwart-sim-pad").read_text()
    assert pad == f'FRIENDLYNAME "pad"\nDEVICENAME {state}/readers/pad.sock\nLIBPATH {state}/readers/pad.so\n'
    printed = await command("conf", "--handler", handler, "--vpcd", vpcd)
    assert printed.stdout == f"{plain}\n{pad}"
    assert (await command("unplug", "pad")).returncode == 0
    assert (await command("fault", "pad", "mute")).returncode == 0
    assert (await command("heal", "pad")).returncode == 0
    listed = (await command("list")).stdout
    assert "egk-muster" in listed
    assert "False" in listed
    assert (await command("plug", "pad")).returncode == 0
