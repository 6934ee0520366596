from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.codecs.cetp import FrameDecoder
from kartenwart.codecs.malformed import MalformedError, OversizedError
from tests.unit.codecs.frames import encode_frame

payloads = st.lists(st.binary(min_size=1, max_size=300), max_size=5)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(places)]


@given(payloads, st.lists(st.integers(0, 4000), max_size=20))
def test_any_frames_split_anywhere_come_back(sent: list[bytes], cuts: list[int]) -> None:
    decoder = FrameDecoder(300)
    received = [
        payload
        for piece in pieces(b"".join(encode_frame(each) for each in sent), cuts)
        for payload in decoder.feed(piece)
    ]
    assert received == sent
    assert decoder.between_frames


@given(st.binary(min_size=1, max_size=300), st.integers(0, 307))
def test_a_truncated_frame_gives_nothing_and_is_known_to_be_open(payload: bytes, length: int) -> None:
    frame = encode_frame(payload)[:length]
    decoder = FrameDecoder(300)
    complete = length >= len(payload) + 8
    assert list(decoder.feed(frame)) == ([payload] if complete else [])
    assert decoder.between_frames is (complete or not frame)


@given(st.binary(max_size=200))
def test_any_bytes_give_payloads_or_a_typed_error(data: bytes) -> None:
    decoder = FrameDecoder(64)
    try:
        given_back = list(decoder.feed(data))
    except MalformedError:
        assert not decoder.between_frames
    else:
        assert all(encode_frame(each) in data for each in given_back)


@pytest.mark.parametrize("start", [b"X", b"CETX", b"cetp", b"HTTP/1.1 "])
def test_foreign_bytes_are_refused_at_once(start: bytes) -> None:
    with pytest.raises(MalformedError):
        list(FrameDecoder().feed(start))


def test_length_is_judged_before_the_payload_comes() -> None:
    with pytest.raises(OversizedError):
        list(FrameDecoder(100).feed(b"CETP\x00\x00\x00\x65"))
    assert list(FrameDecoder(100).feed(b"CETP\x00\x00\x00\x64" + b"x" * 100)) == [b"x" * 100]
    with pytest.raises(MalformedError):
        list(FrameDecoder().feed(b"CETP\x00\x00\x00\x00"))


def test_frames_in_front_of_an_error_are_given_and_nothing_after_it() -> None:
    decoder = FrameDecoder()
    coming = decoder.feed(encode_frame(b"one") + b"rubbish" + encode_frame(b"two"))
    assert next(coming) == b"one"
    with pytest.raises(MalformedError):
        next(coming)
    with pytest.raises(MalformedError):
        list(decoder.feed(encode_frame(b"three")))


def test_limits_are_bounded() -> None:
    for limit in (0, -1, 1024 * 1024 + 1):
        with pytest.raises(ValueError, match="limit"):
            FrameDecoder(limit)
