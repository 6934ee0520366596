"""pcscd by pyscard's functions: contexts and connections as blocks, return codes as PcscError.

A context may be used by one thread at a time; only `cancel` may come from another one. pyscard's own monitors and
connections are not used: its monitor ends for good when pcscd is restarted (reference, section 1).
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from smartcard import scard

from kartenwart.adapters.pcsc.conditions import NO_READERS, TIMEOUT, PcscError

PLUG_AND_PLAY = "\\\\?PnP?\\Notification"
"""The name under which pcscd tells that readers came or went."""
GET_FEATURES = scard.SCARD_CTL_CODE(3400)
_ANY_PROTOCOL = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
_CODE_BITS = 0xFFFFFFFF
_COUNT_SHIFT = 16
_ON_USB = 0x20


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotStatus:
    """A slot as pcscd sees it; `count` goes up with each card that comes or goes, `flags` is what to ask with next."""

    flags: int
    present: bool
    mute: bool
    exclusive: bool

    @property
    def count(self) -> int:
        """Return pcscd's event counter, which tells one insertion from another (16 bits)."""
        return self.flags >> _COUNT_SHIFT & 0xFFFF


class Context:
    """A line to pcscd while the block runs. Entering raises PcscError where it is not there or refuses us."""

    def __init__(self) -> None:
        self._handle = 0

    def __enter__(self) -> Self:
        code, self._handle = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        _expect_success(code)
        return self

    def __exit__(self, *_: object) -> None:
        scard.SCardReleaseContext(self._handle)  # frees our side even where pcscd is gone

    def readers(self) -> tuple[str, ...]:
        """Return the names of all readers."""
        code, names = scard.SCardListReaders(self._handle, [])
        if code & _CODE_BITS == NO_READERS:
            return ()
        _expect_success(code)
        return tuple(names)

    def changes(self, known: Mapping[str, int], seconds: float) -> dict[str, SlotStatus]:
        """Wait until a slot is no more as its flags say, or for so many seconds; return how all stand."""
        code, found = scard.SCardGetStatusChange(self._handle, int(seconds * 1000), list(known.items()))
        if code & _CODE_BITS != TIMEOUT:
            _expect_success(code)
        return {name: _status(flags) for name, flags, _atr in found}

    def cancel(self) -> None:
        """End the waiting of another thread."""
        scard.SCardCancel(self._handle)

    def connect(self, reader: str) -> "Connection":
        """Connect to the card in a reader, beside others."""
        code, handle, protocol = scard.SCardConnect(self._handle, reader, scard.SCARD_SHARE_SHARED, _ANY_PROTOCOL)
        _expect_success(code)
        return Connection(handle, protocol)

    def connect_to_reader(self, reader: str) -> "Connection":
        """Connect to the reader itself, with or without a card."""
        undefined = scard.SCARD_PROTOCOL_UNDEFINED
        code, handle, protocol = scard.SCardConnect(self._handle, reader, scard.SCARD_SHARE_DIRECT, undefined)
        _expect_success(code)
        return Connection(handle, protocol)


class Connection:
    """A connection to one reader, until it is closed."""

    def __init__(self, handle: int, protocol: int) -> None:
        self._handle = handle
        self._protocol = protocol

    @property
    def atr(self) -> bytes:
        """Return the card's answer to reset."""
        code, _reader, _state, _protocol, atr = scard.SCardStatus(self._handle)
        _expect_success(code)
        return bytes(atr)

    @property
    def usb(self) -> tuple[int, int] | None:
        """Return bus and device number of the reader on the USB, where its driver tells them."""
        code, channel = scard.SCardGetAttrib(self._handle, scard.SCARD_ATTR_CHANNEL_ID)
        return None if code else usb_channel(bytes(channel))

    def begin(self) -> None:
        """Keep all others from the card until `end`; waits for theirs to end."""
        _expect_success(scard.SCardBeginTransaction(self._handle))

    def end(self) -> None:
        """Let others to the card again; a connection that is lost lets them anyway."""
        scard.SCardEndTransaction(self._handle, scard.SCARD_LEAVE_CARD)

    def reconnect(self) -> None:
        """Take up the connection again after another program has reset the card."""
        code, self._protocol = scard.SCardReconnect(
            self._handle, scard.SCARD_SHARE_SHARED, _ANY_PROTOCOL, scard.SCARD_LEAVE_CARD
        )
        _expect_success(code)

    def close(self, *, reset: bool = False) -> None:
        """Disconnect; only a `reset` takes from others what they have verified."""
        scard.SCardDisconnect(self._handle, scard.SCARD_RESET_CARD if reset else scard.SCARD_LEAVE_CARD)

    def transmit(self, command: bytes) -> bytes:
        """Send a command to the card and return what came back, as it is."""
        header = scard.SCARD_PCI_T0 if self._protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        code, answer = scard.SCardTransmit(self._handle, header, list(command))
        _expect_success(code)
        return bytes(answer)

    def control(self, control_code: int, data: bytes) -> bytes:
        """Send a block to the reader itself and return what came back."""
        code, answer = scard.SCardControl(self._handle, control_code, list(data))
        _expect_success(code)
        return bytes(answer)


def usb_channel(attribute: bytes) -> tuple[int, int] | None:
    """Read SCARD_ATTR_CHANNEL_ID, a number in the machine's own order: two bytes of kind, bus, device."""
    number = int.from_bytes(attribute[:4], sys.byteorder)
    return (number >> 8 & 0xFF, number & 0xFF) if len(attribute) >= 4 and number >> 16 == _ON_USB else None


def _status(flags: int) -> SlotStatus:
    return SlotStatus(
        flags=flags,
        present=bool(flags & scard.SCARD_STATE_PRESENT),
        mute=bool(flags & scard.SCARD_STATE_MUTE),
        exclusive=bool(flags & scard.SCARD_STATE_EXCLUSIVE),
    )


def _expect_success(code: int) -> None:
    if code:
        raise PcscError(code & _CODE_BITS)
