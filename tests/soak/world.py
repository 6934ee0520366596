"""A practice with some readers and its pcscd, in a process of its own:  python -m tests.soak.world FOLDER

Prints the path of pcscd's socket. Then each line of standard input is done and answered with the same line: insert,
pull (all cards); kill, start (pcscd); unplug, plug (all readers, whose names pcscd keeps).
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from tests.pcscd import build_handler
from tests.processes import REPOSITORY
from tests.sim.readers.desk import Desk, desk

READERS = 8
"""Side by side: pcscd takes up to 400 ms to notice that a card has gone, at each of them."""
_READER = '[[readers]]\nname = "pad{0}"\nkind = "pad"\npad = "silent"\n\n'
_CARD = """
[[cards]]
name = "smcb-pad{0}"
kind = "smcb"
iccsn = "8027600101169990080{0}"
holder = "Praxis {0} TEST-ONLY"
telematik_id = "1-2000000080{0}"
pins = [{{ reference = "PIN.SMC", pin = "123123", puk = "12312312" }}]
"""
_HERE = b"pcscd: "  # in front of what it says first; who builds the handler may have spoken before
_START_SECONDS = 120.0
_STEP_SECONDS = 60.0


class World:
    """The other end of that process."""

    def __init__(self, process: asyncio.subprocess.Process, socket: Path) -> None:
        self._process = process
        self.socket = socket

    async def do(self, step: str) -> None:
        """Have one thing done."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{step}\n".encode())
        answer = await asyncio.wait_for(self._process.stdout.readline(), _STEP_SECONDS)
        if answer.decode().strip() != step:
            raise RuntimeError(f"the world did not {step}")


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """That process while the block runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.soak.world", folder),
        cwd=REPOSITORY,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        while not (told := await asyncio.wait_for(process.stdout.readline(), _START_SECONDS)).startswith(_HERE):
            if not told:
                raise RuntimeError("the world ended at its beginning")
        yield World(process, Path(told.removeprefix(_HERE).decode().strip()))
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _STEP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


async def main(folder: Path) -> None:
    """Serve until standard input ends."""
    handler = await build_handler(folder)
    text = "".join(form.format(number) for form in (_READER, _CARD) for number in range(READERS))
    async with desk(text, folder / "state", folder, handler) as here:
        steps = _steps(here)
        _tell(f"{_HERE.decode()}{here.pcscd.socket}")
        while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
            await steps[line]()
            here.pcscd.said.clear()  # what it logs would fill the memory
            _tell(line)


def _steps(here: Desk) -> Mapping[str, Callable[[], Awaitable[None]]]:
    practice, readers = here.simulation.practice, here.simulation.readers

    async def each(step: Callable[[str], None]) -> None:
        for reader in readers:
            step(reader)

    return {
        "insert": partial(each, lambda reader: practice.insert(f"smcb-{reader}", reader, 1)),
        "pull": partial(each, lambda reader: practice.pull(f"smcb-{reader}")),
        "unplug": partial(each, lambda reader: readers[reader].unplug()),
        "plug": partial(each, lambda reader: readers[reader].plug()),
        "kill": here.pcscd.kill,
        "start": here.pcscd.start,
    }


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
