"""Looks at the certificates that a server presents, before anything is trusted.

Python gives the whole chain only from 3.13 on; in 3.11 and 3.12 the same bytes are read from the object below.
"""

import asyncio
import ssl
from typing import Any

from kartenwart.client import keys
from kartenwart.client.failures import BoxUnreachable, BoxUntrusted
from kartenwart.client.profile import Address

HANDSHAKE_SECONDS = 10.0


async def presented_chain(host: str, port: int) -> tuple[bytes, ...]:
    """Return the certificates (DER, leaf first) that the server presents; raises BoxUnreachable."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # looking is the purpose; trust comes from comparing the code
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except (OSError, TimeoutError) as error:
        raise BoxUnreachable(f"nobody answers at {host}:{port} ({str(error) or 'no answer in time'})") from error
    try:
        return _chain(writer.get_extra_info("ssl_object"))
    finally:
        writer.transport.abort()


async def presented_root(address: Address) -> tuple[bytes, bytes]:
    """Return leaf and root (DER) of the enrolment port: the root is the last of the chain and has signed the rest."""
    chain = await presented_chain(address.host, address.enrol_port)
    if len(chain) < 2 or not all(keys.is_signed_by(*pair) for pair in zip(chain, (*chain[1:], chain[-1]), strict=True)):
        raise BoxUntrusted(
            f"what answers at {address.host}:{address.enrol_port} presents no chain to a root of its own"
        )
    return chain[0], chain[-1]


def pinned(root: bytes) -> ssl.SSLContext:
    """Return a context that accepts only certificates of this root (DER); names are checked by what is enrolled."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.load_verify_locations(cadata=root)
    return context


def _chain(tls: Any) -> tuple[bytes, ...]:
    if hasattr(tls, "get_unverified_chain"):
        return tuple(tls.get_unverified_chain() or ())
    below = tls._sslobj.get_unverified_chain() or ()  # noqa: SLF001  # see the module's sentence
    der = 2  # _ssl.ENCODING_DER
    return tuple(certificate.public_bytes(der) for certificate in below)
