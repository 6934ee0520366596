"""A client of pcscd in a process of its own: one request per line of standard input, one answer per line of output.

{"do": "readers"}, {"do": "connect", "reader"}, {"do": "transmit", "data"}, {"do": "features"},
{"do": "control", "feature", "data"}, {"do": "disconnect"}, {"do": "change", "reader", "present", "within"}: bytes are
hexadecimal, an answer has "error" where PC/SC has one.
"""

import json
import sys
import time
from typing import Any

from smartcard import scard

_GET_FEATURES = 0x42000000 + 3400
_SUCCESS, _EMPTY = 0, 0x0010


class ScardError(Exception):
    """PC/SC refused."""


class Client:
    """One context, at most one card."""

    def __init__(self) -> None:
        self._context = _checked(scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM))[0]
        self._card: Any = None
        self._protocol = scard.SCARD_PCI_T1

    def readers(self) -> list[str]:
        return list(_checked(scard.SCardListReaders(self._context, []))[0])

    def connect(self, reader: str) -> str:
        both = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        self._card, active = _checked(scard.SCardConnect(self._context, reader, scard.SCARD_SHARE_SHARED, both))
        self._protocol = scard.SCARD_PCI_T1 if active == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0
        return bytes(_checked(scard.SCardStatus(self._card))[3]).hex()

    def transmit(self, data: str) -> str:
        return bytes(_checked(scard.SCardTransmit(self._card, self._protocol, list(bytes.fromhex(data))))[0]).hex()

    def features(self) -> dict[str, int]:
        told = bytes(_checked(scard.SCardControl(self._card, _GET_FEATURES, []))[0])
        return {str(told[at]): int.from_bytes(told[at + 2 : at + 6], "big") for at in range(0, len(told), 6)}

    def control(self, feature: int, data: str) -> str:
        code = self.features()[str(feature)]
        return bytes(_checked(scard.SCardControl(self._card, code, list(bytes.fromhex(data))))[0]).hex()

    def disconnect(self) -> None:
        scard.SCardDisconnect(self._card, scard.SCARD_LEAVE_CARD)

    def change(self, reader: str, present: bool, within: float) -> float:
        """Seconds until a card was seen in the reader, or was seen no more."""
        state, start = scard.SCARD_STATE_UNAWARE, time.monotonic()
        wanted = scard.SCARD_STATE_PRESENT if present else _EMPTY
        while (left := start + within - time.monotonic()) > 0:
            ((_, state, _),) = _checked(scard.SCardGetStatusChange(self._context, int(left * 1000), [(reader, state)]))[
                0
            ]
            if state & wanted:
                return time.monotonic() - start
        raise ScardError("nothing changed")


def _checked(told: Any) -> list[Any]:
    code, *rest = told
    if code != _SUCCESS:
        raise ScardError(f"{code & 0xFFFFFFFF:08X}")
    return list(rest)


def main() -> None:
    client: Client | None = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            client = client or Client()
            answer = {"answer": getattr(client, request.pop("do"))(**request)}
        except ScardError as error:
            answer = {"error": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
