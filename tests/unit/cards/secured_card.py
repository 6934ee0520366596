"""The card's side of PACE and secure messaging, written from BSI TR-03110 beside the product's own."""

import hashlib
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.cmac import CMAC

from kartenwart.cards.channel import Channel
from kartenwart.cards.processors.curve import GENERATOR, Point, add, multiply, read_point
from kartenwart.codecs.apdu import Command, read_command, read_response

OID = bytes.fromhex("04007F00070202040202")


def sha(secret: bytes, number: int) -> bytes:
    return hashlib.sha1(secret + bytes((0, 0, 0, number)), usedforsecurity=False).digest()[:16]


def cmac(key: bytes, data: bytes) -> bytes:
    mac = CMAC(AES128(key))
    mac.update(data)
    return mac.finalize()[:8]


def cbc(key: bytes, iv: bytes, data: bytes, *, decrypt: bool = False) -> bytes:
    cipher = Cipher(AES128(key), modes.CBC(iv))
    worker = cipher.decryptor() if decrypt else cipher.encryptor()
    return worker.update(data) + worker.finalize()


def padded(data: bytes) -> bytes:
    return data + b"\x80" + bytes(15 - len(data) % 16)


def wrap(tag: int, value: bytes) -> bytes:
    length = len(value)
    field = (
        bytes([length])
        if length < 128
        else b"\x81" + bytes([length])
        if length < 256
        else b"\x82" + length.to_bytes(2, "big")
    )
    return bytes([tag]) + field + value


def objects(data: bytes) -> dict[int, bytes]:
    found = {}
    while data:
        size, at = data[1], 2
        if size > 127:
            at = 2 + size - 128
            size = int.from_bytes(data[2:at], "big")
        found[data[0]], data = data[at : at + size], data[at + size :]
    return found


class SecuredCard:
    """Opens commands, lets `inside` answer them, and secures the answers; 6988 to what is not authentic."""

    def __init__(self, inside: Channel, encryption: bytes, authentication: bytes) -> None:
        self.inside, self.encryption, self.authentication = inside, encryption, authentication
        self.counter = 0

    def transmit(self, command: bytes) -> bytes:
        told = read_command(command)
        self.counter += 1
        parts = objects(told.data)
        body = told.data[: -len(wrap(0x8E, parts.get(0x8E, b"")))]
        seal = self.counter.to_bytes(16, "big") + padded(told.header) + (padded(body) if body else b"")
        if parts.get(0x8E) != cmac(self.authentication, seal):
            return b"\x69\x88"
        data = b""
        if 0x87 in parts:
            data = cbc(self.encryption, self._iv(), parts[0x87][1:], decrypt=True).rstrip(b"\0")[:-1]
        le = parts.get(0x97)
        expected = int.from_bytes(le, "big") or 256 ** len(le) if le else 0
        plain = Command(cla=told.cla & 0xF3, ins=told.ins, p1=told.p1, p2=told.p2, data=data, expected=expected)
        return self._secured(self.inside.transmit(plain.encode()))

    def _secured(self, answer: bytes) -> bytes:
        self.counter += 1
        plain = read_response(answer)
        body = wrap(0x87, b"\x01" + cbc(self.encryption, self._iv(), padded(plain.data))) if plain.data else b""
        body += wrap(0x99, answer[-2:])
        seal = cmac(self.authentication, self.counter.to_bytes(16, "big") + padded(body))
        return body + wrap(0x8E, seal) + answer[-2:]

    def _iv(self) -> bytes:
        return cbc(self.encryption, bytes(16), self.counter.to_bytes(16, "big"))


class PaceCard:
    """Answers the steps of PACE for one CAN; `bend` may change what goes out, by the tag it goes out with."""

    def __init__(
        self, can: str, inside: Channel, bend: Callable[[int, bytes], bytes] = lambda _tag, value: value
    ) -> None:
        self.can, self.inside, self.bend = can, inside, bend
        self.nonce = bytes(range(16))
        self.mapping, self.own = 12345678901234567890, 98765432109876543210
        self.secured: SecuredCard | None = None
        self.generator: Point = GENERATOR
        self.keys = (b"", b"")
        self.reader = GENERATOR

    def transmit(self, command: bytes) -> bytes:
        if self.secured is not None:
            return self.secured.transmit(command)
        told = read_command(command)
        if told.ins == 0x22:
            return b"\x90\x00"
        inner = objects(objects(told.data)[0x7C])
        step = next(iter(inner), 0)
        tag, value = {0: self._begin, 0x81: self._map, 0x83: self._agree, 0x85: self._prove}[step](inner.get(step, b""))
        return wrap(0x7C, wrap(tag, self.bend(tag, value))) + b"\x90\x00" if tag else b"\x63\x00"

    def _begin(self, _nothing: bytes) -> tuple[int, bytes]:
        return 0x80, cbc(sha(self.can.encode(), 3), bytes(16), self.nonce)

    def _map(self, point: bytes) -> tuple[int, bytes]:
        shared = multiply(self.mapping, read_point(point))
        mapped = add(multiply(int.from_bytes(self.nonce, "big"), GENERATOR), shared)
        assert mapped is not None
        self.generator = mapped
        return 0x82, multiply(self.mapping, GENERATOR).encode()

    def _agree(self, point: bytes) -> tuple[int, bytes]:
        self.reader = read_point(point)
        shared = multiply(self.own, self.reader).x.to_bytes(32, "big")
        self.keys = (sha(shared, 1), sha(shared, 2))
        return 0x84, multiply(self.own, self.generator).encode()

    def _prove(self, token: bytes) -> tuple[int, bytes]:
        if token != self._token(multiply(self.own, self.generator)):
            return 0, b""
        self.secured = SecuredCard(self.inside, *self.keys)
        return 0x86, self._token(self.reader)

    def _token(self, point: Point) -> bytes:
        return cmac(self.keys[1], b"\x7f\x49\x4f\x06\x0a" + OID + b"\x86\x41" + point.encode())
