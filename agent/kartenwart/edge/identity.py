"""The server's identity in TLS, as rpc and door need it."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerIdentity:
    """Certificate chain (leaf first, without the root), its key, and the site's root: all PEM."""

    chain_pem: bytes
    key_pem: bytes = field(repr=False)
    root_pem: bytes


# Asked at each handshake, so that a new certificate needs no restart. gRPC asks from a thread of its own: must be
# quick, must not block, and must give a whole value.
CurrentIdentity = Callable[[], ServerIdentity]
