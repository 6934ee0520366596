"""The command as people use it: a process, brainpool TLS, restart with the same PKI, a pad in a terminal window."""

import asyncio
import json
import os
import pty
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from firmware_sim.signing import pdfa_part
from firmware_sim.world.reading import default_text, read_world
from tests.processes import REPOSITORY, Start
from tests.sim.soap_client import PrimarySystem

SIM = (sys.executable, "-m", "firmware_sim")


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "firmware-sim"), "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        [*SIM, *map(str, arguments)], capture_output=True, text=True, timeout=30, env=environment, check=False
    )


async def described(state: Path) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while not (state / "sim.json").exists():
            await asyncio.sleep(0.05)
    document: dict[str, Any] = json.loads((state / "sim.json").read_text(encoding="utf-8"))
    return document


async def off_loop(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(command, *arguments)


async def test_run_commands_and_restart(start: Start, tmp_path: Path) -> None:
    running = await start(*SIM, "run", "--state", tmp_path)
    first = await described(tmp_path)
    root = Path(first["konnektors"][0]["root_pem"]).read_bytes()
    status = await off_loop("status", "--state", tmp_path, "--format", "json")
    assert json.loads(status.stdout)["result"]["name"] == "Praxis am Markt"
    assert (await off_loop("pull", "egk-muster", "--state", tmp_path)).returncode == 0
    refused = await off_loop("pull", "egk-muster", "--state", tmp_path)
    assert (refused.returncode, "is in no slot" in refused.stderr, refused.stdout) == (1, True, "")
    assert (await off_loop("insert", "egk-muster", "kt-empfang", "1", "--state", tmp_path)).returncode == 0
    assert (await off_loop("fault", "call", "GetCards", "delay", "--seconds", "1", "--state", tmp_path)).returncode == 0
    forgotten = ("workplace-of-mandant", "mandant=m1", "workplace=empfang", "--state", tmp_path)
    assert (await off_loop("model", "take", *forgotten)).returncode == 0
    assert "sprechzimmer" in (await off_loop("model", "show", "--state", tmp_path)).stdout
    refused = await off_loop("model", "take", *forgotten)
    assert (refused.returncode, "to take away" in refused.stderr) == (1, True)
    assert (await off_loop("reboot", "--down-seconds", "0.1", "--state", tmp_path)).returncode == 0
    assert "smcb-m1" in (await off_loop("counts", "--state", tmp_path)).stdout
    os.kill(first["pid"], 15)
    async with asyncio.timeout(10):
        while (tmp_path / "sim.json").exists():
            await asyncio.sleep(0.05)
    assert running is not None
    assert (await off_loop("status", "--state", tmp_path)).returncode == 1
    await start(*SIM, "run", "--state", tmp_path, "--quiet")
    assert Path((await described(tmp_path))["konnektors"][0]["root_pem"]).read_bytes() == root


@pytest.mark.parametrize("key", ["brainpool", "p256", "rsa"])
async def test_tls_with_every_kind_of_key(start: Start, tmp_path: Path, key: str) -> None:
    world = tmp_path / "world.toml"
    text = default_text().replace('server_key = "p256"', f'server_key = "{key}"')
    world.write_text(text.replace('name = "pvs"\n', f'name = "pvs"\nkey = "{key}"\n', 1), encoding="utf-8")
    await start(*SIM, "run", "--state", tmp_path / "state", "--world", world)
    konnektor = (await described(tmp_path / "state"))["konnektors"][0]
    client = konnektor["clients"]["pvs"]
    s_client = [
        *("openssl", "s_client", "-tls1_2", "-connect", f"{konnektor['host']}:{konnektor['port']}"),
        *("-CAfile", konnektor["root_pem"], "-cert", client["cert_pem"], "-key", client["key_pem"]),
        *("-groups", "brainpoolP256r1:P-256", "-verify_return_error"),
    ]
    request = "GET /connector.sds HTTP/1.0\r\n\r\n"
    process = await asyncio.create_subprocess_exec(
        *s_client, "-quiet", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdin is not None
    process.stdin.write(request.encode())
    await process.stdin.drain()
    assert process.stdout is not None
    async with asyncio.timeout(10):
        answer = await process.stdout.read()
        await process.wait()
    assert b"ConnectorServices" in answer


async def test_a_pin_typed_in_a_terminal_window(start: Start, tmp_path: Path) -> None:
    await start(*SIM, "run", "--state", tmp_path)
    konnektor = (await described(tmp_path))["konnektors"][0]
    tls = ssl.create_default_context(cafile=konnektor["root_pem"])
    tls.load_cert_chain(konnektor["clients"]["pvs"]["cert_pem"], konnektor["clients"]["pvs"]["key_pem"])
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "firmware-sim")}
    process = await asyncio.create_subprocess_exec(
        *SIM, "pad", "kt-empfang", "--state", str(tmp_path), stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    try:
        async with aiohttp.ClientSession() as session:
            base = f"https://{konnektor['host']}:{konnektor['port']}"
            pvs = PrimarySystem(session=session, base=base, tls=tls)
            call = asyncio.create_task(pvs.pin("VerifyPin", await pvs.handle("SMC-B"), "PIN.SMC"))
            shown = await shows(ours, b"eingeben")
            for key in b"1357", b"9", b"\x7f90\r":
                os.write(ours, key)
            assert (await asyncio.wait_for(call, 10)).text("CARDCMN:PinResult") == "OK"
            shown += await shows(ours, b"PIN korrekt")
        assert b"*" in shown
        assert b"1357" not in shown
        os.write(ours, b"\x03")
        assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(ours)


async def shows(terminal: int, expected: bytes) -> bytes:
    """What a terminal window shows until `expected` has appeared."""
    shown = b""
    async with asyncio.timeout(15):
        while expected not in shown:
            shown += await asyncio.to_thread(os.read, terminal, 500)
    return shown


async def test_one_simulator_per_state_directory(start: Start, tmp_path: Path) -> None:
    (tmp_path / "sim.json").write_text("{}", encoding="utf-8")
    await start(*SIM, "run", "--state", tmp_path)
    async with asyncio.timeout(20):
        while not (tmp_path / "sim.json").exists() or (tmp_path / "sim.json").stat().st_size < 10:
            await asyncio.sleep(0.05)
    second = await off_loop("run", "--state", tmp_path)
    assert (second.returncode, "another simulator runs" in second.stderr) == (1, True)
    assert (await off_loop("habit", "kt-empfang", "type_right", "--state", tmp_path)).returncode == 0


def test_the_world_can_be_printed_and_read_again() -> None:
    printed = command("world")
    assert read_world(printed.stdout).name == "Praxis am Markt"


def test_mistakes_in_a_world_file_end_the_command(tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text("name = 1", encoding="utf-8")
    result = command("run", "--state", tmp_path / "state", "--world", tmp_path / "world.toml")
    assert (result.returncode, result.stdout) == (1, "")
    assert "konnektors is missing" in result.stderr


@pytest.mark.parametrize(("kind", "part"), [("pdfa1", "1B"), ("pdfa2", "2B"), ("pdfa3", "3B"), ("plain", None)])
def test_a_sample_letter(tmp_path: Path, kind: str, part: str | None) -> None:
    assert command("sample-pdf", tmp_path / "letter.pdf", "--kind", kind).returncode == 0
    assert pdfa_part((tmp_path / "letter.pdf").read_bytes()) == part
