import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.transport.messages import Answer, read_answer
from kartenwart.transport.troubles import AnswerError, CutError, TransportError

LIMIT = 1000


def read(data: bytes, limit: int = LIMIT) -> Answer:
    async def reading() -> Answer:
        reader = asyncio.StreamReader(limit=64 * 1024)
        reader.feed_data(data)
        reader.feed_eof()
        return await read_answer(reader, limit)

    return asyncio.run(reading())


def chunked(body: bytes, sizes: list[int]) -> bytes:
    out, rest = b"", body
    for size in sizes:
        piece, rest = rest[:size], rest[size:]
        if piece:
            out += f"{len(piece):X};ext=1\r\n".encode() + piece + b"\r\n"
    if rest:
        out += f"{len(rest):x}\r\n".encode() + rest + b"\r\n"
    return out + b"0\r\nTrailer: x\r\n\r\n"


@given(st.binary(max_size=LIMIT), st.lists(st.integers(1, 100), max_size=20))
def test_bodies_come_back_however_they_are_framed(body: bytes, sizes: list[int]) -> None:
    plain = read(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body + b"HTTP/1.1 ")
    assert (plain.body, plain.keep_alive) == (body, True)
    pieces = read(b"HTTP/1.1 500 \r\ntransfer-encoding: Chunked\r\n\r\n" + chunked(body, sizes))
    assert (pieces.status, pieces.body, pieces.keep_alive) == (500, body, True)
    to_the_end = read(b"HTTP/1.1 200 OK\r\n\r\n" + body)
    assert (to_the_end.body, to_the_end.keep_alive) == (body, False)


@given(st.integers(0, 200))
def test_a_cut_answer_says_whether_a_byte_came(length: int) -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + b"x" * 20
    if length >= len(whole):
        return
    with pytest.raises(CutError) as cut:
        read(whole[:length])
    assert cut.value.answered is (length > 0)
    assert cut.value.written


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_a_typed_error(data: bytes) -> None:
    for prefix in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        try:
            read(prefix + data, 100)
        except TransportError:
            continue


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nBroken header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"x" * 5000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
        b"HTTP/1.1 102 Processing\r\n\r\n" * 6,
        b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3E9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n",
    ],
)
def test_doubtful_or_oversized_answers_are_refused(answer: bytes) -> None:
    with pytest.raises(AnswerError):
        read(answer)


def test_interim_answers_are_passed_over_and_closing_is_seen() -> None:
    answer = read(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nDate: now\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n"
    )
    assert (answer.status, answer.headers["date"], answer.keep_alive) == (200, "now", False)
    assert read(b"HTTP/1.1 204 No Content\r\n\r\n").keep_alive
    assert not read(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").keep_alive
