"""What can be wrong with a link."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, get_args

LinkFaultKind = Literal["latency", "drip", "cut", "half_open", "garble"]
Direction = Literal["up", "down", "both"]


class LinkFaultError(ValueError):
    """A fault that no link can have; the text says what is possible."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkFault:
    """One fault of a link.

    `latency` lets everything arrive `seconds` later; `drip` waits `seconds` before each `bytes`; `cut` ends the
    connection; `half_open` lets nothing through any more and tells nobody, not even that a side has left (what it has
    swallowed stays lost when the link heals; to the kernels the connection is alive); `garble` flips a bit in each TLS
    record of application data (on a link without TLS: in each piece). `direction` is `up` (from who connected), `down`
    or `both`. The first `after` bytes of each connection and direction pass unharmed: about 5,000 are a TLS handshake.
    """

    kind: LinkFaultKind
    direction: Direction = "both"
    after: int = 0
    seconds: float = 0.1
    bytes: int = 1

    def hits(self, direction: Direction) -> bool:
        """True when bytes of this direction suffer."""
        return self.direction in ("both", direction)


def read_link_fault(document: dict[str, Any]) -> LinkFault:
    """A fault from JSON or TOML. Raises `LinkFaultError`."""
    names = [field.name for field in dataclasses.fields(LinkFault)]
    if unknown := sorted(set(document) - set(names)):
        raise LinkFaultError(f"unknown key {', '.join(unknown)}; known are {', '.join(names)}")
    if document.get("kind") not in get_args(LinkFaultKind):
        raise LinkFaultError(f'"kind" is one of {", ".join(get_args(LinkFaultKind))}')
    if document.get("direction", "both") not in get_args(Direction):
        raise LinkFaultError(f'"direction" is one of {", ".join(get_args(Direction))}')
    for name, least in (("after", 0), ("seconds", 0), ("bytes", 1)):
        value = document.get(name, least)
        if isinstance(value, bool) or not isinstance(value, int | float if name == "seconds" else int) or value < least:
            raise LinkFaultError(f'"{name}" is a number from {least}')
    return LinkFault(**document)
