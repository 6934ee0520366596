"""HTTP/1.1 answers read from a stream, with a cap on every part; strict, since a lenient reader can be fooled."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from kartenwart.transport.troubles import AnswerError, CutError

HEAD_LIMIT = 32 * 1024
_INTERIM_ANSWERS = 5
_CHUNK_LINE = 1024

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n\0]*)?")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer; header names in lower case. `keep_alive`: the connection may carry another request."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    keep_alive: bool


async def read_answer(reader: asyncio.StreamReader, limit: int) -> Answer:
    """Return the next answer with a body of at most `limit` bytes; interim answers (1xx) are passed over.

    Raises CutError (`answered` tells whether a byte came) or AnswerError; OSError passes through.
    """
    for _ in range(_INTERIM_ANSWERS):
        minor, status, headers = _read_head(await _head(reader))
        if status >= 200:
            break
    else:
        raise AnswerError("only interim answers", written=True, answered=True)
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise AnswerError("an encoded answer, which was not asked for", written=True, answered=True)
    try:
        body, bounded = await _body(reader, status, headers, limit)
    except asyncio.IncompleteReadError:
        raise CutError("the connection ended within the answer", written=True, answered=True) from None
    closing = "close" in headers.get("connection", "").lower() or minor == 0
    return Answer(status=status, headers=headers, body=body, keep_alive=bounded and not closing)


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        raise CutError("the connection ended without an answer", written=True, answered=bool(error.partial)) from None
    except asyncio.LimitOverrunError:
        raise AnswerError("no head of an HTTP answer", written=True, answered=True) from None
    if len(head) > HEAD_LIMIT:
        raise AnswerError("the head of the answer is too long", written=True, answered=True)
    return head


def _read_head(head: bytes) -> tuple[int, int, Mapping[str, str]]:
    """Return minor version, status and headers; a header that comes twice counts as its values with a comma."""
    first, *lines = head[:-4].split(b"\r\n")
    status = _STATUS_LINE.fullmatch(first)
    fields = [_HEADER.fullmatch(line) for line in lines]
    if status is None:
        raise AnswerError("no HTTP/1.1 answer", written=True, answered=True)
    headers: dict[str, str] = {}
    for found in fields:
        if found is None:
            raise AnswerError("a malformed header", written=True, answered=True)
        name, value = found[1].decode("ascii").lower(), found[2].decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return int(status[1]), int(status[2]), headers


async def _body(
    reader: asyncio.StreamReader, status: int, headers: Mapping[str, str], limit: int
) -> tuple[bytes, bool]:
    """Return the body and whether its end was marked (else the connection's end is the body's)."""
    if status in (204, 304):
        return b"", True
    if "transfer-encoding" in headers:
        if headers["transfer-encoding"].lower() != "chunked" or "content-length" in headers:
            raise AnswerError("an answer of doubtful length", written=True, answered=True)
        return await _chunked(reader, limit), True
    if "content-length" in headers:
        length = _length(headers["content-length"], 10)
        return await reader.readexactly(_capped(length, limit)), True
    body = bytearray()
    while piece := await reader.read(64 * 1024):
        body += piece
        _capped(len(body), limit)
    return bytes(body), False


async def _chunked(reader: asyncio.StreamReader, limit: int) -> bytes:
    body = bytearray()
    while size := _length((await _line(reader)).split(";", 1)[0].strip(), 16):
        _capped(len(body) + size, limit)
        body += await reader.readexactly(size)
        if await reader.readexactly(2) != b"\r\n":
            raise AnswerError("a malformed chunk", written=True, answered=True)
    trailer = 0
    while line := await _line(reader):
        trailer = _capped(trailer + len(line), HEAD_LIMIT)
    return bytes(body)


async def _line(reader: asyncio.StreamReader) -> str:
    try:
        line = await reader.readuntil(b"\r\n")
    except asyncio.LimitOverrunError:
        line = b" " * (_CHUNK_LINE + 1)
    if len(line) > _CHUNK_LINE:
        raise AnswerError("a line that is too long", written=True, answered=True)
    return line[:-2].decode("latin-1")


def _length(digits: str, base: int) -> int:
    allowed = "0123456789" if base == 10 else "0123456789abcdefABCDEF"
    if not digits or len(digits) > 12 or not set(digits) <= set(allowed):
        raise AnswerError("a length that is no number", written=True, answered=True)
    return int(digits, base)


def _capped(length: int, limit: int) -> int:
    if length > limit:
        raise AnswerError(f"an answer of more than {limit} bytes", written=True, answered=True)
    return length
