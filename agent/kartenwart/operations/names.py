"""Resource names: keyed hashes that survive a restart and say nothing, and random names for what is made here."""

import hashlib
import hmac
import secrets
from base64 import b32encode

from kartenwart.domain.inventory import CardType

NAME_CHARACTERS = 16


def fresh_name(collection: str, prefix: str) -> str:
    """Return a new random name (80 bits), e.g. "jobs/j-4k2m…"."""
    return f"{collection}/{prefix}-{_letters(secrets.token_bytes(10))}"


class ResourceNames:
    """Names of cards, terminals and readers: HMAC-SHA256 with the box's secret over what identifies them for good."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 16:
            raise ValueError("the secret of resource names needs at least 16 bytes")
        self._secret = secret

    def card(self, *, konnektor: str, handle: str, card_type: CardType, iccsn: str) -> str:
        """Return "cards/c-…": of the ICCSN for SMC-B and HBA, of back-end and handle for all others."""
        lasting = (card_type.is_practice or card_type.is_person) and iccsn
        fields = ("iccsn", iccsn) if lasting else ("handle", konnektor, handle)
        return f"cards/c-{self._hashed('card', *fields)}"

    def terminal(self, *, konnektor: str, ct_id: str, mac_address: str) -> str:
        """Return "terminals/t-…": of the MAC address, or of Konnektor and CtId where it has none (virtual ones)."""
        mac = "".join(character for character in mac_address.lower() if character in "0123456789abcdef")
        real = len(mac) == 12 and mac != "0" * 12
        fields = ("mac", mac) if real else ("ct", konnektor, ct_id)
        return f"terminals/t-{self._hashed('terminal', *fields)}"

    def reader(self, *, port: str = "", number: int = 0, label: str = "") -> str:
        """Return "readers/r-…": of the USB port and which of a device's slots it is, else of pcscd's label."""
        fields = ("label", label) if label else ("usb", port, str(number))
        return f"readers/r-{self._hashed('reader', *fields)}"

    def iccsn(self, iccsn: str) -> str:
        """Return what tells one card's ICCSN from another's, and nothing else; "" for none."""
        return self._hashed("sealed-iccsn", iccsn) if iccsn else ""

    def seal(self, *fields: str) -> str:
        """Return a keyed hash of facts that are to be recognised, and not to be read."""
        return self._hashed("sealed", *fields)

    def _hashed(self, *fields: str) -> str:
        message = b"".join(len(raw).to_bytes(4, "big") + raw for raw in (field.encode() for field in fields))
        return _letters(hmac.new(self._secret, message, hashlib.sha256).digest()[:10])


def _letters(raw: bytes) -> str:
    return b32encode(raw).decode().lower()[:NAME_CHARACTERS]
