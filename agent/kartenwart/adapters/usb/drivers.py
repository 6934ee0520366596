"""What pcscd calls the readers that it has a driver for.

Each driver's Info.plist lists vendors, products and names; pcscd picks a driver by vendor and product alone, and one
that was made for a reader goes before the general CCID driver. To the driver's name it adds the interface's name in
brackets and the serial number in parentheses (pcsc-lite, hotplug_libudev).
"""

import plistlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.parsers.expat import ExpatError

DRIVER_FOLDER = Path("/usr/lib/pcsc/drivers")
LONGEST_NAME = 127  # what fits beside the end of a C string into pcscd's MAX_READERNAME
_GENERAL = "CCIDCLASSDRIVER"
_MOST_BYTES = 4 * 1024 * 1024

Drivers = Mapping[tuple[int, int], str]
"""Names by vendor and product."""


def read_drivers(folder: Path = DRIVER_FOLDER) -> Drivers:
    """Return the names of all readers with a driver in this folder; what cannot be read has none."""
    general: dict[tuple[int, int], str] = {}
    special: dict[tuple[int, int], str] = {}
    for file in sorted(folder.glob("*.bundle/Contents/Info.plist")):
        told = _read(file)
        (general if told.get("CFBundleName") == _GENERAL else special).update(_names(told))
    return general | special


def pcsc_name(name: str, interface: str, serial: str) -> str:
    """Return what pcscd calls a reader, without the two numbers that it adds at the end."""
    if interface:
        name = f"{name} [{interface}]"
    if serial and serial not in interface:
        name = f"{name} ({serial})"
    return name[:LONGEST_NAME]


def _read(file: Path) -> Mapping[str, object]:
    try:
        with file.open("rb") as opened:
            told = plistlib.loads(opened.read(_MOST_BYTES))
    except (OSError, ValueError, ExpatError, plistlib.InvalidFileException, LookupError, AttributeError):
        return {}
    return told if isinstance(told, dict) else {}


def _names(told: Mapping[str, object]) -> Iterator[tuple[tuple[int, int], str]]:
    lists = [told.get(key) for key in ("ifdVendorID", "ifdProductID", "ifdFriendlyName")]
    vendors, products, names = (each if isinstance(each, list) else [] for each in lists)
    for vendor, product, name in zip(vendors, products, names, strict=False):
        try:
            yield (int(vendor, 16), int(product, 16)), str(name)
        except (TypeError, ValueError):
            continue
