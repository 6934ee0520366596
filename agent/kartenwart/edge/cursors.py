"""Cursors and page tokens: opaque to callers, base64url of what the box needs to go on.

A cursor is bound to (kind, box, boot): one of another box, of before a restart, or made up is foreign, which is no
error: the caller is answered at once and told of a gap. A cursor gives no rights, so it is not signed. A page token
that cannot be read is the caller's mistake.
"""

import base64
import binascii
from dataclasses import dataclass

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Reason, Violation

LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursors:
    """Cursors of one kind ("i" inventory, "e" events) in this process of this box."""

    kind: str
    box: str
    boot: str

    def encode(self, number: int) -> str:
        """Return the cursor of a version or event number."""
        return _pack(f"{self.kind}\n{self.box}\n{self.boot}\n{number}")

    def decode(self, cursor: str, newest: int) -> int | None:
        """Return the number of a cursor that this process gave out; None for a foreign one. Never raises."""
        parts = (_unpack(cursor) or "").split("\n")
        if len(parts) != 4 or parts[:3] != [self.kind, self.box, self.boot]:
            return None
        number = _number(parts[3])
        return number if number is not None and number <= newest else None


def page_token(after: str | int) -> str:
    """Return the token of the page behind the item `after` (a resource name or number); empty where there is none."""
    return _pack(f"p\n{after}") if after else ""


def page_name(token: str) -> str:
    """Return the resource name in a page token, "" for the first page; CallerError where it cannot be read."""
    if not token:
        return ""
    kind, _, name = (_unpack(token) or "").partition("\n")
    if kind != "p" or not name:
        raise _unreadable()
    return name


def page_number(token: str) -> int:
    """Return the number in a page token, 0 for the first page; CallerError where it cannot be read."""
    name = page_name(token)
    number = _number(name) if name else 0
    if number is None:
        raise _unreadable()
    return number


def _unreadable() -> CallerError:
    words = "Dieses page_token stammt nicht von dieser Liste."
    return CallerError(failure(Reason.INVALID_ARGUMENT), (Violation(field="page_token", description=words),))


def _number(text: str) -> int | None:
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        return None
    number = int(text)
    return number if number <= LARGEST else None


def _pack(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _unpack(text: str) -> str | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
