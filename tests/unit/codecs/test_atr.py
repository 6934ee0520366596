from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.codecs.atr import Atr, Capabilities, read_atr, read_capabilities
from kartenwart.codecs.malformed import MalformedError

BOTH = Capabilities(chaining=True, extended=True)


def atr(historical: bytes, protocols: tuple[int, ...] = (1,), start: int = 0x3B) -> bytes:
    """With TA and TC in front of every TD, and the check byte where one belongs."""
    body = bytearray([0xD0 | len(historical) if protocols else len(historical)])
    for number, protocol in enumerate(protocols):
        more = 0xD0 if number + 1 < len(protocols) else 0x00
        body += bytes((0x18, 0xFF, more | protocol))
    body += historical
    return bytes([start]) + bytes(body) + (bytes([reduce(xor, body)]) if any(protocols) else b"")


@given(
    st.binary(max_size=15),
    st.lists(st.sampled_from((0, 1, 2, 14, 15)), max_size=4).map(tuple),
    st.sampled_from((0x3B, 0x3F)),
)
def test_an_answer_to_reset_comes_back(historical: bytes, protocols: tuple[int, ...], start: int) -> None:
    named = tuple(dict.fromkeys(each for each in protocols if each != 15))
    found = read_atr(atr(historical, protocols, start))
    assert found == Atr(protocols=named or (0,), historical=historical, inverse=start == 0x3F)


@given(st.binary(max_size=15), st.data())
def test_a_byte_less_more_or_other_is_refused(historical: bytes, draw: st.DataObject) -> None:
    good = atr(historical)
    with pytest.raises(MalformedError):
        read_atr(good[: draw.draw(st.integers(0, len(good) - 1))])
    with pytest.raises(MalformedError):
        read_atr(good + b"\0")
    place = draw.draw(st.integers(5, len(good) - 1))
    with pytest.raises(MalformedError):
        read_atr(good[:place] + bytes([good[place] ^ draw.draw(st.integers(1, 255))]) + good[place + 1 :])


@given(st.binary(max_size=40))
def test_any_bytes_are_an_answer_to_reset_or_a_typed_error(raw: bytes) -> None:
    try:
        found = read_atr(raw)
    except MalformedError:
        return
    assert found.historical in raw
    assert isinstance(found.capabilities, Capabilities)


@pytest.mark.parametrize(
    ("historical", "capabilities"),
    [
        ("8066054B5753494D739621C0", BOTH),
        ("8073968180", Capabilities(chaining=True)),
        ("8073968140", Capabilities(extended=True)),
        ("00739681C0059000", BOTH),
        ("007396810005C000", Capabilities()),
        ("80739681", Capabilities()),
        ("8072968100", Capabilities()),
        ("10739681C0", Capabilities()),
        ("", Capabilities()),
    ],
)
def test_capabilities_are_granted_only_where_they_are_said(historical: str, capabilities: Capabilities) -> None:
    assert read_capabilities(bytes.fromhex(historical)) == capabilities
