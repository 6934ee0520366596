"""The whole link to a Konnektor whose certificate lies on a brainpool curve, with our key on either kind of curve."""

import sys

import pytest

from tests.integration.konnektor.conftest import Simulator
from tests.processes import Start

AGENT = """
from kartenwart.transport.curves import prepare
prepare()
import asyncio, sys
from datetime import datetime, timedelta, UTC
from pathlib import Path
from cryptography import x509
from kartenwart.adapters.clock import SystemClock
from kartenwart.adapters.konnektor import Konnektor, KonnektorConfiguration
from kartenwart.domain.inventory import Context
from kartenwart.transport.credentials import from_pem
from kartenwart.transport.trust import AuthorityTrust

url, root, certificate, key = sys.argv[1:]
context = Context(
    name="contexts/x", konnektor="konnektors/k", mandant="m1", client_system="kartenwart", workplace="empfang"
)
configuration = KonnektorConfiguration(
    name="konnektors/k", url=url, contexts=(context,),
    trust=AuthorityTrust(certificates_pem=Path(root).read_text()),
    login=from_pem(Path(certificate).read_bytes(), Path(key).read_bytes()),
)

async def main():
    async with Konnektor(configuration, SystemClock()) as konnektor:
        print("cards", len((await konnektor.observe()).cards))

asyncio.run(main())
"""


@pytest.mark.parametrize("curve", ["brainpool", "rsa"])
async def test_the_link_works_whatever_the_server_s_key(simulator: Simulator, start: Start, curve: str) -> None:
    facts = simulator.konnektor
    await simulator.post(f"/konnektors/{facts['name']}/certificate", {"key": curve, "renew": True})
    client = facts["clients"]["kartenwart"]
    agent = await start(
        sys.executable, "-c", AGENT, facts["sds_url"], facts["root_pem"], client["cert_pem"], client["key_pem"]
    )
    assert int((await agent.line("cards ")).split()[1]) > 0
