"""Connecting over real TLS: to the box, to nobody, to a stranger; and a box that goes away and comes back."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from google.rpc.status_pb2 import Status

from kartenwart.api.failure.v1 import failure_pb2
from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory_pb2
from kartenwart.api.system.v1 import system_service_pb2 as system_pb2
from kartenwart.api.workstation.v1 import workstation_service_pb2
from kartenwart.client import BoxUnreachable, BoxUntrusted, CallFailed, Profile, ProfileInvalid, connect, keys
from tests.unit.client.conftest import Context, Serve, profile_of, serving
from tests.unit.client.site import Site

GET_SYSTEM = "kartenwart.api.system.v1.SystemService/GetSystem"
WATCH_EVENTS = "kartenwart.api.inventory.v1.InventoryService/WatchEvents"
RENEW = "kartenwart.api.workstation.v1.WorkstationService/RenewCertificate"


@pytest.fixture(scope="module")
def site() -> Site:
    return Site()


async def system(request: bytes, context: Context) -> bytes:
    peer = next(iter(context.auth_context()["x509_common_name"])).decode()
    answer = system_pb2.GetSystemResponse(system=system_pb2.System(box_id="box-testtest", caller=peer))
    return answer.SerializeToString()


async def refusing(request: bytes, context: Context) -> bytes:
    status = Status(code=7)
    status.details.add().Pack(
        failure_pb2.Failure(reason=failure_pb2.REASON_ROLE_MISSING, title="Dafür fehlt das Recht.")
    )
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    await context.abort(grpc.StatusCode.PERMISSION_DENIED, "no")
    raise AssertionError


async def test_a_call_reaches_the_box_with_our_certificate(site: Site, serve: Serve) -> None:
    port = await serve(site, unary={GET_SYSTEM: system})
    async with connect(profile_of(site, port)) as box:
        answer = await box.system.get()
    assert (answer.box_id, answer.caller) == ("box-testtest", "w-test")


async def test_a_refusal_says_why(site: Site, serve: Serve) -> None:
    port = await serve(site, unary={GET_SYSTEM: refusing})
    async with connect(profile_of(site, port)) as box:
        with pytest.raises(CallFailed) as caught:
            await box.system.get()
    assert (caught.value.reason, caught.value.failure.title) == ("ROLE_MISSING", "Dafür fehlt das Recht.")


async def test_nobody_there_is_unreachable(site: Site, free_port: int) -> None:
    profile = profile_of(site, free_port)
    with pytest.raises(BoxUnreachable):
        async with connect(profile, profile.address, within=0.5):
            pass


async def test_another_site_is_untrusted(site: Site, serve: Serve) -> None:
    rogue = Site()
    port = await serve(rogue, unary={GET_SYSTEM: system}, clients=site)
    with pytest.raises(BoxUntrusted):
        async with connect(profile_of(site, port), within=1.0):
            pass


async def test_another_box_of_the_site_is_not_ours(site: Site, serve: Serve) -> None:
    other = Site("box-otherone")
    other.root = site.root
    other.server = site.leaf("box-otherone")
    port = await serve(other, unary={GET_SYSTEM: system})
    with pytest.raises(BoxUntrusted):
        async with connect(profile_of(site, port), within=1.0):
            pass


async def test_watched_events_go_on_behind_the_last_after_a_restart(site: Site, free_port: int) -> None:
    asked: list[str] = []

    async def events(request: bytes, context: Context) -> AsyncIterator[bytes]:
        cursor = inventory_pb2.WatchEventsRequest.FromString(request).cursor
        asked.append(cursor)
        yield inventory_pb2.WatchEventsResponse(cursor=f"{cursor}x").SerializeToString()
        await asyncio.sleep(30)

    async with serving(site, streams={WATCH_EVENTS: events}, port=free_port):
        manager = connect(profile_of(site, free_port))
        box = await manager.__aenter__()
        stream = box.inventory.watch_events()
        first = await anext(stream)
    async with serving(site, streams={WATCH_EVENTS: events}, port=free_port):
        second = await asyncio.wait_for(anext(stream), 10)
        await stream.aclose()  # type: ignore[attr-defined]
        await manager.__aexit__(None, None, None)
    assert (first.cursor, second.cursor) == ("x", "xx")
    assert asked == ["", "x"]


async def test_a_call_waits_for_a_box_that_comes_back(site: Site, free_port: int) -> None:
    async with serving(site, unary={GET_SYSTEM: system}, port=free_port):
        manager = connect(profile_of(site, free_port))
        box = await manager.__aenter__()
        await box.system.get()
    call = asyncio.create_task(box.system.get())
    await asyncio.sleep(0.3)
    async with serving(site, unary={GET_SYSTEM: system}, port=free_port):
        assert (await asyncio.wait_for(call, 10)).box_id == "box-testtest"
        await manager.__aexit__(None, None, None)


async def test_an_old_certificate_is_renewed_and_stored(site: Site, serve: Serve, tmp_path: Path) -> None:
    async def renewing(request: bytes, context: Context) -> bytes:
        asked = workstation_service_pb2.RenewCertificateRequest.FromString(request)
        csr = x509.load_der_x509_csr(asked.certificate_request)
        leaf = site.leaf("w-renewed", public=csr.public_key())  # type: ignore[arg-type]
        answer = workstation_service_pb2.RenewCertificateResponse(certificate=leaf.der, root=site.root.der)
        return answer.SerializeToString()

    port = await serve(site, unary={GET_SYSTEM: system, RENEW: renewing})
    old = profile_of(site, port, leaf=site.leaf("w-test", age=61)).save(tmp_path)
    assert keys.renewal_due(old.certificate_pem, datetime.now(UTC))
    async with connect(old) as box:
        async with asyncio.timeout(10):
            while (await box.system.get()).caller != "w-renewed":
                await asyncio.sleep(0.05)
    stored = Profile.load(tmp_path)
    assert not keys.renewal_due(stored.certificate_pem, datetime.now(UTC))
    assert stored.key_pem == old.key_pem


async def test_a_disk_that_keeps_no_renewed_certificate_ends_no_work(site: Site, serve: Serve, tmp_path: Path) -> None:
    renewed = asyncio.Event()

    async def renewing(request: bytes, context: Context) -> bytes:
        asked = workstation_service_pb2.RenewCertificateRequest.FromString(request)
        csr = x509.load_der_x509_csr(asked.certificate_request)
        leaf = site.leaf("w-renewed", public=csr.public_key())  # type: ignore[arg-type]
        renewed.set()
        answer = workstation_service_pb2.RenewCertificateResponse(certificate=leaf.der, root=site.root.der)
        return answer.SerializeToString()

    port = await serve(site, unary={GET_SYSTEM: system, RENEW: renewing})
    folder = tmp_path / "profile"
    old = profile_of(site, port, leaf=site.leaf("w-test", age=61)).save(folder)
    shutil.rmtree(folder)
    folder.write_text("a file, where the folder was")
    async with connect(old) as box:
        await asyncio.wait_for(renewed.wait(), 10)
        await asyncio.sleep(0.1)
        assert (await box.system.get()).caller == "w-test"


async def test_a_renewed_certificate_for_another_key_is_not_taken(site: Site, serve: Serve, tmp_path: Path) -> None:
    async def wrong(request: bytes, context: Context) -> bytes:
        answer = workstation_service_pb2.RenewCertificateResponse(certificate=site.leaf("w-x").der, root=site.root.der)
        return answer.SerializeToString()

    port = await serve(site, unary={GET_SYSTEM: system, RENEW: wrong})
    old = profile_of(site, port, leaf=site.leaf("w-test", age=61)).save(tmp_path)
    async with connect(old) as box:
        await box.system.get()
        await asyncio.sleep(0.3)
        assert (await box.system.get()).caller == "w-test"
    assert Profile.load(tmp_path) == old


async def test_an_expired_workstation_is_told_to_enrol_again(site: Site, serve: Serve) -> None:
    port = await serve(site, unary={GET_SYSTEM: system})
    with pytest.raises(ProfileInvalid, match="expired"):
        async with connect(profile_of(site, port, leaf=site.leaf("w-test", age=91)), within=1.0) as box:
            await box.system.get()
