"""A practice of its own for each test, listening on the loopback, and primary systems that call it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from firmware_sim.simulation import Simulation, build
from firmware_sim.world.reading import default_text, read_world
from tests.sim.soap_client import PrimarySystem, client_tls



@pytest.fixture(scope="session")
def sim_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One PKI for all tests: making keys takes longer than most of them."""
    return tmp_path_factory.mktemp("sim")


@pytest.fixture
def world_text() -> str:
    """The world file of the test; a test parametrises this fixture to change it."""
    return default_text().replace("signature_seconds = 0.1", "signature_seconds = 0.0")


@pytest.fixture
async def simulation(sim_state: Path, world_text: str) -> AsyncIterator[Simulation]:
    async with build(read_world(world_text), sim_state) as simulation:
        yield simulation


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield session


Client = Callable[..., PrimarySystem]


@pytest.fixture
def client(simulation: Simulation, session: aiohttp.ClientSession) -> Client:
    """`client("kim", workplace="empfang")`: a primary system with that client system's certificate."""

    def make(client_system: str = "pvs", *, certificate: str | None = "", **context: str) -> PrimarySystem:
        konnektor = simulation.konnektors["konnektor"]
        shown = client_system if certificate == "" else certificate
        tls = client_tls(konnektor, shown)
        return PrimarySystem(
            session=session, base=konnektor.listener.base, tls=tls, client_system=client_system, **context
        )

    return make


@pytest.fixture
def pvs(client: Client) -> PrimarySystem:
    return client("pvs")
