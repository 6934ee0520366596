"""B7: GetCards through the agent's link, against http.client with keep-alive for the same bytes.

From both the simulator's own time is taken away, which it says itself; what is left is sending, TLS, and reading.
"""

import http.client
import ssl
import time
from pathlib import Path

from kartenwart.adapters.konnektor import Konnektor
from kartenwart.adapters.konnektor.link import call_context
from kartenwart.codecs.soap.inventory import get_cards
from tests.bench.cards import EMPFANG, adapter
from tests.bench.ratios import Block, Figure, Wanted, compare
from tests.bench.worlds import with_cards
from tests.practice import Simulator, simulator

PAIRS = 60
CALLS = 20
CARDS = 20
WANTED = (Wanted(figure="GetCards of 25 cards without the simulator's part", unit="ms", bar=2.5),)


async def measure(folder: Path, scale: float = 1.0) -> list[Figure]:
    """Ours ends with values, the other with bytes."""
    world = folder / "world.toml"
    world.write_text(with_cards(CARDS), encoding="utf-8")
    async with simulator(folder / "sim", world) as sim, adapter(sim) as konnektor:
        return await compare(
            "B7", WANTED, _ours(sim, konnektor), await _base(sim, konnektor), max(6, int(PAIRS * scale))
        )


def _ours(sim: Simulator, konnektor: Konnektor) -> Block:
    link = konnektor._link

    async def block() -> tuple[float]:
        started = time.perf_counter()
        for _ in range(CALLS):
            await link.call(get_cards(call_context(EMPFANG)), EMPFANG)
        return (await _without(sim, time.perf_counter() - started),)

    return block


async def _base(sim: Simulator, konnektor: Konnektor) -> Block:
    told = sim.konnektor
    client = told["clients"]["kartenwart"]
    context = ssl.create_default_context(cafile=told["root_pem"])
    context.check_hostname = False
    context.load_cert_chain(client["cert_pem"], client["key_pem"])
    endpoint = (await konnektor._link.services()).of("EventService").endpoint
    exchange = get_cards(call_context(EMPFANG))
    connection = http.client.HTTPSConnection(endpoint.host, endpoint.port, context=context)
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{exchange.action}"'}

    async def block() -> tuple[float]:
        started = time.perf_counter()
        for _ in range(CALLS):
            connection.request("POST", endpoint.path, exchange.body, headers)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, body[:200]
        return (await _without(sim, time.perf_counter() - started),)

    return block


async def _without(sim: Simulator, seconds: float) -> float:
    """Return the milliseconds per call that are not the simulator's own."""
    calls = [one for one in (await sim.ask("/calls"))["calls"] if one["operation"] == "GetCards"][-CALLS:]
    assert len(calls) == CALLS
    own = sum(float(one["seconds"]) for one in calls)
    return (seconds - own) / CALLS * 1000
