"""The box's JSON door as a Wire: POST /<service>/<Method>, Connect-style errors, streams as lines of JSON."""

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from google.protobuf import json_format
from google.protobuf.message import Message

from kartenwart.client.failures import BoxUnreachable, BoxUntrusted, CallFailed, Failure, from_connect_error
from kartenwart.client.wire import CALL_SECONDS, Reply, method_path

_JSON = "application/json"
_LINES = "application/x-ndjson"
_LONGEST_LINE_BYTES = 4 * 1024 * 1024


class JsonWire:
    """Calls by JSON over HTTP/1.1 in a session of aiohttp; each call is sent once."""

    def __init__(self, session: aiohttp.ClientSession, base: str, place: str) -> None:
        self._session = session
        self._base = base
        self._place = place

    async def call(self, request: Message, reply: type[Reply], timeout: float = CALL_SECONDS) -> Reply:
        """Send one message and return the answer."""
        limit = aiohttp.ClientTimeout(total=timeout)
        async with self._sent(request, limit, {"Connect-Timeout-Ms": str(int(timeout * 1000))}) as response:
            return _parsed(await response.text(), reply)

    async def stream(self, request: Message, reply: type[Reply]) -> AsyncIterator[Reply]:
        """Open a stream; every line is {"result": message}, or {"error": ...}, which ends it."""
        limit = aiohttp.ClientTimeout(total=None, sock_connect=CALL_SECONDS)
        async with self._sent(request, limit, {"Accept": _LINES}) as response:
            async for line in response.content:
                if line.strip():
                    yield _from_line(line, reply)

    @asynccontextmanager
    async def _sent(
        self, request: Message, limit: aiohttp.ClientTimeout, headers: dict[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        url = f"{self._base}/{method_path(type(request))}"
        body = json_format.MessageToJson(request, indent=None)
        try:
            async with self._session.post(
                url, data=body, headers={"Content-Type": _JSON, **headers}, timeout=limit
            ) as response:
                if response.status != 200:
                    raise _refusal(response.status, await response.text())
                yield response
        except aiohttp.ClientConnectorCertificateError as error:
            raise BoxUntrusted(f"{self._place} shows another certificate than before") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise BoxUnreachable(f"{self._place} does not answer ({str(error) or type(error).__name__})") from error


def _parsed(text: str, reply: type[Reply]) -> Reply:
    try:
        return _message(json.loads(text), reply)
    except ValueError as error:
        raise _unreadable(error) from error


def _from_line(line: bytes, reply: type[Reply]) -> Reply:
    try:
        document = json.loads(line)
        if isinstance(document, dict) and "error" in document:
            raise from_connect_error(document["error"])
        return _message(document["result"], reply)
    except (ValueError, TypeError, KeyError) as error:
        raise _unreadable(error) from error


def _message(document: Any, reply: type[Reply]) -> Reply:
    if not isinstance(document, dict):
        raise ValueError("no JSON object")
    try:
        return json_format.ParseDict(document, reply(), ignore_unknown_fields=True)
    except json_format.ParseError as error:
        raise ValueError(str(error)) from error


def _unreadable(error: Exception) -> CallFailed:
    return CallFailed(Failure(reason="ANSWER_INVALID"), code="UNKNOWN", message=f"the answer cannot be read: {error}")


def _refusal(status: int, text: str) -> CallFailed:
    try:
        document: Any = json.loads(text)
    except ValueError:
        document = None
    if isinstance(document, dict) and "code" in document:
        return from_connect_error(document)
    return CallFailed(Failure(reason=f"HTTP_{status}"), message=f"the box answered with HTTP status {status}")


@asynccontextmanager
async def unix_wire(socket: Path) -> AsyncIterator[JsonWire]:
    """The local door of this machine's box: the UNIX socket's group and the kernel say who calls."""
    connector = aiohttp.UnixConnector(path=str(socket))
    async with aiohttp.ClientSession(connector=connector, read_bufsize=_LONGEST_LINE_BYTES) as session:
        yield JsonWire(session, "http://kartenwart", str(socket))


@asynccontextmanager
async def https_wire(host: str, port: int, trust: ssl.SSLContext) -> AsyncIterator[JsonWire]:
    """A door by HTTPS, with whatever trust (and client certificate) the context carries."""
    connector = aiohttp.TCPConnector(ssl=trust)
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    async with aiohttp.ClientSession(connector=connector, read_bufsize=_LONGEST_LINE_BYTES) as session:
        yield JsonWire(session, f"https://{where}", where)
