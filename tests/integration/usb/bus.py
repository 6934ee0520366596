"""A USB that umockdev plays: the process that plugs in and pulls out, told by JSON lines.

Runs under umockdev-wrapper in the distribution's Python (its gi), so it imports nothing of ours.
Says {"directory": ...} first, then answers each order with what came of it:
{"plug": DEVICE}, {"pull": PORT}, {"again": PORT} (the event once more), {"cycle": DEVICE} (out and in).
"""

import json
import sys
from pathlib import Path
from typing import Any

import gi  # type: ignore[import-not-found]

gi.require_version("UMockdev", "1.0")
from gi.repository import UMockdev  # type: ignore[import-not-found]  # noqa: E402

ROOT = "/devices/pci0000:00/0000:00:14.0/usb1"
ATTRIBUTES = ("idVendor", "idProduct", "bcdDevice", "manufacturer", "product", "serial", "speed", "bConfigurationValue")


class Bus:
    """A bus with number 1 and its root hub."""

    def __init__(self) -> None:
        self._bed = UMockdev.Testbed.new()
        self.directory = self._bed.get_root_dir()

    def plug(self, device: dict[str, Any]) -> None:
        """Plug in a device with its interfaces; every part tells "add" once by itself."""
        path = f"{ROOT}/{device['port']}"
        node = f"bus/usb/001/{device['number']:03}"
        lines = [f"P: {path}", f"N: {node}={device['descriptors']}", f"E: DEVNAME=/dev/{node}"]
        lines += ["E: SUBSYSTEM=usb", "E: DEVTYPE=usb_device", "A: busnum=1", f"A: devnum={device['number']}"]
        lines += [f"A: {name}={device[name]}" for name in ATTRIBUTES if device.get(name)]
        lines += [f"H: descriptors={device['descriptors']}"]
        self._add(lines)
        for number, interface in enumerate(device["interfaces"]):
            lines = [f"P: {path}/{device['port']}:1.{number}", "E: SUBSYSTEM=usb", "E: DEVTYPE=usb_interface"]
            lines += [f"A: bInterfaceNumber={number:02}", f"A: bInterfaceClass={interface['class']}"]
            lines += [f"A: interface={interface['name']}"] if interface["name"] else []
            self._add(lines)

    def pull(self, port: str) -> None:
        """Pull a device out: of each part the kernel tells first, then its files go."""
        for path in sorted(Path(f"{self.directory}/sys{ROOT}/{port}").glob(f"{port}:*")):
            self._remove(f"{port}/{path.name}")
        self._remove(port)

    def _remove(self, part: str) -> None:
        path = f"/sys{ROOT}/{part}"
        self._bed.uevent(path, "remove")
        self._bed.remove_device(path)

    def again(self, port: str) -> None:
        """Tell "add" once more."""
        self._bed.uevent(f"/sys{ROOT}/{port}", "add")

    def cycle(self, device: dict[str, Any]) -> None:
        """Pull a device out and plug it in again as it is told now."""
        self.pull(device["port"])
        self.plug(device)

    def _add(self, lines: list[str]) -> None:
        if not self._bed.add_from_string("\n".join(lines) + "\n"):
            raise SystemExit("umockdev took no such device")


def say(**fields: Any) -> None:
    """Say one line."""
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Follow orders until there are no more."""
    bus = Bus()
    say(directory=bus.directory)
    for line in sys.stdin:
        order = json.loads(line)
        ((verb, what),) = order.items()
        getattr(bus, verb)(what)
        say(done=True)


main()
