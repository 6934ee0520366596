"""The agent's own Konnektor adapter in front of the simulator, in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kartenwart.adapters.clock import SystemClock
from kartenwart.adapters.konnektor import Konnektor, KonnektorConfiguration
from kartenwart.domain.inventory import Context
from kartenwart.transport.credentials import from_pem
from kartenwart.transport.trust import AuthorityTrust
from tests.practice import Simulator

EMPFANG = Context(
    name="contexts/empfang", konnektor="konnektors/k1", mandant="m1", client_system="kartenwart", workplace="empfang"
)


@asynccontextmanager
async def adapter(simulator: Simulator) -> AsyncIterator[Konnektor]:
    """Enter the adapter, without events."""
    told = simulator.konnektor
    client = told["clients"]["kartenwart"]
    configuration = KonnektorConfiguration(
        name="konnektors/k1",
        url=told["sds_url"],
        trust=AuthorityTrust(certificates_pem=Path(told["root_pem"]).read_text("ascii")),
        login=from_pem(Path(client["cert_pem"]).read_bytes(), Path(client["key_pem"]).read_bytes()),
        contexts=(EMPFANG,),
        short_seconds=30,
    )
    async with Konnektor(configuration, SystemClock()) as entered:
        yield entered
