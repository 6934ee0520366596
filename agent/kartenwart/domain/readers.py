"""Readers plugged into the box: what pcscd shows of them, and what USB knows beside it."""

from dataclasses import dataclass, field
from enum import StrEnum

from kartenwart.domain.failures import Failure


class SlotState(StrEnum):
    """What is in a reader."""

    UNKNOWN = "UNSPECIFIED"
    EMPTY = "EMPTY"
    PRESENT = "PRESENT"
    MUTE = "MUTE"
    IN_USE = "IN_USE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """What a reader may do in a laboratory only, never for billing: qualified signatures, insurance data."""

    qes: bool = False
    insurance_data: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbDevice:
    """A card reader on the USB; `port` is where it is plugged in ("1-1.2") and lasts over a reset and a restart.

    `firmware` is bcdDevice as "1.23"; `slots`, `pad`, `extended` (commands of any length) and `longest_message` (bytes)
    stand in its CCID descriptor. `channel` is bus and number on it, new with each plugging in. `pcsc_names` are what
    pcscd calls it, without the numbers that it adds; there are none where pcscd has no driver for it. `settled`: it has
    been plugged in for so long that pcscd should have seen it.
    """

    port: str
    vendor_id: int
    product_id: int
    manufacturer: str
    product: str
    firmware: str
    slots: int
    pad: bool
    extended: bool = False
    longest_message: int = 0
    channel: tuple[int, int] | None = None
    pcsc_names: tuple[str, ...] = field(default=(), repr=False)
    settled: bool = True
    condition: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderService:
    """What stands behind all readers (pcscd); `contexts` are those that mean the readers.

    `seen`: it was asked at least once since the start. `condition` says why no reader can be seen.
    """

    contexts: frozenset[str]
    seen: bool = False
    condition: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A reader with its slot ("readers/{r}"); `label` is for people: pcscd's name, else what the device calls itself.

    `seen`: pcscd shows it. `pad`: a PIN can be typed at it. `contexts` are those that may use it.
    """

    name: str
    label: str
    slot: SlotState
    pad: bool
    contexts: frozenset[str]
    seen: bool = True
    usb: UsbDevice | None = None
    condition: Failure | None = None
