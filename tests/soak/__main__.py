"""The soak of readers (B13):  python -m tests.soak [--rounds 10000] [--drops 1000]

Cards come and go at a real pcscd with the simulator's readers; in between pcscd is killed, or the readers are
unplugged. After a warm-up nothing may have grown. Ends with 1 where something has.
"""

import argparse
import asyncio
import math
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.soak.box import Box
from tests.soak.measures import Measures, growth, measure
from tests.soak.world import READERS, world

_WARM_ROUNDS, _WARM_DROPS = 160, 4
_SETTLE_SECONDS = 1.0
_TELL = 20


async def main(rounds: int, drops: int) -> int:
    """Print what was there before and after."""
    with tempfile.TemporaryDirectory(prefix="kartenwart-soak-") as folder:
        async with world(Path(folder)) as outside:
            os.environ["PCSCLITE_CSOCK_NAME"] = str(outside.socket)  # before the first question: it is read once
            async with Box(outside) as box:
                await play(box, min(_WARM_ROUNDS, rounds), min(_WARM_DROPS, drops))
                before = await _settled()
                sys.stdout.write(f"before: {before}\n")
                begun = time.monotonic()
                await play(box, rounds, drops)
                after = await _settled()
    seconds = time.monotonic() - begun
    sys.stdout.write(f"after:  {after}\n{rounds} insertions and {drops} drops in {seconds:.0f} s\n")
    grown = growth(before, after)
    sys.stdout.write(f"grown:  {'; '.join(grown) or 'nothing'}\n")
    return 1 if grown else 0


async def play(box: Box, rounds: int, drops: int) -> None:
    """So many insertions, one at each reader at once, and the drops among them: every other one is pcscd's death."""
    times, dropped, begun = math.ceil(rounds / READERS), 0, time.monotonic()
    for number in range(1, times + 1):
        if number * drops // times > dropped:
            dropped += 1
            await box.insertions(box.restart if dropped % 2 else box.replug)
        else:
            await box.insertions()
        if number % max(1, times // _TELL) == 0:
            told = f"{number * READERS} insertions, {dropped} drops, {time.monotonic() - begun:.0f} s: {measure()}"
            sys.stderr.write(f"{told}\n")


async def _settled() -> Measures:
    """Measure once what has ended is gone."""
    await asyncio.sleep(_SETTLE_SECONDS)
    return measure()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="soak")
    parser.add_argument("--rounds", type=int, default=10_000, help="insertions")
    parser.add_argument("--drops", type=int, default=None, help="how often the link is lost; a tenth of them")
    chosen = parser.parse_args()
    most = math.ceil(chosen.rounds / READERS)
    wished = min(chosen.rounds // 10 if chosen.drops is None else chosen.drops, most)
    sys.exit(asyncio.run(main(chosen.rounds, wished)))
