import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from kartenwart.api.card.v1.card_service_pb2 import GetCardRequest
from kartenwart.api.document.v1.document_service_pb2 import UploadChunkRequest, UploadChunkResponse
from kartenwart.api.inventory.v1.inventory_service_pb2 import WatchInventoryRequest, WatchInventoryResponse
from kartenwart.api.system.v1.system_service_pb2 import GetSystemRequest, GetSystemResponse, System
from kartenwart.domain.principals import Role
from kartenwart.edge.call import Call
from kartenwart.edge.descriptors import message_class, rpcs
from kartenwart.edge.identity import ServerIdentity
from kartenwart.edge.listening import PortTakenError
from kartenwart.edge.shared import Reply
from kartenwart.rpc.server import LARGEST_MESSAGE, MOST_CONNECTIONS, RpcServer
from kartenwart.rpc.source import STATUS_HEADER, address_of
from tests.unit.edge.opponents import Practice
from tests.unit.edge.pki import Leaf, Site
from tests.unit.edge.requests import right

SYSTEM = "/kartenwart.api.system.v1.SystemService/GetSystem"
WATCH = "/kartenwart.api.inventory.v1.InventoryService/WatchInventory"
CARD = "/kartenwart.api.card.v1.CardService/GetCard"


async def who_am_i(_request: Any, call: Call) -> Reply:
    return GetSystemResponse(system=System(caller=call.principal.name, version=f"{call.peer} {call.seconds:.0f}"))


@pytest.fixture
def practice() -> Practice:
    return Practice(said={"GetSystem": who_am_i})


class Current:
    """The server's identity as it is now."""

    def __init__(self, identity: ServerIdentity) -> None:
        self.identity = identity

    def __call__(self) -> ServerIdentity:
        return self.identity


@asynccontextmanager
async def serving(
    practice: Practice,
    current: Current | None = None,
    *,
    reflection: bool = False,
    most_connections: int = MOST_CONNECTIONS,
) -> AsyncIterator[RpcServer]:
    server = RpcServer(
        edge=practice.edge,
        methods=practice.methods,
        address="127.0.0.1",
        port=0,
        identity=current or Current(practice.site.server()),
        reflection=reflection,
        most_connections=most_connections,
    )
    async with practice.edge, server:
        yield server


@asynccontextmanager
async def channel(server: RpcServer, site: Site, leaf: Leaf | None) -> AsyncIterator[grpc.aio.Channel]:
    credentials = grpc.ssl_channel_credentials(
        site.root_pem, leaf.key_pem if leaf else None, leaf.pem if leaf else None
    )
    options = (("grpc.use_local_subchannel_pool", 1),)
    async with grpc.aio.secure_channel(f"localhost:{server.port}", credentials, options) as opened:
        yield opened


def unary(opened: grpc.aio.Channel, path: str, response: type[Message], **more: Any) -> Any:
    return opened.unary_unary(path, lambda message: message.SerializeToString(), response.FromString)


def status_of(error: grpc.aio.AioRpcError) -> Status:
    return Status.FromString(dict(error.trailing_metadata() or ())[STATUS_HEADER])


async def failing(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


def reason_of(error: grpc.aio.AioRpcError) -> str:
    info = ErrorInfo()
    assert any(detail.Unpack(info) for detail in status_of(error).details)
    return info.reason


async def test_a_workstation_is_known_by_its_key(practice: Practice) -> None:
    leaf = practice.site.leaf("whatever it says")
    practice.registry.add(leaf, Role.VIEWER)
    async with serving(practice) as server, channel(server, practice.site, leaf) as opened:
        answer = await unary(opened, SYSTEM, GetSystemResponse)(GetSystemRequest(), timeout=5)
        assert answer.system.caller == "workstations/w-1"
        assert answer.system.version == "127.0.0.1 5"
        answer = await unary(opened, SYSTEM, GetSystemResponse)(GetSystemRequest())
        assert answer.system.version == "127.0.0.1 30", "a missing deadline is 30 s"


async def test_every_rpc_answers(practice: Practice) -> None:
    leaf = practice.site.leaf("w")
    workstation = practice.registry.add(leaf, Role.SIGNER)
    async with serving(practice) as server, channel(server, practice.site, leaf) as opened:
        for rpc in rpcs():
            method = practice.methods[rpc.name]
            if method.rule.unauthenticated:
                error = await failing(unary(opened, f"/{rpc.name}", method.request)(right(method.request), timeout=5))
                assert error.code() is grpc.StatusCode.UNIMPLEMENTED
                continue
            role = min(method.rule.roles)
            practice.registry.change(practice.registry.by[workstation.key_sha256], role=role)
            request, kind = right(method.request), message_class(rpc.response)
            if rpc.streams:
                stream: Any = opened.unary_stream(
                    f"/{rpc.name}", lambda message: message.SerializeToString(), kind.FromString
                )
                call = stream(request, timeout=5)
                assert isinstance(await call.read(), kind)
                call.cancel()
            else:
                assert isinstance(await unary(opened, f"/{rpc.name}", kind)(request, timeout=5), kind)


async def test_whoever_is_not_enrolled_is_refused_with_details(practice: Practice) -> None:
    async with serving(practice) as server, channel(server, practice.site, practice.site.leaf("w")) as opened:
        error = await failing(unary(opened, SYSTEM, GetSystemResponse)(GetSystemRequest(), timeout=5))
    assert (error.code(), reason_of(error)) == (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")
    assert status_of(error).code == 16


@pytest.mark.parametrize("certificate", ["none", "another site's"])
async def test_tls_itself_refuses_who_has_no_certificate_of_the_site(practice: Practice, certificate: str) -> None:
    leaf = None if certificate == "none" else Site("Other").leaf("w")
    if leaf:
        practice.registry.add(leaf, Role.TECHNICIAN)
    async with serving(practice) as server, channel(server, practice.site, leaf) as opened:
        error = await failing(unary(opened, SYSTEM, GetSystemResponse)(GetSystemRequest(), timeout=3))
    assert error.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
    assert practice.audit.entries == []


async def test_violations_come_with_their_paths(practice: Practice) -> None:
    leaf = practice.site.leaf("w")
    practice.registry.add(leaf, Role.VIEWER)
    async with serving(practice) as server, channel(server, practice.site, leaf) as opened:
        error = await failing(unary(opened, CARD, GetSystemResponse)(GetCardRequest(name="c-1"), timeout=5))
        raw: Any = opened.unary_unary(CARD)
        garbage = raw(b"\xff\xff", timeout=5)
        second = await failing(garbage)
    bad = BadRequest()
    assert any(detail.Unpack(bad) for detail in status_of(error).details)
    assert [violation.field for violation in bad.field_violations] == ["name"]
    assert reason_of(second) == "INVALID_ARGUMENT"


async def test_unknown_methods_are_said_in_our_words(practice: Practice) -> None:
    leaf = practice.site.leaf("w")
    practice.registry.add(leaf, Role.VIEWER)
    async with serving(practice) as server, channel(server, practice.site, leaf) as opened:
        error = await failing(
            unary(opened, "/kartenwart.api.tea.v1.TeaService/Brew", GetSystemResponse)(GetSystemRequest())
        )
        reflection = await failing(
            unary(opened, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", GetSystemResponse)(
                GetSystemRequest()
            )
        )
    assert (error.code(), reason_of(error)) == (grpc.StatusCode.UNIMPLEMENTED, "UNIMPLEMENTED")
    assert reflection.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_revocation_cuts_an_open_stream_at_once(practice: Practice) -> None:
    leaf = practice.site.leaf("w")
    workstation = practice.registry.add(leaf, Role.VIEWER)
    async with serving(practice) as server, channel(server, practice.site, leaf) as opened:
        stream = opened.unary_stream(WATCH, WatchInventoryRequest.SerializeToString, WatchInventoryResponse.FromString)(
            WatchInventoryRequest()
        )
        await stream.read()
        started = time.monotonic()
        practice.registry.change(workstation, revoked_at=practice.clock.now())
        error = await failing(stream.read())
        assert time.monotonic() - started < 0.5
        assert (error.code(), reason_of(error)) == (grpc.StatusCode.UNAUTHENTICATED, "REVOKED")
        again = await failing(unary(opened, SYSTEM, GetSystemResponse)(GetSystemRequest(), timeout=5))
        assert reason_of(again) == "REVOKED"


async def test_changed_rights_end_a_stream_so_that_it_is_opened_anew(practice: Practice) -> None:
    leaf = practice.site.leaf("w")
    workstation = practice.registry.add(leaf, Role.SIGNER)
    async with serving(practice) as server, channel(server, practice.site, leaf) as opened:
        call = opened.unary_stream(WATCH, WatchInventoryRequest.SerializeToString, WatchInventoryResponse.FromString)
        stream = call(WatchInventoryRequest())
        await stream.read()
        practice.registry.change(workstation, role=Role.VIEWER)
        assert (await failing(stream.read())).code() is grpc.StatusCode.ABORTED
        await call(WatchInventoryRequest()).read()


async def test_a_caller_that_leaves_gives_back_its_place(practice: Practice) -> None:
    leaf = practice.site.leaf("w")
    practice.registry.add(leaf, Role.VIEWER)
    async with serving(practice) as server:
        async with channel(server, practice.site, leaf) as opened:
            stream = opened.unary_stream(
                WATCH, WatchInventoryRequest.SerializeToString, WatchInventoryResponse.FromString
            )(WatchInventoryRequest())
            await stream.read()
            assert practice.edge._limiter.open_streams == 1
            stream.cancel()
            for _ in range(100):
                await asyncio.sleep(0.02)
                if not practice.edge._limiter.open_streams:
                    break
        assert practice.edge._limiter.open_streams == 0
    assert practice.reports == []


async def test_a_new_certificate_needs_no_restart(practice: Practice) -> None:
    leaf = practice.site.leaf("w")
    practice.registry.add(leaf, Role.VIEWER)
    other_site = Site("Later")
    later_leaf = other_site.leaf("w", key=leaf.key)
    current = Current(practice.site.server())
    async with serving(practice, current) as server:
        async with channel(server, practice.site, leaf) as opened:
            await unary(opened, SYSTEM, GetSystemResponse)(GetSystemRequest(), timeout=5)
        current.identity = other_site.server()
        async with channel(server, other_site, later_leaf) as opened:
            await unary(opened, SYSTEM, GetSystemResponse)(GetSystemRequest(), timeout=5)


async def test_health_needs_an_enrolled_caller_and_follows_the_agent(practice: Practice) -> None:
    leaf = practice.site.leaf("w")
    workstation = practice.registry.add(leaf, Role.AUDITOR)
    path, kind = "/grpc.health.v1.Health/Check", health_pb2.HealthCheckResponse
    async with serving(practice) as server, channel(server, practice.site, leaf) as opened:
        request = health_pb2.HealthCheckRequest(service="kartenwart.api.card.v1.CardService")
        assert (await unary(opened, path, kind)(request, timeout=5)).status == kind.SERVING
        watch: Any = opened.unary_stream(
            "/grpc.health.v1.Health/Watch", type(request).SerializeToString, kind.FromString
        )
        watching = watch(health_pb2.HealthCheckRequest())
        assert (await watching.read()).status == kind.SERVING
        await server.health.serving(False)
        assert (await watching.read()).status == kind.NOT_SERVING
        unknown = await failing(unary(opened, path, kind)(health_pb2.HealthCheckRequest(service="tea"), timeout=5))
        assert unknown.code() is grpc.StatusCode.NOT_FOUND
        practice.registry.change(workstation, revoked_at=practice.clock.now())
        assert reason_of(await failing(watching.read())) == "REVOKED"
        assert reason_of(await failing(unary(opened, path, kind)(request, timeout=5))) == "REVOKED"
    assert practice.reports == []


async def test_reflection_works_where_it_is_switched_on(practice: Practice) -> None:
    leaf = practice.site.leaf("w")
    practice.registry.add(leaf, Role.VIEWER)
    async with serving(practice, reflection=True) as server, channel(server, practice.site, leaf) as opened:
        reflect: Any = opened.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            reflection_pb2.ServerReflectionRequest.SerializeToString,
            reflection_pb2.ServerReflectionResponse.FromString,
        )
        call = reflect(timeout=5)
        await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
        answer = await call.read()
        names = {service.name for service in answer.list_services_response.service}
        await call.done_writing()
    assert "kartenwart.api.card.v1.CardService" in names
    assert "kartenwart.api.enrolment.v1.EnrolmentExchangeService" not in names


async def test_a_chunk_passes_and_more_does_not(practice: Practice) -> None:
    leaf = practice.site.leaf("w")
    practice.registry.add(leaf, Role.SIGNER)
    path = "/kartenwart.api.document.v1.DocumentService/UploadChunk"
    async with serving(practice) as server, channel(server, practice.site, leaf) as opened:
        call = unary(opened, path, UploadChunkResponse)
        await call(UploadChunkRequest(document="documents/d-1", data=b"x" * 1024 * 1024), timeout=5)
        error = await failing(call(UploadChunkRequest(document="documents/d-1", data=b"x" * 1_100_000), timeout=5))
        assert reason_of(error) == "LIMIT_EXCEEDED"
        error = await failing(call(UploadChunkRequest(data=b"x" * (LARGEST_MESSAGE + 1)), timeout=5))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_beyond_so_many_connections_the_newest_are_closed_until_there_is_room(practice: Practice) -> None:
    leaf = practice.site.leaf("w")
    practice.registry.add(leaf, Role.VIEWER)
    async with serving(practice, most_connections=3) as server, AsyncExitStack() as stack:
        inside = await stack.enter_async_context(channel(server, practice.site, leaf))
        assert await unary(inside, SYSTEM, GetSystemResponse)(GetSystemRequest(), timeout=5)
        strangers = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(4)]
        closed = [asyncio.create_task(reader.read()) for reader, _ in strangers]
        done, waiting = await asyncio.wait(closed, timeout=2)
        assert (len(done), len(waiting)) == (2, 2)
        assert await unary(inside, SYSTEM, GetSystemResponse)(GetSystemRequest(), timeout=5)
        for _, writer in strangers:
            writer.close()
        newcomer = await stack.enter_async_context(channel(server, practice.site, leaf))
        call = unary(newcomer, SYSTEM, GetSystemResponse)
        assert await call(GetSystemRequest(), timeout=5, wait_for_ready=True)
        await asyncio.gather(*closed, return_exceptions=True)


async def test_a_port_in_use_is_said_in_clear_words(practice: Practice) -> None:
    async with serving(practice) as server:
        second = RpcServer(
            edge=practice.edge,
            methods=practice.methods,
            address="127.0.0.1",
            port=server.port,
            identity=Current(practice.site.server()),
        )
        with pytest.raises(PortTakenError, match=f"127.0.0.1 port {server.port}.*another agent"):
            await second.__aenter__()
        with socket.socket() as sharing:
            sharing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            with pytest.raises(OSError, match="in use"):
                sharing.bind(("127.0.0.1", server.port))


async def test_a_stop_tells_open_streams_and_is_quick(practice: Practice) -> None:
    leaf = practice.site.leaf("w")
    practice.registry.add(leaf, Role.VIEWER)
    async with serving(practice) as server, channel(server, practice.site, leaf) as opened:
        stream = opened.unary_stream(WATCH, WatchInventoryRequest.SerializeToString, WatchInventoryResponse.FromString)(
            WatchInventoryRequest()
        )
        await stream.read()
        started = time.monotonic()
        await server.__aexit__(None, None, None)
        assert time.monotonic() - started < 2
        assert (await failing(stream.read())).code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("peer", "address"),
    [("ipv4:192.168.1.7:50000", "192.168.1.7"), ("ipv6:%5Bfe80::1%5D:50000", "fe80::1"), ("unix:", "unix")],
)
def test_addresses_are_read_from_grpcs_spelling(peer: str, address: str) -> None:
    assert address_of(peer) == address
