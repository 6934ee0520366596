"""Announcements are read with care, and a real one is found on loopback."""

import socket

from hypothesis import given
from hypothesis import strategies as st
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from kartenwart.client.discovery import SERVICE, discover, found_box

TEXTS = {"txtvers": "1", "api": "v1", "id": "box-mdnstest", "fp": "00112233445566ff", "grpc": "4711", "json": "4712"}


def announced(texts: dict[str, str], port: int = 4711, name: str = "box-mdnstest") -> AsyncServiceInfo:
    return AsyncServiceInfo(
        SERVICE,
        f"{name}.{SERVICE}",
        addresses=[socket.inet_aton("127.0.0.1")],
        port=port,
        properties=texts,
        server=f"{name}.local.",
    )


async def test_a_box_on_loopback_is_found() -> None:
    zeroconf = AsyncZeroconf(interfaces=["127.0.0.1"])
    try:
        await zeroconf.async_register_service(announced({**TEXTS, "enrol": "4713", "open": "1"}))
        found = await discover("127.0.0.1", 5.0, lambda box: box.box_id == "box-mdnstest")
    finally:
        await zeroconf.async_unregister_all_services()
        await zeroconf.async_close()
    box = next(box for box in found if box.box_id == "box-mdnstest")
    assert (box.address.host, box.address.grpc_port, box.address.json_port) == ("127.0.0.1", 4711, 4712)
    assert (box.address.enrol_port, box.enrolment_open, box.site) == (4713, True, "00112233445566ff")


def test_another_version_is_none_of_ours() -> None:
    assert found_box(announced({**TEXTS, "txtvers": "2"})) is None
    assert found_box(announced({**TEXTS, "api": "v2"})) is None


def test_what_is_not_said_is_as_usual() -> None:
    box = found_box(announced({"txtvers": "1", "api": "v1"}, port=8443))
    assert box is not None
    assert (box.address.grpc_port, box.address.enrol_port, box.enrolment_open) == (8443, 8445, None)


@given(st.dictionaries(st.sampled_from(["id", "fp", "grpc", "json", "enrol", "open"]), st.text(max_size=12)))
def test_strange_announcements_give_usable_ports_or_nothing(texts: dict[str, str]) -> None:
    box = found_box(announced({"txtvers": "1", "api": "v1", **texts}))
    assert box is not None
    for port in (box.address.grpc_port, box.address.json_port, box.address.enrol_port):
        assert 0 < port < 65536
