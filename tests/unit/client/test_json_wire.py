"""The JSON door's client side, against a real HTTP server on a UNIX socket."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from kartenwart.api.card.v1 import card_pb2
from kartenwart.client import BoxUnreachable, CallFailed, connect_locally
from tests.lacking import lacking

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CARDS = "/kartenwart.api.card.v1.CardService/ListCards"
EVENTS = "/kartenwart.api.inventory.v1.InventoryService/WatchEvents"


@asynccontextmanager
async def door(folder: Path, path: str, handler: Handler) -> AsyncIterator[Path]:
    app = web.Application()
    app.router.add_post(path, handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, str(folder / "box.sock")).start()
    try:
        yield folder / "box.sock"
    finally:
        await runner.cleanup()


async def test_a_call_is_json_both_ways(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.content_type == "application/json"
        assert await request.json() == {"types": ["CARD_TYPE_SMC_B"]}
        return web.json_response({"cards": [{"name": "cards/c-1", "iccsnTail": "0101"}], "ofANewerBox": 1})

    async with door(tmp_path, CARDS, handler) as socket, connect_locally(socket) as box:
        cards = await box.cards.list(card_pb2.CARD_TYPE_SMC_B)
    assert [(card.name, card.iccsn_tail) for card in cards] == [("cards/c-1", "0101")]


async def test_a_refusal_keeps_its_code(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response({"code": "permission_denied", "message": "no"}, status=403)

    async with door(tmp_path, CARDS, handler) as socket, connect_locally(socket) as box:
        with pytest.raises(CallFailed) as caught:
            await box.cards.list()
    assert caught.value.code == "PERMISSION_DENIED"


@pytest.mark.parametrize("body", ["", "[]", "null", "{", '{"cards": 3}', "<html>"])
async def test_an_answer_that_is_none_is_a_failure(tmp_path: Path, body: str) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=body, content_type="application/json")

    async with door(tmp_path, CARDS, handler) as socket, connect_locally(socket) as box:
        with pytest.raises(CallFailed) as caught:
            await box.cards.list()
    assert caught.value.reason == "ANSWER_INVALID"


@pytest.mark.parametrize("body", ["", "[]", "null", "nothing", '{"code": 7, "details": [3]}'])
async def test_a_refusal_that_is_no_json_names_the_status(tmp_path: Path, body: str) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=body, status=502)

    async with door(tmp_path, CARDS, handler) as socket, connect_locally(socket) as box:
        with pytest.raises(CallFailed):
            await box.cards.list()


async def test_a_stream_goes_on_behind_the_last_event(tmp_path: Path) -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        assert request.headers["Accept"] == "application/x-ndjson"
        asked.append((await request.json()).get("cursor", ""))
        response = web.StreamResponse()
        await response.prepare(request)
        line = {"result": {"cursor": f"{asked[-1]}x", "event": {"subject": "cards/c-1"}}}
        await response.write(json.dumps(line).encode() + b"\n")
        if len(asked) == 1:
            assert request.transport is not None
            request.transport.abort()
        return response

    async with door(tmp_path, EVENTS, handler) as socket, connect_locally(socket) as box:
        stream = box.inventory.watch_events()
        cursors = [(await asyncio.wait_for(anext(stream), 5)).cursor for _ in range(2)]
        await stream.aclose()  # type: ignore[attr-defined]
    assert cursors == ["x", "xx"]
    assert asked == ["", "x"]


async def test_an_error_line_ends_a_stream(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        error = {"code": "unauthenticated", "message": "revoked"}
        return web.Response(text=json.dumps({"error": error}) + "\n", content_type="application/x-ndjson")

    async with door(tmp_path, EVENTS, handler) as socket, connect_locally(socket) as box:
        with pytest.raises(CallFailed) as caught:
            await anext(box.inventory.watch_events())
    assert caught.value.code == "UNAUTHENTICATED"


async def test_no_socket_means_no_box(tmp_path: Path) -> None:
    with pytest.raises(BoxUnreachable):
        async with connect_locally(tmp_path / "box.sock"):
            pass


async def test_a_socket_that_nobody_serves_is_unreachable(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        raise AssertionError

    async with door(tmp_path, CARDS, handler) as socket:
        kept = socket.with_name("kept.sock")
        kept.hardlink_to(socket)
    async with connect_locally(kept) as box:
        with pytest.raises(BoxUnreachable):
            await box.cards.list()


@pytest.mark.parametrize("closed", ["folder", "socket"])
def test_whoever_is_not_in_the_group_is_told_so(closed: str) -> None:
    if os.getuid() != 0:
        lacking("needs root, to become nobody")
    program = """
import asyncio, os, socket, sys
from pathlib import Path
from kartenwart.client import BoxUnreachable, connect_locally
path = Path(sys.argv[1])
listening = socket.socket(socket.AF_UNIX)
listening.bind(str(path))
os.chmod(path, 0o600)
os.chmod(path.parent, 0o700 if sys.argv[2] == "folder" else 0o755)
async def main():
    async with connect_locally(path): pass
async def nobody():
    os.setuid(65534)
    try:
        await main()
    except BoxUnreachable as error:
        print(error)
import kartenwart.client.local
asyncio.run(nobody())
"""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        words = [sys.executable, "-c", program, f"{folder}/box.sock", closed]
        env = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(words, capture_output=True, text=True, env=env, timeout=30, check=False)
    assert "group" in done.stdout, done.stderr
