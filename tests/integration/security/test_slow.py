"""Strangers who hold connections and say nothing take no place from those who are known."""

import asyncio
import resource
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest
import pytest_asyncio

from kartenwart.api.system.v1 import system_service_pb2
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client import Profile, connect_locally, enrol_by_token
from kartenwart.client.wire import Wire
from tests.integration.security.conftest import grpc, json, lone_box
from tests.practice import Agent

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("security-slow")]

WHO = system_service_pb2.GetSystemRequest(), system_service_pb2.GetSystemResponse
IDLE = 200


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def box(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Agent]:
    """A box whose service manager allows few open files at first, as systemd does (there 1024)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    opening = lone_box(tmp_path_factory.mktemp("slow") / "box")
    try:
        agent = await opening.__aenter__()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    try:
        yield agent
    finally:
        await opening.__aexit__(None, None, None)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def profile(box: Agent, tmp_path_factory: pytest.TempPathFactory) -> Profile:
    async with connect_locally(box.socket) as person:
        made = await person.enrolments.token(role=workstation_pb2.ROLE_SIGNER, contexts=(), users=())
    folder = tmp_path_factory.mktemp("profile")
    return await enrol_by_token(
        box.address, token=made.token, site_fingerprint=made.site_fingerprint, label="Empfang", folder=folder
    )


async def test_idle_connections_and_half_requests_keep_nobody_out(box: Agent, profile: Profile) -> None:
    address = box.address
    async with AsyncExitStack() as stack:
        before: list[Wire] = [await stack.enter_async_context(way) for way in (grpc(profile), json(profile))]
        for wire in before:
            await wire.call(*WHO)
        for port in (address.grpc_port, address.json_port, address.enrol_port):
            await asyncio.gather(*(hold(stack, port) for _ in range(IDLE)))
        for _ in range(14):  # more than the enrolment port holds at a time
            await asyncio.gather(*(drip(stack, address.enrol_port) for _ in range(10)))
        after: list[Wire] = [await stack.enter_async_context(way) for way in (grpc(profile), json(profile))]
        for wire in (*before, *after):
            started = time.monotonic()
            await wire.call(*WHO, 5)
            assert time.monotonic() - started < 2
        # And whoever wants to enrol is heard too.
        async with aiohttp.ClientSession() as http:
            url = f"https://127.0.0.1:{address.enrol_port}/healthz"
            async with http.get(url, ssl=unchecked(), timeout=aiohttp.ClientTimeout(total=5)) as answer:
                assert answer.status == 200
    assert "Traceback" not in box.said
    assert '"library"' not in box.said


async def test_a_body_that_does_not_come_ends_the_call(box: Agent) -> None:
    """Bodies have fifteen seconds; this one drips, and its place is free again when its caller gives up."""
    address = box.address
    path = "/kartenwart.api.enrolment.v1.EnrolmentExchangeService/Commit"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    drippers = [await half(address.enrol_port, head.encode()) for _ in range(4)]
    await asyncio.sleep(0.2)
    # Four calls at a time are what one address has.
    async with aiohttp.ClientSession() as http:
        url = f"https://127.0.0.1:{address.enrol_port}{path}"
        async with http.post(url, json={}, ssl=unchecked()) as answer:
            assert answer.status == 429
        for writer in drippers:
            drop(writer)
        await asyncio.sleep(0.3)
        async with http.post(url, json={}, ssl=unchecked()) as answer:
            assert answer.status == 400


async def hold(stack: AsyncExitStack, port: int) -> None:
    """Connect and say nothing, not even a handshake."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    stack.callback(drop, writer)


async def drip(stack: AsyncExitStack, port: int) -> None:
    """Begin a request and never end it."""
    stack.callback(drop, await half(port, b"POST /x HTTP/1.1\r\nHost: x\r\nX-Slow: "))


async def half(port: int, sent: bytes) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=unchecked())
    writer.write(sent)
    await writer.drain()
    return writer


def drop(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def unchecked() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
