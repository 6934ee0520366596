"""The card readers on the USB: what udev says is plugged in, told apart and described by libusb."""

import time
from collections.abc import Iterator

import pyudev

from kartenwart.adapters.usb.descriptors import Descriptors, descriptors
from kartenwart.adapters.usb.drivers import Drivers, pcsc_name
from kartenwart.adapters.usb.plugged import Plugged, plugged
from kartenwart.codecs.ccid import INTERFACE_CLASS, ClassDescriptor, Exchange, read_bcd
from kartenwart.domain.readers import UsbDevice

LOOKS = 5
LOOK_SECONDS = 0.05


def readers(context: pyudev.Context, drivers: Drivers) -> tuple[UsbDevice, ...]:
    """Return the card readers that are plugged in, sorted by port; blocks for up to a quarter of a second.

    A reader is what has a CCID interface or a driver at pcscd. libusb hears of a new device by itself, maybe a moment
    later than we: it is asked again then.
    """
    for look in range(LOOKS):
        candidates = tuple(each for each in plugged(context) if _is_reader(each, drivers))
        described = descriptors() if candidates else {}
        if not described or all(each.channel in described for each in candidates):
            break
        if look < LOOKS - 1:
            time.sleep(LOOK_SECONDS)
    return tuple(_reader(each, described, drivers) for each in candidates)


def _is_reader(device: Plugged, drivers: Drivers) -> bool:
    return (device.vendor_id, device.product_id) in drivers or any(
        interface.usb_class == INTERFACE_CLASS for interface in device.interfaces
    )


def _reader(device: Plugged, described: Descriptors, drivers: Drivers) -> UsbDevice:
    interfaces = described.get(device.channel, ())
    return UsbDevice(
        port=device.port,
        vendor_id=device.vendor_id,
        product_id=device.product_id,
        manufacturer=device.manufacturer,
        product=device.product,
        firmware=read_bcd(device.release),
        slots=sum(each.slots for each in interfaces),
        pad=any(each.pad for each in interfaces),
        extended=any(_extended(each) for each in interfaces),
        longest_message=max((each.longest_message for each in interfaces), default=0),
        channel=device.channel,
        pcsc_names=tuple(dict.fromkeys(_names(device, drivers))),
    )


def _extended(descriptor: ClassDescriptor) -> bool:
    # At the level of blocks and characters the driver cuts commands itself.
    return descriptor.exchange in {Exchange.EXTENDED_APDU, Exchange.TPDU, Exchange.CHARACTER}


def _names(device: Plugged, drivers: Drivers) -> Iterator[str]:
    name = drivers.get((device.vendor_id, device.product_id))
    if name is None:
        return
    for interface in device.interfaces:
        yield pcsc_name(name, interface.name, device.serial)
