"""HTTP/1.1 on one connection that never resends: no redirects, no retries, caps on everything that is read.

A request that costs a PIN try or a signature must be sent at most once; a client library that quietly repeats a request
on a closed keep-alive connection, or follows a redirect, cannot promise that. This one can, and is used for all calls.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from kartenwart.transport.endpoint import Endpoint
from kartenwart.transport.messages import Answer, read_answer
from kartenwart.transport.troubles import (
    AnswerError,
    CutError,
    RefusedError,
    SilentError,
    TransportError,
    UnreachableError,
    UntrustedError,
)
from kartenwart.transport.trust import TlsClient

_CLOSE_SECONDS = 1.0
_BUFFER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request; Host, Content-Length and Accept-Encoding are added."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    def head(self, authority: str) -> bytes:
        """Return request line and headers; ValueError where a value would break out of its line."""
        headers = {
            "Host": authority,
            "Accept-Encoding": "identity",
            **({"Content-Length": str(len(self.body))} if self.method == "POST" else {}),
            **self.headers,
        }
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        if any(sign in line for line in lines for sign in "\r\n\0"):
            raise ValueError("a header with a line break")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Connection:
    """A connection that stands and whose peer is trusted; made by `connect`, closed by its owner."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, endpoint: Endpoint, tls: TlsClient | None
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._endpoint = endpoint
        self._tls = tls
        self.reusable = True

    @property
    def ended(self) -> bool:
        """True where the peer has closed already: nothing sent now would be read."""
        return self._reader.at_eof() or self._reader.exception() is not None or self._writer.is_closing()

    async def exchange(self, request: Request, *, seconds: float, limit: int) -> Answer:
        """Send the request, once, and return the answer with a body of at most `limit` bytes.

        Raises RefusedError, SilentError, CutError or AnswerError; `written` False where nothing was sent.
        """
        self.reusable = False
        head = request.head(self._endpoint.authority)
        if self.ended:
            raise self._ended_before()
        try:
            async with asyncio.timeout(seconds):
                self._writer.write(head + request.body)
                await self._writer.drain()
                answer = await read_answer(self._reader, limit)
        except TimeoutError:
            raise SilentError("no complete answer in time", written=True) from None
        except OSError as error:
            raise _ended(error, self._tls) from None
        self.reusable = answer.keep_alive
        return answer

    def _ended_before(self) -> TransportError:
        error = self._reader.exception()
        if isinstance(error, ssl.SSLError) and _refuses_us(error, self._tls):
            return RefusedError("the peer refuses our certificate")
        return CutError("the connection had ended before the request")

    async def close(self) -> None:
        """Close; at most a second is spent on manners."""
        self._writer.close()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._writer.wait_closed()
        except OSError:
            return  # lost already; Debian 12's Python cannot abort a TLS transport that was closed twice
        except TimeoutError:
            self._writer.transport.abort()


async def connect(endpoint: Endpoint, tls: TlsClient | None, *, seconds: float) -> Connection:
    """Connect, shake hands and judge the peer, before a byte of any request.

    `tls` is None exactly for http. Raises UnreachableError, UntrustedError or RefusedError.
    """
    if endpoint.tls != (tls is not None):
        raise ValueError("https needs a TLS client, http has none")
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(
                endpoint.host,
                endpoint.port,
                limit=_BUFFER_BYTES,
                ssl=tls.context if tls else None,
                server_hostname=tls.server_name(endpoint.host) if tls else None,
            )
    except TimeoutError:
        raise UnreachableError("no connection in time") from None
    except OSError as error:
        raise _not_connected(error, tls) from None
    connection = Connection(reader, writer, endpoint, tls)
    if tls is not None:
        try:
            tls.check(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
        except UntrustedError:
            await connection.close()
            raise
    return connection


def _not_connected(error: OSError, tls: TlsClient | None) -> TransportError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return UntrustedError("the peer's certificate does not verify")
    if isinstance(error, ssl.SSLError) and _refuses_us(error, tls):
        return RefusedError("the peer refuses the handshake for our certificate")
    return UnreachableError("no connection")


def _ended(error: OSError, tls: TlsClient | None) -> TransportError:
    if isinstance(error, ssl.SSLError) and _refuses_us(error, tls):
        # Under TLS 1.3 the refusal comes after our side of the handshake: the request was not read.
        return RefusedError("the peer refuses our certificate")
    if isinstance(error, ssl.SSLError) and "BAD_RECORD_MAC" in (error.reason or "") and "ALERT" not in error.reason:
        # The peer did answer, and the line spoilt it.
        return AnswerError("what came was changed on its way", written=True)
    return CutError("the connection broke", written=True)


_ALERTS = (
    "CERTIFICATE_REQUIRED",
    "BAD_CERTIFICATE",
    "UNSUPPORTED_CERTIFICATE",
    "CERTIFICATE_REVOKED",
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_UNKNOWN",
    "UNKNOWN_CA",
    "ACCESS_DENIED",
)


def _refuses_us(error: ssl.SSLError, tls: TlsClient | None) -> bool:
    """Tell whether a TLS alert is about our certificate; a plain handshake failure is where we have none to show."""
    reason = error.reason or ""
    if "ALERT" not in reason:
        return False
    without = tls is not None and not tls.has_certificate
    return reason.endswith(_ALERTS) or (without and reason.endswith("HANDSHAKE_FAILURE"))
