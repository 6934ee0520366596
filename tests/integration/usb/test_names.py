"""A real pcscd on the same bus: it names readers as we say, and makes no reader of what it cannot open."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.usb.conftest import Bus, Onlooker, reader
from tests.lacking import lacking
from tests.processes import Running, running

pytestmark = pytest.mark.xdist_group("usb")

START = 'mount --bind "$1" /run && exec umockdev-wrapper pcscd --foreground --debug --config "$2"'


@pytest.fixture
async def pcscd(bus: Bus) -> AsyncIterator[Running]:
    """In namespaces of its own, with no reader but those of the bus."""
    missing = [name for name in ("pcscd", "unshare", "setpriv", "mount") if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        lacking(f"needs root, pcscd and util-linux (missing: {', '.join(missing) or 'root'})")
    folder = Path(tempfile.mkdtemp(prefix="pcscd-"))
    (folder / "pcscd").mkdir()
    (folder / "conf").mkdir()
    command = ("setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "bash", "-c", START, "bash")
    try:
        async with running([*command, folder, folder / "conf"], {"UMOCKDEV_DIR": bus.directory}) as process:
            await process.line("daemon ready")
            yield process
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize(("names", "serial"), [(("",), ""), (("CCID Slot",), ""), (("Contact",), "4711")])
async def test_pcscd_says_the_name_that_we_say(
    bus: Bus, onlooker: Onlooker, pcscd: Running, names: tuple[str, ...], serial: str
) -> None:
    await bus.plug(reader(names=names, serial=serial))
    (found,) = await onlooker.sees(lambda readers: readers and readers[0]["pcsc_names"])
    started = await pcscd.line("Attempting startup of ")

    assert started.partition("startup of ")[2].partition(" using ")[0] == f"{found['pcsc_names'][0]} 00 00"
    await pcscd.line("Failed adding USB device")
