"""The CETP listener against forged, broken, slow and too many senders, over real sockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from xml.sax.saxutils import escape

import pytest

from kartenwart.adapters.konnektor import CetpConfiguration
from kartenwart.adapters.konnektor.listener import CetpListener
from kartenwart.adapters.konnektor.notices import notice_of
from kartenwart.adapters.konnektor.sources import Sources, own_address
from kartenwart.codecs.soap.subscriptions import CetpEvent, read_event
from kartenwart.domain.inventory import CardType, Pin
from kartenwart.domain.ports.observations import NoticeType
from kartenwart.transport.credentials import from_pem
from tests.unit.codecs.answers import NAMESPACES
from tests.unit.codecs.frames import encode_frame
from tests.unit.transport.peers import make


def event(topic: str, subscription: str = "ours", **parameters: str) -> bytes:
    inner = "".join(
        f"<Parameter><Key>{key}</Key><Value>{escape(value)}</Value></Parameter>" for key, value in parameters.items()
    )
    return (
        f'<Event xmlns="{NAMESPACES["EVT"]}"><Topic>{topic}</Topic><Type>Operation</Type><Severity>Info</Severity>'
        f"<SubscriptionID>{subscription}</SubscriptionID><Message>{inner}</Message></Event>"
    ).encode()


class Taken:
    """Takes events of the subscription "ours" as the adapter does."""

    def __init__(self) -> None:
        self.topics: list[str] = []

    def __call__(self, taken: CetpEvent) -> bool:
        if taken.subscription_id != "ours":
            return False
        self.topics.append(taken.topic)
        return True

    async def wait(self, count: int) -> list[str]:
        async with asyncio.timeout(5):
            while len(self.topics) < count:
                await asyncio.sleep(0.01)
        return self.topics


@asynccontextmanager
async def listening(
    taken: Taken, sources: tuple[str, ...] = ("127.0.0.0/8",), **limits: object
) -> AsyncIterator[CetpListener]:
    configuration = CetpConfiguration(listen_host="127.0.0.1", **limits)  # type: ignore[arg-type]
    async with CetpListener(configuration, Sources(sources, "127.0.0.1"), taken) as listener:
        yield listener


async def send(port: int, *pieces: bytes, pause: float = 0.0, source: str = "127.0.0.1") -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(pause)
    writer.close()
    await writer.wait_closed()


async def drip(writer: asyncio.StreamWriter, data: bytes) -> None:
    for byte in data:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(5):
            return await reader.read() == b""
    except ConnectionError:
        return True


async def dropped(listener: CetpListener, why: str, count: int = 1) -> None:
    async with asyncio.timeout(5):
        while listener.dropped[why] < count:
            await asyncio.sleep(0.01)


async def test_frames_are_taken_one_or_many_whole_or_in_pieces() -> None:
    taken = Taken()
    frames = b"".join(encode_frame(event(topic)) for topic in ("CARD/INSERTED", "Card/Removed"))
    async with listening(taken) as listener:
        await send(listener.port, frames)
        await send(listener.port, frames[:3], frames[3:50], frames[50:], pause=0.01)
        assert await taken.wait(4) == ["CARD/INSERTED", "CARD/REMOVED"] * 2
        assert listener.dropped.total() == 0


async def test_only_allowed_sources_are_heard() -> None:
    taken = Taken()
    async with listening(taken, ("127.0.0.2/32",)) as listener:
        await send(listener.port, encode_frame(event("CARD/INSERTED")), source="127.0.0.2")
        await taken.wait(1)
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port, local_addr=("127.0.0.3", 0))
        writer.write(encode_frame(event("CARD/REMOVED")))
        assert await ended(reader)
        writer.close()
        await dropped(listener, "source")
        assert taken.topics == ["CARD/INSERTED"]


async def test_forged_subscriptions_and_rubbish_are_dropped_and_counted() -> None:
    taken = Taken()
    async with listening(taken) as listener:
        await send(
            listener.port,
            encode_frame(event("CARD/INSERTED", "theirs")),
            encode_frame(b"<x/>"),
            encode_frame(event("CT")),
        )
        assert await taken.wait(1) == ["CT"]
        await dropped(listener, "subscription")
        await dropped(listener, "malformed")
        for rubbish in (b"GET / HTTP/1.1\r\n\r\n", b"CETP\xff\xff\xff\xff", encode_frame(b"x" * 70_000)[:20]):
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(rubbish)
            assert await ended(reader)
            writer.close()
        await dropped(listener, "malformed", 4)


async def test_a_frame_that_drips_and_a_cut_one_lose_their_place() -> None:
    taken = Taken()
    frame = encode_frame(event("CARD/INSERTED"))
    async with listening(taken, frame_seconds=0.3) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        with pytest.raises(ConnectionError):
            await drip(writer, frame[:100])
        assert await ended(reader)
        writer.close()
        await dropped(listener, "connection")
        await send(listener.port, frame[:20])
        await dropped(listener, "cut")
        assert taken.topics == []


async def test_a_konnektor_that_reconnects_always_gets_in() -> None:
    taken = Taken()
    async with listening(taken, connection_limit=2) as listener:
        idle = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(2)]
        await asyncio.sleep(0.1)
        await send(listener.port, encode_frame(event("CT")))
        await taken.wait(1)
        assert await ended(idle[0][0])
        for _, writer in idle:
            writer.close()
        await dropped(listener, "crowd")


async def test_a_stranger_costs_no_handshake_and_slow_ones_cost_others_no_place() -> None:
    taken = Taken()
    box = make("box")
    shown = from_pem(box.certificate_pem, box.key_pem)
    trusting = ssl.create_default_context(cadata=box.certificate_pem.decode())
    async with listening(taken, ("127.0.0.1/32",), connection_limit=2, certificate=lambda: shown) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port, local_addr=("127.0.0.3", 0))
        assert await ended(reader)
        writer.close()
        await dropped(listener, "source")
        silent = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(3)]
        await dropped(listener, "crowd")
        _, writer = await asyncio.open_connection("127.0.0.1", listener.port, ssl=trusting, server_hostname="box")
        writer.write(encode_frame(event("CT")))
        await writer.drain()
        assert await taken.wait(1) == ["CT"]
        writer.close()
        assert listener.dropped["crowd"] == 2
        for _, quiet in silent:
            quiet.close()


async def test_a_konnektor_s_host_is_its_source_where_none_is_configured() -> None:
    sources = Sources((), "localhost")
    assert not sources.allows("127.0.0.1")
    await sources.refresh()
    assert sources.allows("127.0.0.1")
    assert sources.allows("::ffff:127.0.0.1")
    assert not sources.allows("192.0.2.1")
    assert await own_address("127.0.0.1", 9) == "127.0.0.1"


@pytest.mark.parametrize(
    ("topic", "parameters", "expected"),
    [
        ("BOOTUP/BOOTUP_COMPLETE", {}, {"type": NoticeType.BOOTED}),
        (
            "CARD/REMOVED",
            {"CardHandle": "h", "CtID": "ct", "SlotID": "3"},
            {"type": NoticeType.CARD_REMOVED, "handle": "h", "ct_id": "ct", "slot_id": 3},
        ),
        (
            "CARD/PIN/VERIFY_STARTED",
            {"CardHandle": "h", "CtID": "ct", "SlotID": "1", "PinRef": "PIN.CH", "PinInputCtID": "pad"},
            {"type": NoticeType.PIN_ENTRY_STARTED, "ct_id": "pad", "pin": Pin.CH, "slot_id": 1},
        ),
        ("CARD/PIN/CHANGE_FINISHED", {"PinInputCtID": "pad"}, {"type": NoticeType.PIN_ENTRY_FINISHED, "pin": None}),
        ("CT/CONNECTED", {"CtID": "ct"}, {"type": NoticeType.TERMINAL_CONNECTED, "ct_id": "ct"}),
        (
            "OPERATIONAL_STATE/EC_CardTerminal_Not_Available(ct)",
            {"Value": "false", "CtID": "ct"},
            {"type": NoticeType.CONDITION, "active": False, "detail": "EC_CardTerminal_Not_Available(ct)"},
        ),
        (
            "SIG/SIGNDOC/NEXT_SUCCESSFUL",
            {"Jobnummer": "ABC-123"},
            {"type": NoticeType.DOCUMENT_SIGNED, "detail": "ABC-123"},
        ),
        ("NETWORK/VPN_TI/DOWN", {}, {"type": NoticeType.OTHER, "detail": "NETWORK/VPN_TI/DOWN"}),
        ("CARD/REMOVED", {"SlotID": "x" * 20}, {"slot_id": 0}),
    ],
)
def test_topics_become_notices(topic: str, parameters: dict[str, str], expected: dict[str, object]) -> None:
    notice = notice_of(read_event(event(topic, "s", **parameters)), "konnektors/k", "contexts/x")
    assert {key: getattr(notice, key) for key in expected} == expected
    assert notice.context == "contexts/x"


def test_an_inserted_card_is_told_whole_but_never_shown() -> None:
    told = {"CardHandle": "h", "CardType": "HBA-qSig", "ICCSN": "8" * 20, "CtID": "ct", "SlotID": "2"}
    more = {"CardHolderName": "Dr. Adler", "InsertTime": "2026-03-01T12:00:00Z", "CertExpirationDate": "2030-01-31"}
    notice = notice_of(
        CetpEvent(topic="CARD/INSERTED", severity="Info", subscription_id="s", parameters=told | more),
        "konnektors/k",
        "c",
    )
    assert notice.card is not None
    assert (notice.card.type, notice.card.slot_id, notice.card.holder) == (CardType.HBA_QSIG, 2, "Dr. Adler")
    assert notice.card.inserted_at is not None
    assert notice.card.certificate_expiry is not None
    assert "Adler" not in repr(notice)
    assert "8" * 20 not in repr(notice)
