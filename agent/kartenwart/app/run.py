"""The agent as a process: settings, journal, signals, exit status."""

import asyncio
import faulthandler
import gc
import resource
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from kartenwart.adapters.journal import Report, configure
from kartenwart.adapters.site import SiteDamaged
from kartenwart.adapters.store import StateUnusable
from kartenwart.adapters.systemd import Notifier
from kartenwart.app.patience import patience
from kartenwart.app.serving import serving
from kartenwart.edge.listening import PortTakenError
from kartenwart.settings import Settings, SettingsError, load

MOST_FILES = 65536
CANNOT_START = 1
MISCONFIGURED = 78  # EX_CONFIG of sysexits.h: the unit does not start again what only a person can mend

# What ends a start with words of its own; anything else is a defect and shows where it is.
STARTING = (SettingsError, StateUnusable, SiteDamaged, PortTakenError)


def run(config: Path) -> int:
    """Serve until SIGTERM or SIGINT; return 0, or with a sentence on stderr 78 (configuration) or 1 (all else)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold keys and documents
    faulthandler.enable()  # the watchdog's SIGABRT tells where every thread stood: places, no values
    _allow_many_files()
    notifier = Notifier.from_environment()
    try:
        settings = load(config)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, configure(settings.log.level), notifier))
    except STARTING as error:
        print(f"kartenwart: {error}", file=sys.stderr)  # noqa: T201 - before there is a journal, and for people
        notifier.status(f"Kann nicht starten: {error}")
        return MISCONFIGURED if isinstance(error, SettingsError) else CANNOT_START
    return 0


def _allow_many_files() -> None:
    """Take what the system allows: a thousand idle connections of a stranger must not be all that the box can hold."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


async def _serve(settings: Settings, report: Report, notifier: Notifier) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        async with patience(notifier):
            await stack.enter_async_context(serving(settings, report, notifier))
        gc.freeze()  # code and settings stay: no collection needs to look at them, nor hold the loop for it
        gc.enable()
        await stopping.wait()
        report("agent.stopping")
        notifier.stopping("Wird beendet.")
        async with patience(notifier):
            await stack.aclose()
