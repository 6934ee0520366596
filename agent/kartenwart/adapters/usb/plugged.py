"""What is plugged in, as udev and the kernel's sysfs know it: no device is opened for it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyudev

_MOST_CHARACTERS = 126  # of a USB string


@dataclass(frozen=True, slots=True, kw_only=True)
class PluggedInterface:
    """An interface of a device; `name` is empty where the device gives it none."""

    usb_class: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugged:
    """A USB device; `port` is where it is plugged in ("1-1.2"), `channel` bus and number on it."""

    port: str
    channel: tuple[int, int]
    vendor_id: int
    product_id: int
    release: int
    manufacturer: str
    product: str
    serial: str = field(repr=False)
    interfaces: tuple[PluggedInterface, ...]


def plugged(context: pyudev.Context) -> tuple[Plugged, ...]:
    """Return all USB devices, sorted by port; one that goes while it is looked at is left out."""
    devices: dict[str, pyudev.Device] = {}
    interfaces: dict[str, list[tuple[str, PluggedInterface]]] = {}
    for device in context.list_devices(subsystem="usb"):
        port, _, rest = device.sys_name.partition(":")
        if rest:
            found = PluggedInterface(usb_class=_number(device, "bInterfaceClass"), name=_text(device, "interface"))
            interfaces.setdefault(port, []).append((rest, found))
        elif device.device_type == "usb_device":
            devices[port] = device
    return tuple(_read(devices, {port: sorted(each, key=_order) for port, each in interfaces.items()}))


def _read(
    devices: dict[str, pyudev.Device], interfaces: dict[str, list[tuple[str, PluggedInterface]]]
) -> Iterator[Plugged]:
    for port, device in sorted(devices.items()):
        channel = _number(device, "busnum", 10), _number(device, "devnum", 10)
        if not all(channel):
            continue
        yield Plugged(
            port=port,
            channel=channel,
            vendor_id=_number(device, "idVendor"),
            product_id=_number(device, "idProduct"),
            release=_number(device, "bcdDevice"),
            manufacturer=_text(device, "manufacturer"),
            product=_text(device, "product"),
            serial=_text(device, "serial"),
            interfaces=tuple(interface for _, interface in interfaces.get(port, ())),
        )


def _order(interface: tuple[str, PluggedInterface]) -> str:
    return interface[0]


def _number(device: pyudev.Device, attribute: str, base: int = 16) -> int:
    with contextlib.suppress(ValueError):
        return int(device.attributes.get(attribute) or b"0", base)
    return 0


def _text(device: pyudev.Device, attribute: str) -> str:
    text = (device.attributes.get(attribute) or b"").decode("utf-8", "replace").strip()
    return "".join(character for character in text if character.isprintable())[:_MOST_CHARACTERS]
