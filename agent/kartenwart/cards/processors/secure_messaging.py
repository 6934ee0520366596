"""Secure messaging with AES-128, CBC and CMAC around a channel (ISO/IEC 7816-4, 10; BSI TR-03110-3, F)."""

import hmac
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.cmac import CMAC

from kartenwart.cards.channel import Channel
from kartenwart.cards.link import heard
from kartenwart.cards.refusal import garbled
from kartenwart.codecs import tlv
from kartenwart.codecs.apdu import EXTENDED_ANSWER, SHORT_ANSWER, Command, Response, read_command
from kartenwart.codecs.malformed import MalformedError

_SECURED = 0x0C
_PLAIN, _CIPHER, _LE, _WORD, _MAC = 0x81, 0x87, 0x97, 0x99, 0x8E
_PADDED_CONTENT = b"\x01"
_BLOCK = 16
MAC_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKeys:
    """The keys of one secured channel, 16 bytes each."""

    encryption: bytes = field(repr=False)
    authentication: bytes = field(repr=False)


class SecureMessaging:
    """Encrypts and authenticates commands, and takes no answer that is not authentic.

    After the first one that is not, nothing is sent any more: the channel is broken for good.
    """

    def __init__(self, channel: Channel, keys: SessionKeys) -> None:
        self._channel = channel
        self._keys = keys
        self._counter = 0
        self._broken = False

    def transmit(self, command: bytes) -> bytes:
        """Send one plain command secured and return its plain answer; WorldError CARD_FAULT when broken."""
        if self._broken:
            raise garbled(sent=False)
        self._broken = True  # whatever interrupts the exchange has parted the two counters
        secured = self._secure(read_command(command))
        answer = heard(self._channel.transmit(secured.encode()))
        try:
            plain = self._open(answer)
        except (MalformedError, ValueError):
            raise garbled() from None
        self._broken = False
        return plain.encode()

    def _secure(self, command: Command) -> Command:
        self._counter += 1
        cla = command.cla | _SECURED
        header = bytes((cla, command.ins, command.p1, command.p2))
        objects = b""
        if command.data:
            objects += tlv.encode(_CIPHER, _PADDED_CONTENT + self._encrypt(pad(command.data)))
        if command.expected:
            le = (command.expected % EXTENDED_ANSWER).to_bytes(2, "big")
            short = command.expected <= SHORT_ANSWER and not command.is_extended
            objects += tlv.encode(_LE, bytes([command.expected % SHORT_ANSWER]) if short else le)
        mac = self._mac(pad(header) + (pad(objects) if objects else b""))
        return Command(
            cla=cla,
            ins=command.ins,
            p1=command.p1,
            p2=command.p2,
            data=objects + tlv.encode(_MAC, mac),
            expected=EXTENDED_ANSWER if command.is_extended else SHORT_ANSWER,
        )

    def _open(self, answer: Response) -> Response:
        self._counter += 1
        objects = tlv.read_all(answer.data)
        mac, word = tlv.find(objects, _MAC), tlv.find(objects, _WORD)
        if mac is None or word is None or objects[-1].tag != _MAC or len(word) != 2:
            raise MalformedError("an answer that is not secured")
        signed = answer.data[: -len(objects[-1].encode())]
        if not hmac.compare_digest(mac, self._mac(pad(signed))) or int.from_bytes(word, "big") != answer.word:
            raise MalformedError("an answer that is not authentic")
        plain, cipher = tlv.find(objects, _PLAIN), tlv.find(objects, _CIPHER)
        if cipher is None:
            return Response(data=plain or b"", word=answer.word)
        if plain is not None or not cipher.startswith(_PADDED_CONTENT):
            raise MalformedError("an answer that is secured in another way")
        return Response(data=unpad(self._decrypt(cipher[1:])), word=answer.word)

    def _mac(self, data: bytes) -> bytes:
        return mac_of(self._keys.authentication, self._counter.to_bytes(_BLOCK, "big") + data)

    def _encrypt(self, data: bytes) -> bytes:
        encryptor = self._cipher().encryptor()
        return encryptor.update(data) + encryptor.finalize()

    def _decrypt(self, data: bytes) -> bytes:
        decryptor = self._cipher().decryptor()
        return decryptor.update(data) + decryptor.finalize()

    def _cipher(self) -> Cipher[modes.CBC]:
        """Return the cipher of this message: its IV is the encrypted counter."""
        return Cipher(
            AES128(self._keys.encryption),
            modes.CBC(encrypt_block(self._keys.encryption, self._counter.to_bytes(_BLOCK, "big"))),
        )


def pad(data: bytes) -> bytes:
    """Fill up to whole blocks (ISO/IEC 9797-1, method 2)."""
    return data + b"\x80" + b"\0" * (-(len(data) + 1) % _BLOCK)


def unpad(data: bytes) -> bytes:
    """Take the padding off; MalformedError where there is none."""
    bare = data.rstrip(b"\0")
    if not bare.endswith(b"\x80"):
        raise MalformedError("an answer without padding")
    return bare[:-1]


def mac_of(key: bytes, data: bytes) -> bytes:
    """Return the AES-CMAC, cut to eight bytes."""
    mac = CMAC(AES128(key))
    mac.update(data)
    return mac.finalize()[:MAC_BYTES]


def encrypt_block(key: bytes, block: bytes) -> bytes:
    """Encrypt one block alone."""
    encryptor = Cipher(AES128(key), modes.CBC(bytes(_BLOCK))).encryptor()
    return encryptor.update(block) + encryptor.finalize()
