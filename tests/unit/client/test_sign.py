"""From bytes to bytes: chunks, a job, a result that must be what was asked for."""

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.client import CallFailed, JobFailed, Kartenwart, OutcomeUnknown, connect_locally

LETTER = bytes(range(256)) * 40
CHUNK = 4096
SIGNED = b"signed " + LETTER


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Box:
    """A box's document and signature services, in memory, on a real socket."""

    def __init__(self) -> None:
        self.received = b""
        self.calls: list[str] = []
        self.job: dict[str, Any] = {"name": "jobs/j-1", "state": "JOB_STATE_SUCCEEDED", "requestId": "r-1"}
        self.job["signDocuments"] = {
            "documents": [{"output": "documents/out", "inputSha256": sha256(LETTER), "outputSha256": sha256(SIGNED)}]
        }
        self.known = False
        self.refused = False
        self.deleted: list[str] = []
        self.result = SIGNED

    async def serve(self, request: web.Request) -> web.Response:
        name = request.path.rpartition("/")[2]
        self.calls.append(name)
        answer = getattr(self, name.lower())(await request.json())
        return web.json_response(answer, status=400 if "code" in answer else 200)

    def listjobs(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"jobs": [self.job] if self.known else []}

    def createdocument(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert (int(asked["size"]), asked["sha256"]) == (len(LETTER), sha256(LETTER))
        return {"document": {"name": "documents/in", "size": asked["size"]}, "chunkSize": CHUNK}

    def uploadchunk(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert int(asked.get("offset", 0)) == len(self.received)
        data = base64.b64decode(asked["data"])
        assert len(data) <= CHUNK
        self.received += data
        return {"document": {"name": "documents/in", "size": str(len(LETTER)), "received": str(len(self.received))}}

    def signdocuments(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["requestId"] == "r-1"
        assert asked["documents"] == [
            {"document": "documents/in", "format": "SIGNATURE_FORMAT_PADES", "shortText": "Dokument"}
        ]
        return {"code": "failed_precondition", "message": "no PDF/A"} if self.refused else {"job": self.job}

    def downloadchunk(self, asked: dict[str, Any]) -> dict[str, Any]:
        offset = int(asked.get("offset", 0))
        return {"data": base64.b64encode(self.result[offset : offset + CHUNK]).decode()}

    def deletedocument(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.deleted.append(asked["document"])
        return {}


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
async def client(box: Box, tmp_path: Path) -> AsyncIterator[Kartenwart]:
    app = web.Application()
    app.router.add_post("/{tail:.*}", box.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "box.sock")).start()
    async with connect_locally(tmp_path / "box.sock") as connected:
        yield connected
    await runner.cleanup()


async def sign(client: Kartenwart, content: bytes = LETTER) -> bytes:
    signed = await client.sign(
        content,
        mime_type="application/pdf",
        format=signature_pb2.SIGNATURE_FORMAT_PADES,
        card="cards/c-1",
        request_id="r-1",
    )
    await client.acknowledge(signed)
    return signed.content


async def test_the_whole_way_in_chunks(box: Box, client: Kartenwart) -> None:
    assert await sign(client) == SIGNED
    assert box.received == LETTER
    assert (box.calls[-1], box.deleted) == ("DeleteDocument", ["documents/out"])


async def test_what_was_uploaded_in_vain_is_deleted(box: Box, client: Kartenwart) -> None:
    box.refused = True
    with pytest.raises(CallFailed):
        await sign(client)
    assert box.deleted == ["documents/in"]


async def test_a_known_request_is_attached_to_without_upload(box: Box, client: Kartenwart) -> None:
    box.known = True
    assert await sign(client) == SIGNED
    assert not {"CreateDocument", "UploadChunk", "SignDocuments"} & set(box.calls)


async def test_a_known_request_for_another_document_is_refused(box: Box, client: Kartenwart) -> None:
    box.known = True
    with pytest.raises(CallFailed) as caught:
        await sign(client, LETTER + b"!")
    assert caught.value.reason == "REQUEST_ID_REUSED"


async def test_a_changed_result_is_not_handed_out(box: Box, client: Kartenwart) -> None:
    box.result = SIGNED[:-1] + b"!"
    with pytest.raises(CallFailed) as caught:
        await sign(client)
    assert caught.value.reason == "DOCUMENT_INCOMPLETE"
    assert "DeleteDocument" not in box.calls


async def test_a_result_that_is_gone_says_so(box: Box, client: Kartenwart) -> None:
    box.known = True
    del box.job["signDocuments"]["documents"][0]["output"]
    with pytest.raises(CallFailed) as caught:
        await sign(client)
    assert caught.value.reason == "NOT_FOUND"


@pytest.mark.parametrize(
    ("state", "kind"), [("JOB_STATE_FAILED", JobFailed), ("JOB_STATE_OUTCOME_UNKNOWN", OutcomeUnknown)]
)
async def test_other_ends_are_raised_with_their_job(
    box: Box, client: Kartenwart, state: str, kind: type[JobFailed]
) -> None:
    box.job = {**box.job, "state": state, "failure": {"reason": "REASON_PIN_ABORTED"}}
    with pytest.raises(JobFailed) as caught:
        await sign(client)
    assert type(caught.value) is kind
    assert caught.value.job.name == "jobs/j-1"
