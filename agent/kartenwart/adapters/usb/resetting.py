"""Reset of a reader that hangs: the USB's own, as if it were pulled and plugged in again."""

import errno
from pathlib import Path

import usb.core
import usb.util

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError

_NODES = Path("/dev/bus/usb")
_REASONS = {
    errno.EACCES: Reason.READER_NOT_PERMITTED,
    errno.EPERM: Reason.READER_NOT_PERMITTED,
    errno.ENODEV: Reason.READER_GONE,
    errno.ENOENT: Reason.READER_GONE,
}


def reset(channel: tuple[int, int]) -> None:
    """Reset the device with this bus and number (USBDEVFS_RESET), once; blocks until the kernel has done it.

    The kernel takes the reader from pcscd for it: a command that is on its way gets no answer. WorldError
    READER_NOT_PERMITTED (udev rule missing, or no USB in this service), READER_GONE, READER_FAULT.
    """
    if not _NODES.is_dir():  # as in a service with PrivateDevices=yes
        raise WorldError(failure(Reason.READER_NOT_PERMITTED), sent=False)
    try:
        found = next((each for each in usb.core.find(find_all=True) if (each.bus, each.address) == channel), None)
    except usb.core.NoBackendError:
        raise WorldError(failure(Reason.READER_NOT_PERMITTED), sent=False) from None
    if found is None:
        raise WorldError(failure(Reason.READER_GONE), sent=False)
    try:
        found.reset()
    except (usb.core.USBError, NotImplementedError) as error:
        number = error.errno if isinstance(error, usb.core.USBError) else None
        raise WorldError(failure(_REASONS.get(number or 0, Reason.READER_FAULT))) from None
    finally:
        usb.util.dispose_resources(found)
