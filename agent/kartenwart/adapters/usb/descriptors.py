"""What readers say of themselves in their CCID class descriptor, read by libusb from what the kernel keeps of it.

No device is opened and no interface claimed: pcscd keeps them.
"""

import contextlib
from collections.abc import Iterator, Mapping

import usb.core

from kartenwart.codecs.ccid import ClassDescriptor, read_class_descriptor
from kartenwart.codecs.malformed import MalformedError

Descriptors = Mapping[tuple[int, int], tuple[ClassDescriptor, ...]]
"""By bus and number on it: a descriptor for each CCID interface; none where a device has no such interface."""


def descriptors() -> Descriptors:
    """Return them for every device that libusb sees; nothing at all where it sees no bus (no usbfs, no libusb)."""
    found: dict[tuple[int, int], tuple[ClassDescriptor, ...]] = {}
    with contextlib.suppress(usb.core.NoBackendError):
        for device in usb.core.find(find_all=True):
            found[device.bus, device.address] = tuple(_of(device))
    return found


def _of(device: usb.core.Device) -> Iterator[ClassDescriptor]:
    # A device that goes meanwhile, or that libusb cannot read, has none.
    with contextlib.suppress(usb.core.USBError, NotImplementedError):
        for configuration in device:
            for interface in configuration:
                if interface.bAlternateSetting == 0:
                    yield from _in(interface)
            return


def _in(interface: usb.core.Interface) -> Iterator[ClassDescriptor]:
    """Yield the class descriptor: it stands behind the interface, with some makers behind an endpoint."""
    for part in (interface, *interface):
        with contextlib.suppress(MalformedError):
            yield read_class_descriptor(bytes(part.extra_descriptors))
            return
