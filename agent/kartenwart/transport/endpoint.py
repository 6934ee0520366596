"""Where to connect: an http or https address, checked once."""

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An address taken apart; `path` begins with / and holds the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Return host and port as the Host header wants them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def tls(self) -> bool:
        """True for https."""
        return self.scheme == "https"

    def at(self, other: "Endpoint") -> "Endpoint":
        """Return this path at another address: for services whose advertised address cannot be reached."""
        return replace(other, path=self.path)


def parse_endpoint(url: str) -> Endpoint:
    """Return the endpoint of an http or https URL; ValueError for anything that could smuggle or surprise."""
    if not url.isascii() or any(sign <= " " or sign == "\x7f" for sign in url):
        raise ValueError("an address holds only printable ASCII without spaces")
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None or parts.fragment:
        raise ValueError("an address is http(s)://host[:port][/path], without user and fragment")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    port = parts.port if parts.port is not None else _PORTS[parts.scheme]
    return Endpoint(scheme=parts.scheme, host=parts.hostname, port=port, path=path)
