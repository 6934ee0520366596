import asyncio
import base64
import io
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from google.rpc.error_details_pb2 import BadRequest

from kartenwart.api.inventory.v1.inventory_service_pb2 import WatchInventoryResponse
from kartenwart.domain.principals import Role
from kartenwart.door.doors import machine_door
from kartenwart.edge.call import Call
from kartenwart.edge.descriptors import rpcs
from kartenwart.edge.listening import PortTakenError
from kartenwart.edge.shared import Reply, Shared
from kartenwart.edge.shared import json as reply_json
from tests.unit.door.clients import (
    NDJSON,
    SYSTEM,
    VERIFY,
    WATCH,
    Current,
    at,
    client_tls,
    details,
    machines,
    reason,
    who_am_i,
    workstation,
)
from tests.unit.edge.opponents import Practice
from tests.unit.edge.pki import Site
from tests.unit.edge.requests import right


@pytest.fixture
def practice() -> Practice:
    return Practice(said={"GetSystem": who_am_i})


async def test_a_workstation_calls_with_json(practice: Practice, tmp_path: Path) -> None:
    async with workstation(practice, tmp_path) as opened:
        async with opened.post(SYSTEM, json={}) as answer:
            assert (answer.status, answer.content_type) == (200, "application/json")
            body = await answer.json()
            assert body == {"system": {"caller": "workstations/w-1", "version": "127.0.0.1 30.0", "callerRole": "Ä"}}
        async with opened.post(SYSTEM, json={}, headers={"Connect-Timeout-Ms": "1500"}) as answer:
            assert (await answer.json())["system"]["version"] == "127.0.0.1 1.5"


async def test_every_rpc_answers(practice: Practice, tmp_path: Path) -> None:
    async with workstation(practice, tmp_path) as opened:
        (key,) = practice.registry.by
        for rpc in rpcs():
            method = practice.methods[rpc.name]
            body = reply_json(right(method.request))
            if method.rule.unauthenticated:
                async with opened.post(f"/{rpc.name}", json=body) as answer:
                    assert answer.status == 404
                continue
            practice.registry.change(practice.registry.by[key], role=min(method.rule.roles))
            headers = NDJSON if rpc.streams else {}
            async with opened.post(f"/{rpc.name}", json=body, headers=headers) as answer:
                assert answer.status == 200, await answer.text()
                if rpc.streams:
                    assert json.loads(await answer.content.readline()) == {"result": {}}
                    answer.close()


async def test_errors_have_the_same_details_as_grpc(practice: Practice, tmp_path: Path) -> None:
    async with workstation(practice, tmp_path, Role.SIGNER) as opened:
        async with opened.post(VERIFY, json={"requestId": "x", "pin": "PIN_CH", "cart": 1}) as answer:
            assert answer.status == 400
            error = await answer.json()
        assert error["code"] == "invalid_argument"
        bad = BadRequest.FromString(details(error)["google.rpc.BadRequest"])
        assert [violation.field for violation in bad.field_violations] == ["cart", "request_id", "card"]
        assert error["details"][0]["debug"]["reason"] == "REASON_INVALID_ARGUMENT"
        async with opened.post("/kartenwart.api.audit.v1.AuditService/VerifyAudit", json={}) as answer:
            assert (answer.status, reason(await answer.json())) == (403, "ROLE_MISSING")


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/kartenwart.api.tea.v1.TeaService/Brew", {"Content-Type": "application/json"}, 404),
        ("POST", "/", {"Content-Type": "application/json"}, 404),
        ("GET", "/metrics", {}, 404),
        ("GET", "/healthz", {}, 404),
        ("GET", SYSTEM, {}, 405),
        ("OPTIONS", SYSTEM, {}, 405),
        ("POST", SYSTEM, {"Content-Type": "text/plain"}, 415),
        ("POST", SYSTEM, {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ("POST", SYSTEM, {"Content-Type": "application/json; charset=latin-1"}, 415),
        ("POST", SYSTEM, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
        ("POST", SYSTEM, {"Content-Type": "application/json", "Connect-Timeout-Ms": "soon"}, 400),
        ("POST", WATCH, {"Content-Type": "application/json"}, 406),
    ],
)
async def test_http_is_held_to_its_rules(
    practice: Practice, tmp_path: Path, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    async with (
        workstation(practice, tmp_path) as opened,
        opened.request(method, path, data=b"{}" if method == "POST" else None, headers=headers) as answer,
    ):
        assert answer.status == status
        assert (await answer.json())["details"]
        assert ("Allow" in answer.headers) is (status == 405)


async def test_who_is_not_enrolled_or_revoked_is_refused(practice: Practice, tmp_path: Path) -> None:
    leaf = practice.site.leaf("w")
    async with machines(practice) as door, at(door, client_tls(practice.site, leaf, tmp_path)) as opened:
        async with opened.post(SYSTEM, json={}) as answer:
            assert (answer.status, reason(await answer.json())) == (401, "UNAUTHENTICATED")
        known = practice.registry.add(leaf, Role.VIEWER)
        async with opened.post(SYSTEM, json={}) as answer:
            assert answer.status == 200
        practice.registry.change(known, revoked_at=practice.clock.now())
        async with opened.post(SYSTEM, json={}) as answer:
            assert (answer.status, reason(await answer.json())) == (401, "REVOKED")


@pytest.mark.parametrize("certificate", ["none", "another site's"])
async def test_tls_itself_refuses_who_has_no_certificate_of_the_site(
    practice: Practice, tmp_path: Path, certificate: str
) -> None:
    leaf = None if certificate == "none" else Site("Other").leaf("w")
    async with machines(practice) as door, at(door, client_tls(practice.site, leaf, tmp_path)) as opened:
        with pytest.raises(aiohttp.ClientError):
            await opened.post(SYSTEM, json={})


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:ssl.OP_NO:DeprecationWarning")
@pytest.mark.parametrize(("version", "welcome"), [(0x0302, False), (0x0303, True), (0x0304, True)])
async def test_tls_is_12_or_newer(practice: Practice, tmp_path: Path, version: int, welcome: bool) -> None:
    leaf = practice.site.leaf("w")
    practice.registry.add(leaf, Role.VIEWER)
    tls = client_tls(practice.site, leaf, tmp_path)
    tls.set_ciphers("ALL:@SECLEVEL=0")
    tls.minimum_version = tls.maximum_version = ssl.TLSVersion(version)
    statuses = []
    async with machines(practice) as door, at(door, tls) as opened:
        with suppress(aiohttp.ClientError):
            async with opened.post(SYSTEM, json={}) as answer:
                statuses.append(answer.status)
    assert statuses == ([200] if welcome else [])


async def test_a_new_certificate_needs_no_restart(practice: Practice, tmp_path: Path) -> None:
    leaf = practice.site.leaf("w")
    practice.registry.add(leaf, Role.VIEWER)
    later = Site("Later")
    current = Current(practice.site.server())
    async with machines(practice, current) as door:
        async with at(door, client_tls(practice.site, leaf, tmp_path)) as opened:
            assert (await opened.post(SYSTEM, json={})).status == 200
        current.identity = later.server()
        async with at(door, client_tls(later, later.leaf("w", key=leaf.key), tmp_path)) as opened:
            assert (await opened.post(SYSTEM, json={})).status == 200
        async with at(door, client_tls(practice.site, leaf, tmp_path)) as opened:
            with pytest.raises(aiohttp.ClientError):
                await opened.post(SYSTEM, json={})


async def test_a_stream_is_one_object_per_line_and_says_why_it_ends(practice: Practice, tmp_path: Path) -> None:
    async def pour(_request: Any, _call: Call) -> AsyncIterator[Reply]:
        shared = Shared(WatchInventoryResponse(cursor="one"))
        yield shared
        yield shared
        await asyncio.sleep(3600)

    practice = Practice(said={"WatchInventory": pour})
    async with (
        workstation(practice, tmp_path) as opened,
        opened.post(WATCH, json={}, headers=NDJSON) as answer,
    ):
        assert answer.content_type == "application/x-ndjson"
        for _ in range(2):
            assert json.loads(await answer.content.readline()) == {"result": {"cursor": "one"}}
        started = time.monotonic()
        (known,) = practice.registry.by.values()
        practice.registry.change(known, revoked_at=practice.clock.now())
        last = json.loads(await answer.content.readline())
        assert time.monotonic() - started < 0.5
        assert (last["error"]["code"], reason(last["error"])) == ("unauthenticated", "REVOKED")
        assert await answer.content.read() == b""


async def test_a_stream_that_is_refused_at_once_is_an_ordinary_error(practice: Practice, tmp_path: Path) -> None:
    path = "/kartenwart.api.job.v1.JobService/WatchJob"
    async with workstation(practice, tmp_path) as opened, opened.post(path, json={}, headers=NDJSON) as answer:
        assert (answer.status, reason(await answer.json())) == (403, "ROLE_MISSING")


async def test_a_caller_that_leaves_gives_back_its_place(practice: Practice, tmp_path: Path) -> None:
    async with workstation(practice, tmp_path) as opened:
        async with opened.post(WATCH, json={}, headers=NDJSON) as answer:
            await answer.content.readline()
            assert practice.edge._limiter.open_streams == 1
            answer.close()
        for _ in range(100):
            await asyncio.sleep(0.02)
            if not practice.edge._limiter.open_streams:
                break
        assert practice.edge._limiter.open_streams == 0
    assert practice.reports == []


async def test_a_reader_that_is_slow_holds_nobody_and_no_memory(practice: Practice, tmp_path: Path) -> None:
    sent = 0
    line = Shared(WatchInventoryResponse(cursor="x" * 100_000))

    async def pour(_request: Any, _call: Call) -> AsyncIterator[Reply]:
        nonlocal sent
        while True:
            sent += 1
            yield line
            await asyncio.sleep(0)

    practice = Practice(said={"WatchInventory": pour, "GetSystem": who_am_i})
    async with workstation(practice, tmp_path) as opened, opened.post(WATCH, json={}, headers=NDJSON) as answer:
        for _ in range(100):
            before = sent
            await asyncio.sleep(0.05)
            if sent == before:
                break
        assert sent == before, "the writer waits for a reader that does not read"
        async with opened.post(SYSTEM, json={}) as other:
            assert other.status == 200
        answer.close()


async def test_bodies_are_capped_and_chunks_pass(practice: Practice, tmp_path: Path) -> None:
    path = "/kartenwart.api.document.v1.DocumentService/UploadChunk"
    chunk = base64.b64encode(b"x" * 1024 * 1024).decode()
    async with workstation(practice, tmp_path, Role.SIGNER) as opened:
        body = json.dumps({"document": "documents/d-1", "data": chunk}).encode()
        headers = {"Content-Type": "application/json"}
        async with opened.post(path, data=io.BytesIO(body), headers=headers) as answer:
            assert answer.status == 200
        async with opened.post(path, data=io.BytesIO(body + b" " * 1024 * 1024), headers=headers) as answer:
            assert (answer.status, reason(await answer.json())) == (413, "LIMIT_EXCEEDED")

        async def endless() -> AsyncIterator[bytes]:
            for _ in range(1000):
                yield b" " * 10_000

        with suppress(aiohttp.ClientError):  # the door may hang up on who goes on sending
            async with opened.post(SYSTEM, data=endless(), headers=headers) as answer:
                assert answer.status == 413


async def test_a_port_in_use_is_said_in_clear_words(practice: Practice) -> None:
    identity = Current(practice.site.server())
    async with machines(practice) as door:
        second = machine_door(
            edge=practice.edge, methods=practice.methods, address="127.0.0.1", port=door.port, identity=identity
        )
        with pytest.raises(PortTakenError, match=f"127.0.0.1 port {door.port}.*another agent"):
            await second.__aenter__()


async def test_a_stop_tells_open_streams_and_is_quick(practice: Practice, tmp_path: Path) -> None:
    leaf = practice.site.leaf("w")
    practice.registry.add(leaf, Role.VIEWER)
    async with (
        machines(practice) as door,
        at(door, client_tls(practice.site, leaf, tmp_path)) as opened,
        opened.post(WATCH, json={}, headers=NDJSON) as answer,
    ):
        await answer.content.readline()
        started = time.monotonic()
        await door.__aexit__(None, None, None)
        assert time.monotonic() - started < 2
        assert reason(json.loads(await answer.content.readline())["error"]) == "AGENT_UNAVAILABLE"
