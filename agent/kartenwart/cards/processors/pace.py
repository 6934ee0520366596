"""PACE: a secured channel out of the six digits printed on a card (id-PACE-ECDH-GM-AES-CBC-CMAC-128).

Source: BSI TR-03110-2, 3.2 and TR-03110-3, A and B; reference 2.5. The curve is brainpoolP256r1, the reference of the
card access number (CAN) is 02. A CAN proves presence, it is no PIN: wrong ones cost nothing but time.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES128

from kartenwart.cards.channel import Channel
from kartenwart.cards.link import heard
from kartenwart.cards.outcomes import OK, Asked
from kartenwart.cards.processors.curve import GENERATOR, ORDER, Point, add, multiply, read_point
from kartenwart.cards.processors.secure_messaging import SecureMessaging, SessionKeys, mac_of
from kartenwart.cards.refusal import CardRefusal, garbled
from kartenwart.codecs import tlv
from kartenwart.codecs.apdu import CHAINED, EXTENDED_ANSWER, SHORT_ANSWER, Command
from kartenwart.codecs.malformed import MalformedError

OBJECT_IDENTIFIER = bytes.fromhex("04007F00070202040202")
_CAN_REFERENCE = b"\x02"
_DYNAMIC = 0x7C
_NONCE_BYTES = 16
_PUBLIC_KEY, _POINT, _OID = 0x7F49, 0x86, 0x06

Draw = Callable[[], int]


def draw_scalar() -> int:
    """Draw a private key of the curve."""
    return 1 + secrets.randbelow(ORDER - 1)


def open_channel(channel: Channel, can: str, *, extended: bool, draw: Draw = draw_scalar) -> SecureMessaging:
    """Return the secured channel; `draw` is asked twice. CardRefusal (CHANNEL) where the card says no.

    A wrong CAN shows when the card refuses our token (6300) or its own does not fit: CARD_FAULT.
    """
    try:
        keys = _Handshake(channel, extended=extended, draw=draw).agree(can)
    except (MalformedError, ValueError):
        raise garbled() from None
    return SecureMessaging(channel, keys)


class _Handshake:
    """The four steps between MANAGE SECURITY ENVIRONMENT and the keys."""

    def __init__(self, channel: Channel, *, extended: bool, draw: Draw) -> None:
        self._channel = channel
        self._expected = EXTENDED_ANSWER if extended else SHORT_ANSWER
        self._draw = draw

    def agree(self, can: str) -> SessionKeys:
        chosen = tlv.encode(0x80, OBJECT_IDENTIFIER) + tlv.encode(0x83, _CAN_REFERENCE)
        self._send(Command(cla=0x00, ins=0x22, p1=0xC1, p2=0xA4, data=chosen))
        mapped = self._map(self._nonce(can))
        secret = self._draw()
        own = multiply(secret, mapped)
        card = read_point(self._step(0x83, own.encode(), 0x84))
        if card == own:
            raise MalformedError("a card that sends our own key back")
        shared = multiply(secret, card).x.to_bytes(32, "big")
        keys = SessionKeys(encryption=derive(shared, 1), authentication=derive(shared, 2))
        token = self._step(0x85, _token(keys, card), 0x86, last=True)
        if not hmac.compare_digest(token, _token(keys, own)):
            raise MalformedError("a card that has other keys")
        return keys

    def _nonce(self, can: str) -> int:
        """Return the card's nonce, which is encrypted with a key out of the CAN."""
        encrypted = self._step(None, b"", 0x80)
        if len(encrypted) != _NONCE_BYTES:
            raise MalformedError("a nonce of a wrong length")
        decryptor = Cipher(AES128(derive(can.encode("ascii"), 3)), modes.CBC(bytes(_NONCE_BYTES))).decryptor()
        return int.from_bytes(decryptor.update(encrypted) + decryptor.finalize(), "big")

    def _map(self, nonce: int) -> Point:
        """Return the generator of this channel (generic mapping)."""
        secret = self._draw()
        card = read_point(self._step(0x81, multiply(secret, GENERATOR).encode(), 0x82))
        mapped = add(multiply(nonce, GENERATOR), multiply(secret, card))
        if mapped is None:
            raise MalformedError("a generator that is none")
        return mapped

    def _step(self, tag: int | None, value: bytes, wanted: int, *, last: bool = False) -> bytes:
        """GENERAL AUTHENTICATE: send one data object, return the one that is wanted."""
        data = tlv.encode(_DYNAMIC, b"" if tag is None else tlv.encode(tag, value))
        cla = 0x00 if last else CHAINED
        answer = self._send(Command(cla=cla, ins=0x86, p1=0, p2=0, data=data, expected=self._expected))
        found = tlv.find(tlv.read_only(answer, _DYNAMIC).parts(), wanted)
        if found is None:
            raise MalformedError("a step of PACE without its data object")
        return found

    def _send(self, command: Command) -> bytes:
        answer = heard(self._channel.transmit(command.encode()))
        if answer.word != OK:
            raise CardRefusal(Asked.CHANNEL, answer.word)
        return answer.data


def derive(secret: bytes, number: int) -> bytes:
    """Return a key of 16 bytes: the beginning of SHA-1 over secret and number (TR-03110-3, A.2.3)."""
    return hashlib.sha1(secret + number.to_bytes(4, "big"), usedforsecurity=False).digest()[:16]


def _token(keys: SessionKeys, point: Point) -> bytes:
    """Return the token that proves the keys to the owner of a point."""
    public = tlv.encode(_OID, OBJECT_IDENTIFIER) + tlv.encode(_POINT, point.encode())
    return mac_of(keys.authentication, tlv.encode(_PUBLIC_KEY, public))
