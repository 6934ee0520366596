"""An agent beside readers: a real pcscd with virtual readers, the simulator's cards in them, and no Konnektor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client import Profile, connect, connect_locally, enrol_by_token
from tests.pcscd import build_handler, free_port_pairs
from tests.practice import Agent
from tests.sim.readers.desk import Desk, desk

LABORATORY, NEIGHBOUR = "contexts/labor", "contexts/nebenan"

_SETTINGS = """
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
[readers]
enabled = true
[contexts.labor]
readers = true
mandant = "m1"
[contexts.nebenan]
readers = true
mandant = "m2"
"""


@dataclass(frozen=True, kw_only=True)
class Laboratory:
    """Readers with cards, and the agent that sees them."""

    desk: Desk
    agent: Agent

    def technician(self) -> Any:
        """Connect as the person at the box (`async with`)."""
        return connect_locally(self.agent.socket)

    async def signer(self, *users: str) -> Profile:
        """Enrol a workstation that signs, for these users, by a one-time token."""
        async with self.technician() as box:
            token = await box.enrolments.token(
                role=workstation_pb2.ROLE_SIGNER, contexts=[LABORATORY], users=list(users)
            )
        return await enrol_by_token(
            self.agent.address,
            token=token.token,
            site_fingerprint=token.site_fingerprint,
            label="labor",
            folder=self.agent.folder / "seat",
        )

    def connected(self, profile: Profile) -> Any:
        """Connect as a workstation (`async with`)."""
        return connect(profile, self.agent.address)


@asynccontextmanager
async def laboratory(folder: Path, sim_state: Path, settings: str = "") -> AsyncIterator[Laboratory]:
    """A reader with a pad and an SMC-B, one without and an HBA; `settings` is TOML laid over the agent's."""
    port = free_port_pairs(1)[0]
    readers = f"""
[[readers]]
name = "pad"
kind = "pad"
card = "smcb-m1"
pad = "type_right"
[[readers]]
name = "plain"
card = "hba-adler"
port = {port}
"""
    handler = await build_handler(folder)
    async with desk(readers, sim_state, folder, handler) as here:
        agent = Agent(folder=folder / "box", environment=dict(here.pcscd.environment))
        (agent.folder / "conf.d").mkdir(parents=True)
        (agent.folder / "conf.d" / "test.toml").write_text(settings, encoding="utf-8")
        (agent.folder / "kartenwart.toml").write_text(_SETTINGS, encoding="utf-8")
        try:
            await agent.start()
            yield Laboratory(desk=here, agent=agent)
        finally:
            await agent.close()
