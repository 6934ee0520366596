"""TLS for the doors: 1.2 and up, and a new identity without a restart."""

import os
import ssl

from kartenwart.edge.identity import CurrentIdentity, ServerIdentity


class LiveContext:
    """An SSL context whose handshakes always show the current identity.

    `clients`: require a client certificate of the site. `with_root`: send the root too, for those who lack it.
    """

    def __init__(self, identity: CurrentIdentity, *, clients: bool, with_root: bool) -> None:
        self._identity = identity
        self._clients = clients
        self._with_root = with_root
        self._shown = identity()
        self._current = self._made(self._shown)
        self.context = self._made(self._shown)
        self.context.sni_callback = self._on_hello

    def _on_hello(self, handshake: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """Called by OpenSSL for each handshake, with a server name or without."""
        identity = self._identity()
        if identity != self._shown:
            self._current = self._made(identity)
            self._shown = identity
        handshake.context = self._current

    def _made(self, identity: ServerIdentity) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # Every handshake proves the key anew: a resumed session would skip the client's certificate.
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
        context.num_tickets = 0
        context.set_alpn_protocols(["http/1.1"])
        _load(context, identity.key_pem + b"\n" + self._chain(identity))
        if self._clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=identity.root_pem.decode())
        return context

    def _chain(self, identity: ServerIdentity) -> bytes:
        if not self._with_root or identity.root_pem.strip() in identity.chain_pem:
            return identity.chain_pem
        return identity.chain_pem + b"\n" + identity.root_pem


def _load(context: ssl.SSLContext, pem: bytes) -> None:
    """Load key and chain; `ssl` reads files only, so they pass through one that exists in memory alone."""
    descriptor = os.memfd_create("identity", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(pem)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
