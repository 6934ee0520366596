import asyncio
from dataclasses import replace

from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from kartenwart.adapters.mdns import Announcement
from kartenwart.adapters.mdns.announcer import Announcer

ANNOUNCEMENT = Announcement(
    box_id="box-test1234",
    fingerprint="ab" * 32,
    grpc_port=18443,
    json_port=18444,
    enrol_port=18445,
    enrolment_open=False,
    addresses=("127.0.0.1",),
    interface="127.0.0.1",
)
TYPE = "_kartenwart._tcp.local."


async def look(listener: AsyncZeroconf, wanted_open: str) -> dict[str, str]:
    for _ in range(40):
        info = AsyncServiceInfo(TYPE, f"box-test1234.{TYPE}")
        if await info.async_request(listener.zeroconf, 500):
            found = {key.decode(): (value or b"").decode() for key, value in info.properties.items()}
            if found["open"] == wanted_open:
                return found
        await asyncio.sleep(0.1)
    raise AssertionError("the box was not found")


async def gone(listener: AsyncZeroconf) -> bool:
    for _ in range(40):
        if not await AsyncServiceInfo(TYPE, f"box-test1234.{TYPE}").async_request(listener.zeroconf, 200):
            return True
        await asyncio.sleep(0.1)
    return False


async def test_a_box_is_found_follows_changes_and_is_withdrawn() -> None:
    listener = AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    try:
        async with Announcer(ANNOUNCEMENT, lambda event, **_: None) as announcer:
            found = await look(listener, "0")
            assert next(iter(found)) == "txtvers"
            assert found == {
                "txtvers": "1", "api": "v1", "id": "box-test1234", "fp": "ab" * 8,
                "grpc": "18443", "json": "18444", "enrol": "18445", "open": "0",
            }  # fmt: skip
            announcer.update(replace(ANNOUNCEMENT, enrolment_open=True))
            assert (await look(listener, "1"))["open"] == "1"
        assert await gone(listener)
    finally:
        await listener.async_close()


async def test_a_network_that_refuses_is_reported_and_does_not_stop_the_box() -> None:
    reports: list[str] = []
    broken = replace(ANNOUNCEMENT, interface="203.0.113.1")
    async with Announcer(broken, lambda event, **_: reports.append(event)):
        for _ in range(50):
            if reports:
                break
            await asyncio.sleep(0.1)
    assert reports == ["mdns.failed"]
