"""What pcscd's reader.conf directory needs for the readers of a practice.

Each reader gets a copy of its driver: vpcd's, when loaded twice, has the same slots for both, and of ours pcscd would
number the readers, so that their names depended on the order in which it found them.
"""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from firmware_sim.world.configuration import ReaderConfiguration

VPCD = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
HANDLER = Path(__file__).resolve().parents[2] / "ifd" / "kartenwart_ifd.so"


class ReaderConfError(Exception):
    """pcscd could not use it; the text says what is missing."""


def socket_path(state: Path, reader: str) -> Path:
    """Where the handler of a reader with a pad connects."""
    return state / "readers" / f"{reader}.sock"


def described(reader: ReaderConfiguration, state: Path) -> dict[str, Any]:
    """What sim.json says of a reader; `pcsc_names` are those under which pcscd lists its slots."""
    pad = reader.kind == "pad"
    return {
        "name": reader.name,
        "kind": reader.kind,
        "pcsc_names": [f"{reader.name} 00 {slot:02X}" for slot in range(reader.slots)],
        "device": str(socket_path(state, reader.name)) if pad else f"/dev/null:0x{reader.port:X}",
        "port": None if pad else reader.port,
    }


def write_conf(
    readers: Iterable[Mapping[str, Any]], folder: Path, state: Path, handler: Path, vpcd: Path
) -> list[Path]:
    """Write one file per reader into `folder`, drivers into `state`. Raises `ReaderConfError`."""
    texts = conf_texts(readers, state, handler, vpcd)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in texts.items():
        file = folder / f"kartenwart-sim-{name}"
        file.write_text(text, encoding="utf-8")
        written.append(file)
    return written


def conf_texts(readers: Iterable[Mapping[str, Any]], state: Path, handler: Path, vpcd: Path) -> dict[str, str]:
    """The text per reader; what it names is there afterwards. Raises `ReaderConfError`."""
    return {each["name"]: _text(each, _driver(each, state, handler, vpcd)) for each in readers}


def _driver(reader: Mapping[str, Any], state: Path, handler: Path, vpcd: Path) -> Path:
    source = handler if reader["kind"] == "pad" else vpcd
    if not source.is_file():
        get = f"build it: firmware-sim/ifd/build {handler}" if source == handler else "install vsmartcard-vpcd"
        raise ReaderConfError(f"{source} is missing; {get}")
    own = state / "readers" / f"{reader['name']}.so"
    own.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # pcscd may have the old copy loaded: never write into it.
    fresh = own.with_suffix(".new")
    shutil.copyfile(source, fresh)
    fresh.replace(own)
    return own.resolve()


def _text(reader: Mapping[str, Any], driver: Path) -> str:
    lines = [f'FRIENDLYNAME "{reader["name"]}"', f"DEVICENAME {reader['device']}", f"LIBPATH {driver}"]
    if reader["port"] is not None:
        lines.append(f"CHANNELID 0x{reader['port']:X}")
    return "\n".join(lines) + "\n"
