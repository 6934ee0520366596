"""`kartenwart-sim fault` and `kartenwart-sim proxy` as people use them."""

import asyncio
import json
import signal
import ssl
from pathlib import Path
from typing import Any, get_args

from firmware_sim.faults import catalogue
from firmware_sim.konnektor.faults import Fault, FaultKind
from firmware_sim.proxy import LinkFault
from firmware_sim.proxy.fault import LinkFaultKind
from tests.processes import Start
from tests.sim.test_command import SIM, command, described, off_loop


def test_the_list_tells_each_fault_in_both_languages() -> None:
    listed = json.loads(command("fault", "list", "--format", "json").stdout)["result"]
    assert [entry["name"] for entry in listed] == [fault.name for fault in catalogue()]
    assert all(entry["does"].endswith(".") and entry["practice"].endswith(".") for entry in listed)
    assert "line-drip" in command("fault", "list").stdout


def test_the_catalogue_covers_every_kind() -> None:
    plans = [fault.plan for fault in catalogue()]
    assert {plan.kind for plan in plans if isinstance(plan, Fault)} == set(get_args(FaultKind))
    assert {plan.kind for plan in plans if isinstance(plan, LinkFault)} == set(get_args(LinkFaultKind))


async def test_a_fault_by_name_begins_and_ends(start: Start, tmp_path: Path) -> None:
    await start(*SIM, "run", "--state", tmp_path, "--quiet")
    konnektor = (await described(tmp_path))["konnektors"][0]
    played = await off_loop("fault", "play", "line-cut-at-once", "--state", tmp_path, "--format", "json")
    assert json.loads(played.stdout)["result"] == {"fault": "line-cut-at-once", "place": "soap"}
    assert not await greeted(konnektor)
    assert (await off_loop("fault", "end", "--state", tmp_path)).returncode == 0
    assert await greeted(konnektor)
    unknown = await off_loop("fault", "play", "fire", "--state", tmp_path)
    assert (unknown.returncode, "line-drip" in unknown.stderr) == (1, True)


async def greeted(konnektor: dict[str, Any]) -> bool:
    """True where the Konnektor shakes hands with a client system."""
    tls = ssl.create_default_context(cafile=konnektor["root_pem"])
    client = konnektor["clients"]["pvs"]
    tls.load_cert_chain(client["cert_pem"], client["key_pem"])
    try:
        async with asyncio.timeout(5):
            _, writer = await asyncio.open_connection(konnektor["host"], konnektor["port"], ssl=tls)
    except ConnectionError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def test_a_proxy_for_any_link(start: Start, echo: tuple[str, int]) -> None:
    target = f"{echo[0]}:{echo[1]}"
    proxy = await start(*SIM, "proxy", "--to", target, "--fault", "line-dead")
    told = json.loads(await proxy.line("listen"))
    assert (told["to"], told["fault"]) == (target, "line-dead")
    host, _, port = told["listen"].rpartition(":")
    proxy.process.send_signal(signal.SIGUSR1)
    await proxy.line('{"fault": ""}')
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"healed")
    assert await asyncio.wait_for(reader.readexactly(6), 5) == b"healed"
    proxy.process.send_signal(signal.SIGUSR1)
    await proxy.line('{"fault": "line-dead"}')
    writer.write(b"ill")
    try:
        assert await asyncio.wait_for(reader.read(1), 0.3) == b"never"
    except TimeoutError:
        writer.close()
    assert await proxy.stop() == 0


async def test_a_proxy_takes_a_kind_and_what_is_to_be_otherwise(start: Start, echo: tuple[str, int]) -> None:
    target = f"{echo[0]}:{echo[1]}"
    for fault, wishes in (
        ("cut", ("--direction", "down", "--after", "4")),
        ("line-cut-in-answer", ("--after", "4")),
    ):
        proxy = await start(*SIM, "proxy", "--listen", "[::1]:0", "--to", target, "--fault", fault, *wishes)
        host, _, port = json.loads(await proxy.line("listen"))["listen"].rpartition(":")
        assert host == "[::1]"
        reader, writer = await asyncio.open_connection("::1", int(port))
        writer.write(b"Praxis")
        assert await asyncio.wait_for(reader.read(), 5) == b"Prax"
        writer.close()
        assert await proxy.stop() == 0


def test_what_a_proxy_cannot_do_is_said() -> None:
    for arguments, words in (
        (("--to", "127.0.0.1:1", "--fault", "drip", "--bytes", "0"), "from 1"),
        (("--to", "127.0.0.1:1", "--seconds", "1"), "--fault"),
        (("--to", "127.0.0.1:1", "--fault", "reboot"), "not of a line"),
        (("--to", "nowhere"), "HOST:PORT"),
        (("--to", "127.0.0.1:1", "--listen", "0.0.0.0:0"), "loopback"),
    ):
        refused = command("proxy", *arguments)
        assert (refused.returncode, words in refused.stderr) == (1, True), refused.stderr
