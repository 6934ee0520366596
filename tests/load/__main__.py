"""The load as promised:  python -m tests.load [--seconds 60]

50 workstations, 300 terminals, 1,000 cards, ten calls a second each; then the same with 2,000 idle connections and a
flood of handshakes. Ends with 1 where a call failed or the loop was late.
"""

import argparse
import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from tests.load.office import Day, handshakes, idle_strangers, lag_p99, loop_lag, never_reading, work
from tests.load.practice import large_practice

WORKSTATIONS = 50
TERMINALS = 300
CARDS = 1000
EACH = 10.0
STRANGERS = 2000
MOST_LAG = 0.010


async def main(seconds: float) -> int:
    """Print one line per part."""
    failed = False
    with tempfile.TemporaryDirectory(prefix="kartenwart-load-") as folder:
        async with large_practice(Path(folder), CARDS, TERMINALS, profiles=10) as office:
            for name in ("calls", "calls, 2,000 idle connections, handshakes, 8 streams that nobody reads"):
                async with AsyncExitStack() as stack:
                    if name != "calls":
                        port = office.agent.address.grpc_port
                        await stack.enter_async_context(never_reading(office.profiles[0], 8))
                        await stack.enter_async_context(idle_strangers(port, STRANGERS))
                        await stack.enter_async_context(handshakes(port, 1))
                    before = await loop_lag(office.agent)
                    day = await work(office.profiles[1:], WORKSTATIONS, seconds, EACH)
                    lag = lag_p99(before, await loop_lag(office.agent))
                failed |= _tell(name, day, lag)
    return 1 if failed else 0


def _tell(name: str, day: Day, lag: float) -> bool:
    """Print what happened and return whether it was too much."""
    sys.stdout.write(
        f"{name}: {len(day.took)} calls, {len(day.failed)} failed, p99 {day.p99 * 1000:.1f} ms; "
        f"loop lag p99 at most {lag * 1000:.1f} ms\n"
    )
    for words in sorted(set(day.failed))[:5]:
        sys.stdout.write(f"  {words}\n")
    sys.stdout.flush()
    return bool(day.failed) or lag > MOST_LAG


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="scripts/load")
    parser.add_argument("--seconds", type=float, default=60.0)
    raise SystemExit(asyncio.run(main(parser.parse_args().seconds)))
