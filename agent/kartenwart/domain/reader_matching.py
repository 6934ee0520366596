"""Which card reader on the USB is which of pcscd's readers, and which of them pcscd does not see: what is certain only.

Certain is a reader whose driver tells the device's place on the bus. Else names speak: pcscd makes them of the driver's
word for the device, its interface and its serial number, and adds two numbers (the reader's and the slot's). Of several
devices with one name (readers of one kind without serial number) nobody can tell which is which.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason
from kartenwart.domain.ports.readers import SeenReader, SeenReaders
from kartenwart.domain.readers import UsbDevice

_NUMBERED = re.compile(r"(?P<name>.+) (?P<number>[0-9A-F]{2}) [0-9A-F]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A device on the USB with pcscd's names for its readers, if it is certain that they are its.

    `device` has a condition where it should be seen by pcscd and is not: READER_NOT_SEEN, or why none can be seen.
    `ambiguous` are the names that are its or those of another device of its kind.
    """

    device: UsbDevice
    labels: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()


def match(devices: Sequence[UsbDevice], seen: SeenReaders) -> tuple[Match, ...]:
    """Match devices with what pcscd shows at the same moment, one Match per device in their order."""
    placed = {reader.channel for reader in seen.readers if reader.channel}
    unplaced = [device for device in devices if device.channel not in placed]
    return tuple(
        _by_channel(device, seen.readers) if device.channel in placed else _by_name(device, unplaced, seen)
        for device in devices
    )


def _by_channel(device: UsbDevice, readers: Iterable[SeenReader]) -> Match:
    return Match(device=device, labels=tuple(reader.label for reader in readers if reader.channel == device.channel))


def _by_name(device: UsbDevice, unplaced: Sequence[UsbDevice], seen: SeenReaders) -> Match:
    labels = tuple(
        reader.label for reader in seen.readers if reader.channel is None and _named(reader.label) in device.pcsc_names
    )
    if not labels:
        return Match(device=_unseen(device, seen))
    alike = [other for other in unplaced if set(other.pcsc_names) & set(device.pcsc_names)]
    if len(alike) == 1:
        return Match(device=device, labels=labels)
    # Fewer readers than devices: one of them is not seen, and nobody can tell which.
    return Match(device=device, ambiguous=labels)


def _unseen(device: UsbDevice, seen: SeenReaders) -> UsbDevice:
    if device.condition or not device.settled:
        return device
    return replace(device, condition=seen.condition or failure(Reason.READER_NOT_SEEN))


def _named(label: str) -> str:
    found = _NUMBERED.fullmatch(label)
    return found["name"] if found else label
