"""`kartenwart-sim run`: a practice that runs until it is told to stop."""

import asyncio
import fcntl
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firmware_sim.control.door import control_door
from firmware_sim.simulation import build, write_description
from firmware_sim.world.configuration import WorldConfiguration


class StateInUseError(Exception):
    """Another simulator works with this state directory."""


@contextmanager
def lock(state: Path) -> Iterator[None]:
    """Keep a state directory for one process. Raises `StateInUseError`."""
    with (state / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StateInUseError(f"another simulator runs with {state}; stop it or take another --state") from error
        # What a killed predecessor left would send clients to ports where nobody listens.
        (state / "sim.json").unlink(missing_ok=True)
        yield


async def serve(world: WorldConfiguration, state: Path, quiet: bool, control_port: int = 0) -> None:
    """Start everything, say where it listens, stop on SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with build(world, state) as simulation, control_door(simulation, control_port) as address:
        write_description(simulation, address, state)
        if not quiet:
            listening = ", ".join(f"{k.listener.base}/connector.sds" for k in simulation.konnektors.values())
            print(f"{world.name}: {listening}; control {address}; {state / 'sim.json'}", flush=True)
            if world.readers:
                print(f"readers: kartenwart-sim readers conf /etc/reader.conf.d --state {state}", flush=True)
        try:
            await stop.wait()
        finally:
            (state / "sim.json").unlink(missing_ok=True)
