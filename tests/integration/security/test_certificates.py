"""Who has no certificate, a foreign one, a revoked one, or one whose rights changed."""

import asyncio
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import grpc
import pytest
from google.protobuf.message import Message

from kartenwart.adapters.site import Site
from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory_pb2
from kartenwart.api.job.v1 import job_service_pb2 as job_pb2
from kartenwart.api.pin.v1 import pin_service_pb2
from kartenwart.api.system.v1 import system_service_pb2
from kartenwart.client import BoxUnreachable, CallFailed, Profile, keys
from kartenwart.client.grpc_wire import place
from kartenwart.client.wire import Wire
from tests.integration.security.conftest import grpc as by_grpc
from tests.integration.security.conftest import json as by_json
from tests.integration.security.conftest import metric, trust
from tests.practice import Practice

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("security-certificates")]

WHO = system_service_pb2.GetSystemRequest(), system_service_pb2.GetSystemResponse


async def refused_by_both(profile: Profile) -> set[tuple[str, str]]:
    """What gRPC and JSON tell this workstation when it asks who it is."""
    told = set()
    for way in (by_grpc, by_json):
        async with way(profile) as wire:
            with pytest.raises(CallFailed) as refused:
                await wire.call(*WHO)
        told.add((refused.value.code, refused.value.reason))
    return told


def site_of(here: Practice) -> Site:
    """The box's own CA, for certificates that it would not give."""
    return Site.open(here.agent.folder / "state" / "site", datetime.now(UTC))


def with_leaf(profile: Profile, certificate: bytes, key: keys.Key | None = None) -> Profile:
    own = profile.key if key is None else key
    return replace(profile, certificate_pem=keys.certificate_pem(certificate), key_pem=keys.key_pem(own))


async def test_without_a_certificate_there_is_no_connection(here: Practice) -> None:
    profile = await here.workstation("Ohne")
    credentials = grpc.ssl_channel_credentials(root_certificates=profile.root_pem.encode())
    options = (("grpc.ssl_target_name_override", profile.box_id),)
    async with grpc.aio.secure_channel(place(profile), credentials, options=options) as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/kartenwart.api.system.v1.SystemService/GetSystem"
        )
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(b"", timeout=5)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    url = f"https://127.0.0.1:{profile.address.json_port}/kartenwart.api.system.v1.SystemService/GetSystem"
    async with aiohttp.ClientSession() as http:
        with pytest.raises((aiohttp.ClientError, ssl.SSLError)):
            await http.post(url, json={}, ssl=trust(profile, certificate=False))


async def test_a_certificate_of_a_foreign_authority_is_none(here: Practice) -> None:
    profile = await here.workstation("Fremd")
    now = datetime.now(UTC)
    foreign = Site.open(here.folder / "foreign-site", now)
    stranger = with_leaf(
        profile,
        foreign.issue(
            workstation=profile.workstation,
            public_key=keys.public_der(profile.key),
            not_after=now + timedelta(days=1),
            now=now,
        ),
    )
    stranger = stranger.save(here.folder / "Fremd 2")
    async with by_grpc(stranger) as wire:
        with pytest.raises(BoxUnreachable):
            await wire.call(*WHO, 1)
    async with by_json(stranger) as other:
        with pytest.raises(BoxUnreachable):
            await other.call(*WHO, 1)


async def test_a_certificate_of_the_site_for_a_key_that_nobody_enrolled_gives_nothing(here: Practice) -> None:
    profile = await here.workstation("Nachgemacht")
    key, now = keys.new_key(), datetime.now(UTC)
    # It even says to be an enrolled workstation: only the key counts.
    leaf = site_of(here).issue(
        workstation=profile.workstation, public_key=keys.public_der(key), not_after=now + timedelta(days=1), now=now
    )
    forged = with_leaf(profile, leaf, key).save(here.folder / "Nachgemacht 2")
    assert await refused_by_both(forged) == {("UNAUTHENTICATED", "UNAUTHENTICATED")}


async def test_the_box_itself_is_no_workstation(here: Practice) -> None:
    """Who copied the server's leaf and key still cannot call: TLS wants a client's certificate, the edge its key."""
    profile = await here.workstation("Kopie")
    folder = here.agent.folder / "state" / "site"
    certificate, key = (folder / "server.pem").read_text(), (folder / "server.key").read_text()
    copied = replace(profile, certificate_pem=certificate, key_pem=key)
    copied = copied.save(here.folder / "Kopie 2")
    async with by_grpc(copied) as wire:
        with pytest.raises((CallFailed, BoxUnreachable)):
            await wire.call(*WHO, 1)


async def test_revocation_ends_every_open_stream_at_once_and_says_so(here: Practice) -> None:
    profile = await here.workstation("Gestohlen", contexts=("empfang",))
    job = await a_waiting_job(here, profile)
    async with by_grpc(profile) as one, by_json(profile) as other:
        ends = [asyncio.create_task(end_of(wire, *stream)) for wire in (one, other) for stream in streams(job)]
        await opened(here, 6)
        async with here.technician() as box:
            started = time.monotonic()
            await box.workstations.revoke(profile.workstation)
        told = await asyncio.wait_for(asyncio.gather(*ends), 5)
        assert time.monotonic() - started < 1
        assert set(told) == {("UNAUTHENTICATED", "REVOKED")}
    assert await refused_by_both(profile) == {("UNAUTHENTICATED", "REVOKED")}
    await opened(here, 0)
    await here.simulator.do("/pads/kt-empfang/type", keys="cancel")


async def test_another_role_ends_streams_and_the_client_comes_back_with_it(here: Practice) -> None:
    profile = await here.workstation("Umgezogen", role="WORKSTATION", contexts=("empfang",))
    async with by_grpc(profile) as wire, by_json(profile) as other, here.connected(profile) as box:
        ends = [asyncio.create_task(end_of(way, *streams("")[0])) for way in (wire, other)]
        async with aclosing(box.inventory.watch()) as pictures:
            first = await asyncio.wait_for(anext(pictures), 5)
            assert {card.type for card in first.cards} >= {card_pb2.CARD_TYPE_SMC_B}
            await opened(here, 3)
            async with here.technician() as technician:
                stored = next(one for one in await technician.workstations.list() if one.name == profile.workstation)
                stored.scope.contexts[:] = ["contexts/nachbar"]
                await technician.workstations.update(stored, "scope.contexts")
            assert set(await asyncio.wait_for(asyncio.gather(*ends), 5)) == {("ABORTED", "CONFLICT")}
            before = practice_cards(first.cards)
            async with asyncio.timeout(5):  # a picture from before the change may still be on its way
                while (after := practice_cards((await anext(pictures)).cards)) == before:
                    pass
        assert len(before) == len(after) == 1
        assert (await box.system.get()).default_context == "contexts/nachbar"


async def test_a_leaf_that_ends_ends_its_streams(here: Practice) -> None:
    profile = await here.workstation("Kurz", contexts=("empfang",))
    now = datetime.now(UTC)
    leaf = site_of(here).issue(
        workstation=profile.workstation,
        public_key=keys.public_der(profile.key),
        not_after=now + timedelta(seconds=4),
        now=now,
    )
    short = with_leaf(profile, leaf).save(here.folder / "Kurz 2")
    async with by_grpc(short) as wire, by_json(short) as other:
        ends = [asyncio.create_task(end_of(way, *streams("")[0])) for way in (wire, other)]
        assert set(await asyncio.wait_for(asyncio.gather(*ends), 8)) == {("UNAUTHENTICATED", "UNAUTHENTICATED")}
        with pytest.raises(CallFailed, match="UNAUTHENTICATED"):
            await wire.call(*WHO)
    async with by_grpc(profile) as wire:
        await wire.call(*WHO)


def practice_cards(cards: Iterable[card_pb2.Card]) -> set[str]:
    return {card.name for card in cards if card.type == card_pb2.CARD_TYPE_SMC_B}


def streams(job: str) -> tuple[tuple[Message, type[Message]], ...]:
    return (
        (inventory_pb2.WatchInventoryRequest(), inventory_pb2.WatchInventoryResponse),
        (inventory_pb2.WatchEventsRequest(), inventory_pb2.WatchEventsResponse),
        (job_pb2.WatchJobRequest(name=job), job_pb2.WatchJobResponse),
    )


async def end_of(wire: Wire, request: Message, reply: type[Message]) -> tuple[str, str]:
    """Read a stream to its end and return how it ended."""
    stream: AsyncIterator[Message] = wire.stream(request, reply)
    try:
        async for _ in stream:
            pass
    except CallFailed as failed:
        return failed.code, failed.reason
    return "OK", ""


async def opened(here: Practice, number: int) -> None:
    async with asyncio.timeout(5):
        while await metric(here, "kartenwart_open_streams") != number:
            await asyncio.sleep(0.05)


async def a_waiting_job(here: Practice, profile: Profile) -> str:
    """Start a PIN entry at which nobody types."""
    async with here.connected(profile) as box:
        card = await here.card(box, "SMC_B", "0101")
        job = await box.pins.verify(
            pin_service_pb2.VerifyPinRequest(
                request_id=str(uuid.uuid4()), card=card, pin=card_pb2.PIN_SMC, accept_unknown_attempts=True
            )
        )
        await here.simulator.prompt("kt-empfang")
    name: str = job.name
    return name
