"""What a known workstation may send: bounded, typed, every mistake with its path, and never a defect of ours."""

import asyncio
import json as jsons
import ssl
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
import grpc
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from kartenwart.api.document.v1 import document_service_pb2 as documents_pb2
from kartenwart.api.pin.v1 import pin_service_pb2
from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.api.workstation.v1 import workstation_pb2, workstation_service_pb2
from kartenwart.client import CallFailed, Profile, connect_locally, enrol_by_token
from kartenwart.client.failures import from_connect_error, from_status
from kartenwart.client.grpc_wire import open_channel
from kartenwart.client.json_wire import unix_wire
from kartenwart.client.wire import Wire
from tests.integration.security.conftest import grpc as by_grpc
from tests.integration.security.conftest import json as by_json
from tests.integration.security.conftest import lone_box, trust
from tests.practice import Agent

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("security-slow")]

PINS = "kartenwart.api.pin.v1.PinService"
SYSTEM = "kartenwart.api.system.v1.SystemService/GetSystem"
MIB = 1024 * 1024
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A workstation with both wires, and their bytes."""

    box: Agent
    profile: Profile
    wires: tuple[Wire, Wire]
    channel: grpc.aio.Channel
    http: aiohttp.ClientSession
    tls: ssl.SSLContext

    async def raw(self, method: str, data: bytes, metadata: tuple[tuple[str, str], ...] = ()) -> CallFailed:
        """Send bytes as they are by gRPC, and return the refusal."""
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self.channel.unary_unary(f"/{method}")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(data, timeout=10, metadata=metadata)
        error = refused.value
        details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
        assert isinstance(details, bytes)
        return from_status(details, code=error.code().name, message=error.details() or "")

    async def post(
        self, method: str, data: bytes, headers: dict[str, str] | None = None
    ) -> tuple[int, CallFailed | None]:
        """Send bytes as they are by HTTPS; return the status and the refusal, where it is in our shape."""
        url = f"https://127.0.0.1:{self.profile.address.json_port}/{method}"
        async with self.http.post(url, data=data, headers=JSON if headers is None else headers, ssl=self.tls) as answer:
            text = await answer.text()
            ours = answer.content_type == "application/json" and answer.status != 200
            return answer.status, from_connect_error(jsons.loads(text)) if ours else None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def caller(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Caller]:
    folder = tmp_path_factory.mktemp("input")
    async with AsyncExitStack() as stack:
        box = await stack.enter_async_context(lone_box(folder / "box"))
        async with connect_locally(box.socket) as person:
            made = await person.enrolments.token(role=workstation_pb2.ROLE_SIGNER, contexts=(), users=())
        profile = await enrol_by_token(
            box.address, token=made.token, site_fingerprint=made.site_fingerprint, label="Eins", folder=folder / "one"
        )
        wires = await stack.enter_async_context(by_grpc(profile)), await stack.enter_async_context(by_json(profile))
        channel = await stack.enter_async_context(open_channel(profile))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield Caller(box=box, profile=profile, wires=wires, channel=channel, http=http, tls=trust(profile))


WRONG_EVERYWHERE = (
    (
        pin_service_pb2.VerifyPinRequest(
            request_id="1; DROP TABLE jobs",
            card="cards/../../etc/passwd",
            context="contexts/\u202e",
            user="Erika",
            wait=Duration(seconds=26),
        ),
        pin_service_pb2.VerifyPinResponse,
        {"request_id", "card", "context", "pin", "user", "wait"},
    ),
    (
        signature_pb2.SignDocumentsRequest(
            request_id=str(uuid.UUID(int=1)),
            card="cards/c-1",
            documents=[signature_pb2.DocumentToSign(document="d", short_text="Größe <script>")],
            wait=Duration(seconds=-1),
        ),
        signature_pb2.SignDocumentsResponse,
        {"documents[0].document", "documents[0].format", "documents[0].short_text", "wait"},
    ),
    (
        documents_pb2.CreateDocumentRequest(size=-1, sha256="A" * 64, mime_type="text/html"),
        documents_pb2.CreateDocumentResponse,
        {"size", "sha256", "mime_type"},
    ),
    (
        documents_pb2.UploadChunkRequest(document="documents/d-1", offset=-(2**63), data=b""),
        documents_pb2.UploadChunkResponse,
        {"offset", "data"},
    ),
    (
        workstation_service_pb2.RenewCertificateRequest(certificate_request=b"x"),
        workstation_service_pb2.RenewCertificateResponse,
        {"certificate_request"},
    ),
)


@pytest.mark.parametrize(("request_", "reply", "paths"), WRONG_EVERYWHERE)
async def test_every_violation_is_said_with_its_path_by_both(
    caller: Caller, request_: Message, reply: type[Message], paths: set[str]
) -> None:
    told = []
    for wire in caller.wires:
        with pytest.raises(CallFailed) as refused:
            await wire.call(request_, reply)
        assert (refused.value.code, refused.value.reason) == ("INVALID_ARGUMENT", "INVALID_ARGUMENT")
        violations = refused.value.failure.violations
        assert {one.field for one in violations} == paths
        assert all(one.description for one in violations)
        told.append(violations)
    assert told[0] == told[1]
    assert not any(part in str(told) for part in ("DROP", "passwd", "Erika", "<script"))


async def test_what_only_bytes_can_say_is_refused_by_grpc(caller: Caller) -> None:
    unreadable = await caller.raw(f"{PINS}/VerifyPin", b"\xff\xff\xff")
    not_utf8 = await caller.raw(f"{PINS}/VerifyPin", b"\x0a\x02\xc3\x28")
    unknown_enum = await caller.raw(f"{PINS}/VerifyPin", b"\x20\x63")
    for one in (unreadable, not_utf8, unknown_enum):
        assert one.code == "INVALID_ARGUMENT"
    assert "pin" in {one.field for one in unknown_enum.failure.violations}
    stuffed = await caller.raw(SYSTEM, b"\xfa\x07" + b"\xff\xff\x07" + b"x" * 131071)
    chunk = documents_pb2.UploadChunkRequest(document="documents/d-1", data=b"x" * (MIB + 1)).SerializeToString()
    too_long = await caller.raw("kartenwart.api.document.v1.DocumentService/UploadChunk", chunk)
    huge = await caller.raw("kartenwart.api.document.v1.DocumentService/UploadChunk", b"x" * (5 * MIB))
    metadata = await caller.raw(SYSTEM, b"", (("x-much", "x" * 40_000),))
    assert (stuffed.code, stuffed.reason) == ("RESOURCE_EXHAUSTED", "LIMIT_EXCEEDED")
    assert too_long.reason == "INVALID_ARGUMENT"
    assert huge.code == metadata.code == "RESOURCE_EXHAUSTED"
    assert (await caller.raw("kartenwart.api.card.v1.CardService/Burn", b"")).reason == "UNIMPLEMENTED"
    assert (
        await caller.raw("kartenwart.api.enrolment.v1.EnrolmentExchangeService/Commit", b"")
    ).reason == "UNIMPLEMENTED"


DEEP = b'{"wait":' + b'{"a":' * 5000 + b"1" + b"}" * 5001
BODIES = (
    (b"", 400, {""}),
    (b"[]", 400, {""}),
    (b"null", 400, {""}),
    (b'{"card":"\xc3\x28"}', 400, {""}),
    (b'{"pin":NaN}', 400, {""}),
    (b"[" * 100_000, 413, set[str]()),
    (b"[" * 50_000, 400, {""}),
    (DEEP, 400, {""}),
    (b'{"nested":{"deep":1}}', 400, {"nested"}),
    (b'{"wait":{"seconds":1}}', 400, {"wait"}),
    (b'{"card":1,"pin":"PIN_OF_TOMORROW","force":"yes"}', 400, {"card", "pin", "force"}),
    (b'{"card":"cards/c-1","card":"cards/c-2"}', 400, {"card"}),
    (b'{"request_id":"a","requestId":"b"}', 400, {"request_id"}),
    (b'{"pin":' + b"9" * 5000 + b"}", 400, {""}),
)


@pytest.mark.parametrize(("body", "status", "paths"), BODIES, ids=range(len(BODIES)))
async def test_what_only_json_can_say_is_refused_by_the_door(
    caller: Caller, body: bytes, status: int, paths: set[str]
) -> None:
    told, refused = await caller.post(f"{PINS}/VerifyPin", body)
    assert told == status
    assert refused is not None
    assert paths <= {one.field for one in refused.failure.violations}


async def test_http_itself_is_bounded(caller: Caller) -> None:
    wrong_type = await caller.post(SYSTEM, b"{}", {"Content-Type": "text/xml"})
    latin = await caller.post(SYSTEM, b"{}", {"Content-Type": "application/json; charset=latin-1"})
    zipped = await caller.post(SYSTEM, b"{}", {**JSON, "Content-Encoding": "gzip"})
    assert [status for status, _ in (wrong_type, latin, zipped)] == [415, 415, 415]
    assert (await caller.post(SYSTEM, b"{}", {**JSON, "Connect-Timeout-Ms": "-1"}))[0] == 400
    assert (await caller.post(SYSTEM, b"x" * (MIB // 2)))[0] == 413
    assert (await caller.post(SYSTEM, b"{}", {**JSON, "X-Much": "x" * 9000}))[0] == 400
    assert (await caller.post(SYSTEM + "?" + "x" * 3000, b"{}"))[0] == 400
    assert (await caller.post("x" * 300, b"{}"))[0] == 404
    assert (await caller.post(SYSTEM, b"{}"))[0] == 200


async def test_health_says_a_status_and_metrics_are_for_the_box_only(caller: Caller) -> None:
    base = f"https://127.0.0.1:{caller.profile.address.json_port}"
    for path in ("/metrics", "/healthz"):
        async with caller.http.get(base + path, ssl=caller.tls) as answer:
            assert answer.status == 404
    connector = aiohttp.UnixConnector(path=str(caller.box.socket))
    async with aiohttp.ClientSession(connector=connector) as local:
        async with local.get("http://box/healthz") as answer:
            assert (answer.status, await answer.read()) == (200, b"")
        async with local.get("http://box/metrics") as answer:
            assert answer.status == 200
            text = await answer.text()
    assert "kartenwart_incidents_total 0.0" in text.splitlines()
    assert caller.profile.workstation not in text
    assert "incident" not in caller.box.said
    async with unix_wire(caller.box.socket) as wire:
        request = pin_service_pb2.VerifyPinRequest()
        with pytest.raises(CallFailed):
            await wire.call(request, pin_service_pb2.VerifyPinResponse)
    await asyncio.sleep(0)
