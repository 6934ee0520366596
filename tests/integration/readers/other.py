"""Another program at the same pcscd, by pyscard itself."""

from types import TracebackType
from typing import Self

from smartcard import scard

PROTOCOLS = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
EXCLUSIVE = 1
READER = "Virtual 00 00 00"
VERIFY_SMC = "0020000108 26135790FFFFFFFF"


class OtherProgram:
    """Connected to a card, beside others or alone, until the block ends."""

    def __init__(self, reader: str, *, exclusive: bool = False) -> None:
        self._reader = reader
        self._mode = EXCLUSIVE if exclusive else scard.SCARD_SHARE_SHARED

    def __enter__(self) -> Self:
        code, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        assert not code
        code, self._card, self._protocol = scard.SCardConnect(self._context, self._reader, self._mode, PROTOCOLS)
        assert not code, hex(code)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        scard.SCardDisconnect(self._card, scard.SCARD_LEAVE_CARD)
        scard.SCardReleaseContext(self._context)

    def ask(self, command: str) -> str:
        """Hex in, status word as hex out."""
        header = scard.SCARD_PCI_T0 if self._protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        code, answer = scard.SCardTransmit(self._card, header, list(bytes.fromhex(command)))
        assert not code, hex(code)
        return bytes(answer[-2:]).hex()

    def reset(self) -> None:
        code, _ = scard.SCardReconnect(self._card, self._mode, PROTOCOLS, scard.SCARD_RESET_CARD)
        assert not code, hex(code)
