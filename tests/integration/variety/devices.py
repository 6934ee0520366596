"""Devices of many kinds: their worlds, and the agent's settings for them."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.practice.staff import DEFAULT_WORLD
from tests.practice import Agent, Practice, Simulator, simulator

NAME_IN_CERTIFICATE = "konnektor.praxis-am-markt.test"
BOX = """
[box]
state_directory = "state"
anchor_directory = "anchor"
[listen]
address = "127.0.0.1"
grpc_port = 0
json_port = 0
enrol_port = 0
socket = "kw.sock"
socket_group = ""
mdns = false
ready_file = "ready.json"
"""
CONTEXTS = {
    "empfang": ("m1", "kartenwart", "empfang"),
    "sprechzimmer": ("m1", "kartenwart", "sprechzimmer"),
}


@dataclass(frozen=True, kw_only=True)
class Device:
    """A Konnektor in the world, and how the agent meets it.

    `lines` replace what the world says of it, `client` is added to its client system kartenwart; `login` is
    "certificate", "basic" or "none", `settings` stand in [konnektors.k1]; `signs`: may a doctor's card sign there?
    """

    profile: str
    generation: str
    lines: tuple[str, ...] = ()
    client: str = ""
    login: str = "certificate"
    settings: str = ""
    signs: bool = True
    version: str = ""

    @property
    def name(self) -> str:
        return f"{self.profile}-{self.generation}-{self.login}"


def world(device: Device, more: str = "", managed: str = "smcb-m1") -> str:
    """Return the default world with another device."""
    text = DEFAULT_WORLD.replace('managed_smb = ["smcb-m1"]', f'managed_smb = ["smcb-m1", "{managed}"]')
    text = text.replace("pin_entry_seconds = 60", "pin_entry_seconds = 8")
    lines = (f'profile = "{device.profile}"', f'generation = "{device.generation}"', *device.lines)
    for line in lines:
        key = line.partition(" =")[0]
        kept = [each for each in text.splitlines() if not each.startswith(f"{key} =")]
        text = "\n".join(kept).replace("\n[konnektors.behaviour]", f"\n{line}\n[konnektors.behaviour]", 1) + "\n"
    return text.replace('name = "kartenwart"\n', f'name = "kartenwart"\n{device.client}\n', 1) + more


def konnektor(key: str, facts: Mapping[str, Any], *, login: str = "certificate", more: str = "") -> str:
    """Return the section of a Konnektor: its address as sim.json tells it, trust by authority and expected name."""
    plain = facts["plain_sds_url"]
    lines = [f"[konnektors.{key}]", f'url = "{plain or facts["sds_url"].removesuffix("/connector.sds")}"']
    if not plain:
        lines += [f'trust_ca = "{facts["root_pem"]}"', f'expected_name = "{NAME_IN_CERTIFICATE}"']
    if login == "certificate":
        client = facts["clients"]["kartenwart"]
        lines += [f'client_p12 = "{client["p12"]}"', f'client_p12_password_file = "{client["p12_password_file"]}"']
    if login == "basic":
        basic = facts["basic"]["kartenwart"]
        lines += [f'user = "{basic["user"]}"', f'password_file = "{basic["password_file"]}"']
    reach = ['cetp_listen = "127.0.0.1:0"', "poll_interval = 20", "short_timeout = 5"]
    if "event_sources" not in more:
        reach.append(f'event_sources = ["{facts["address"]}/32"]')
    return "\n".join([*lines, *reach, more, ""])


def contexts(key: str, named: Mapping[str, tuple[str, str, str]]) -> str:
    """Return the sections of contexts of a Konnektor."""
    return "".join(
        f'[contexts.{name}]\nkonnektor = "{key}"\nmandant = "{mandant}"\n'
        f'client_system = "{client_system}"\nworkplace = "{workplace}"\n'
        for name, (mandant, client_system, workplace) in named.items()
    )


@asynccontextmanager
async def working(folder: Path, world_text: str, configure: Callable[[Simulator], str]) -> AsyncIterator[Practice]:
    """Run a world and an agent; `configure` returns its settings once the world tells where it listens."""
    file = folder / "world.toml"
    file.write_text(world_text, encoding="utf-8")
    async with simulator(folder / "sim", file) as sim:
        agent = Agent(folder=folder / "box")
        agent.folder.mkdir()
        (agent.folder / "kartenwart.toml").write_text(BOX + configure(sim), encoding="utf-8")
        try:
            await agent.start()
            yield Practice(folder=folder, simulator=sim, agent=agent)
        finally:
            await agent.close()
