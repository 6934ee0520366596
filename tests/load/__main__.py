"""The load as promised:  python -m tests.load [--seconds 60]

50 workstations, 300 terminals, 1,000 cards, ten calls a second each; then the same with 2,000 idle connections, a flood
of handshakes, a card that goes in and out, and a workstation whose streams of all this nobody reads. Ends with 1 where
a call failed, the loop was late in the first part, or who does read its stream saw a change late in the second.
"""

import argparse
import asyncio
import math
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from tests.load.office import (
    Day,
    busy_slot,
    handshakes,
    idle_strangers,
    lag_p99,
    loop_lag,
    never_reading,
    slowest,
    watching,
    work,
)
from tests.load.practice import Office, large_practice

WORKSTATIONS = 50
TERMINALS = 300
CARDS = 1000
EACH = 10.0
STRANGERS = 2000
MOST_LAG = 0.010  # with nothing but calls; among strangers it is told, not judged
MOST_LATE = 5.0  # seconds until who watches sees a change of a thousand cards: a poll of all of them lies between


async def main(seconds: float) -> int:
    """Print one line per part."""
    with tempfile.TemporaryDirectory(prefix="kartenwart-load-") as folder:
        async with large_practice(Path(folder), CARDS, TERMINALS, profiles=WORKSTATIONS + 2) as office:
            failed = await _measured("calls", office, seconds, MOST_LAG)
            async with AsyncExitStack() as stack:
                port = office.agent.address.grpc_port
                await stack.enter_async_context(never_reading(office.profiles[0], 8))
                await stack.enter_async_context(idle_strangers(port, STRANGERS))
                tried = await stack.enter_async_context(handshakes(port))
                changes = await stack.enter_async_context(busy_slot(office.simulator, 2.0))
                pictures = await stack.enter_async_context(watching(office.profiles[1]))
                failed |= await _measured(
                    "the same among strangers and streams that nobody reads", office, seconds, math.inf
                )
                late = slowest(changes, pictures)
            sys.stdout.write(f"  {tried[0]} handshakes, {len(changes)} changes, each seen within {late:.1f} s\n")
    return 1 if failed or late > MOST_LATE else 0


async def _measured(name: str, office: Office, seconds: float, most_lag: float) -> bool:
    before = await loop_lag(office.agent)
    day = await work(office.profiles[2:], WORKSTATIONS, seconds, EACH)
    lag = lag_p99(before, await loop_lag(office.agent))
    return _tell(name, day, lag) or lag > most_lag


def _tell(name: str, day: Day, lag: float) -> bool:
    """Print what happened and return whether it was too much."""
    sys.stdout.write(
        f"{name}: {len(day.took)} calls, {len(day.failed)} failed, p99 {day.p99 * 1000:.1f} ms; "
        f"loop lag p99 at most {lag * 1000:.1f} ms\n"
    )
    for words in sorted(set(day.failed))[:5]:
        sys.stdout.write(f"  {words}\n")
    sys.stdout.flush()
    return bool(day.failed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="scripts/load")
    parser.add_argument("--seconds", type=float, default=60.0)
    raise SystemExit(asyncio.run(main(parser.parse_args().seconds)))
