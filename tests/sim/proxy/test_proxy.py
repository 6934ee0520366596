"""A link through the proxy: whole where it is sound, and each fault as it is described."""

import asyncio
import ssl
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.proxy import LinkFault, LinkFaultError, Proxy, read_link_fault
from firmware_sim.proxy.garbling import Garbler

Address = tuple[str, int]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
TEXT = b"Praxis am Markt, Sprechzimmer. " * 100


async def exchanged(streams: Streams, data: bytes = TEXT, within: float = 5.0) -> bytes:
    """Send and return what comes back, as many bytes as were sent or until the end."""
    reader, writer = streams
    writer.write(data)
    received = b""
    async with asyncio.timeout(within):
        while len(received) < len(data) and (more := await reader.read(65536)):
            received += more
    return received


async def connected(proxy: Proxy, tls: ssl.SSLContext | None = None) -> Streams:
    return await asyncio.open_connection(*proxy.address, ssl=tls)


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


async def test_a_sound_link_passes_everything_and_its_end(echo: Address) -> None:
    async with Proxy(("127.0.0.1", 0), echo) as proxy:
        reader, writer = await connected(proxy)
        assert await exchanged((reader, writer)) == TEXT
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()


async def test_latency_holds_each_direction_back(echo: Address) -> None:
    async with Proxy(("127.0.0.1", 0), echo, LinkFault(kind="latency", seconds=0.2)) as proxy:
        streams = await connected(proxy)
        begun = time.monotonic()
        assert await exchanged(streams, b"a") == b"a"
        assert 0.4 <= time.monotonic() - begun < 1.5
        streams[1].close()


async def test_latency_holds_nothing_back_twice(echo: Address) -> None:
    data = TEXT * 700  # two megabytes: many pieces, under way at the same time
    async with Proxy(("127.0.0.1", 0), echo, LinkFault(kind="latency", direction="down", seconds=0.3)) as proxy:
        reader, writer = await connected(proxy)
        begun = time.monotonic()
        sending = asyncio.create_task(exchanged((reader, writer), data))
        assert await sending == data
        assert 0.3 <= time.monotonic() - begun < 2.5
        writer.write_eof()
        begun = time.monotonic()
        assert await reader.read() == b""
        assert time.monotonic() - begun >= 0.29
        writer.close()


async def test_a_dripping_link_is_whole_and_slow(echo: Address) -> None:
    fault = LinkFault(kind="drip", direction="down", after=2, bytes=3, seconds=0.05)
    async with Proxy(("127.0.0.1", 0), echo, fault) as proxy:
        reader, writer = await connected(proxy)
        begun = time.monotonic()
        writer.write(b"0123456789")
        assert await reader.readexactly(2) == b"01"
        assert time.monotonic() - begun < 0.05
        assert await reader.readexactly(8) == b"23456789"
        assert time.monotonic() - begun >= 0.15
        writer.close()


async def test_a_dripping_link_heals_also_for_what_is_under_way(echo: Address) -> None:
    async with Proxy(("127.0.0.1", 0), echo, LinkFault(kind="drip", direction="up", seconds=0.05)) as proxy:
        streams = await connected(proxy)
        sending = asyncio.create_task(exchanged(streams))
        await asyncio.sleep(0.3)
        assert not sending.done()
        proxy.fault = None
        assert await sending == TEXT  # by dripping it would take minutes
        streams[1].close()


@pytest.mark.parametrize("after", [0, 1, 1000])
async def test_a_cut_link_ends_after_so_many_bytes(echo: Address, after: int) -> None:
    async with Proxy(("127.0.0.1", 0), echo, LinkFault(kind="cut", direction="down", after=after)) as proxy:
        reader, writer = await connected(proxy)
        writer.write(TEXT)
        assert await asyncio.wait_for(reader.read(), 5) == TEXT[:after]
        writer.close()


async def test_a_half_open_link_says_nothing_until_the_proxy_ends(echo: Address) -> None:
    async with Proxy(("127.0.0.1", 0), echo, LinkFault(kind="half_open", after=5)) as proxy:
        reader, writer = await connected(proxy)
        writer.write(TEXT)
        assert await reader.readexactly(5) == TEXT[:5]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.3)
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()


@pytest.mark.parametrize("leave", ["end", "reset"])
async def test_a_half_open_link_does_not_tell_that_a_side_has_left(leave: str) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(100):
                heard.put_nowait(data)
        except OSError:
            pass
        heard.put_nowait(b"")
        writer.close()

    async with (
        await asyncio.start_server(listen, "127.0.0.1", 0) as server,
        Proxy(("127.0.0.1", 0), server.sockets[0].getsockname()[:2]) as proxy,
    ):
        _, writer = await connected(proxy)
        writer.write(b"hello")
        assert await asyncio.wait_for(heard.get(), 5) == b"hello"
        proxy.fault = LinkFault(kind="half_open")  # while nothing is under way: a cable is pulled
        writer.transport.abort() if leave == "reset" else writer.write_eof()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(heard.get(), 0.5)
        writer.close()
        await proxy.__aexit__()
        assert await asyncio.wait_for(heard.get(), 5) == b""


async def test_a_link_falls_ill_and_heals_while_it_is_open(echo: Address) -> None:
    async with Proxy(("127.0.0.1", 0), echo) as proxy:
        streams = await connected(proxy)
        assert await exchanged(streams) == TEXT
        proxy.fault = LinkFault(kind="garble", direction="down")
        assert await exchanged(streams) != TEXT
        proxy.fault = None
        assert await exchanged(streams) == TEXT
        streams[1].close()


async def test_garbled_tls_fails_its_check_after_a_sound_handshake(tls_echo: Address) -> None:
    async with Proxy(("127.0.0.1", 0), tls_echo, LinkFault(kind="garble", direction="down")) as proxy:
        streams = await connected(proxy, trusting())
        with pytest.raises(ssl.SSLError, match="BAD_RECORD_MAC"):
            await exchanged(streams)
        streams[1].close()


async def test_a_target_that_refuses_is_a_connection_that_ends(echo: Address, free_port: int) -> None:
    async with Proxy(("127.0.0.1", 0), ("127.0.0.1", free_port)) as proxy:
        reader, writer = await connected(proxy)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()


def record(kind: int, content: bytes) -> bytes:
    return bytes([kind, 3, 3]) + len(content).to_bytes(2, "big") + content


@given(
    records=st.lists(st.tuples(st.sampled_from([20, 22, 23]), st.binary(min_size=1, max_size=40)), min_size=1),
    pieces=st.lists(st.integers(1, 30), min_size=1),
)
def test_exactly_one_bit_of_each_record_of_application_data_flips(
    records: list[tuple[int, bytes]], pieces: list[int]
) -> None:
    sent, garbler = b"".join(record(kind, content) for kind, content in records), Garbler()
    arrived, position, turn = b"", 0, 0
    while position < len(sent):
        step = pieces[turn % len(pieces)]
        arrived += garbler.pass_on(sent[position : position + step], 0)
        position, turn = position + step, turn + 1
    expected = b"".join(
        record(kind, content[:-1] + bytes([content[-1] ^ 1]) if kind == 23 else content) for kind, content in records
    )
    assert arrived == expected


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"kind": "fire"},
        {"kind": "cut", "x": 1},
        {"kind": "cut", "after": -1},
        {"kind": "cut", "after": True},
        {"kind": "cut", "direction": "left"},
        {"kind": "drip", "bytes": 0},
        {"kind": "latency", "seconds": "1"},
    ],
)
def test_what_no_link_can_have_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(LinkFaultError):
        read_link_fault(document)
