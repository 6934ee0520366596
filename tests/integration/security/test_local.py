"""At the box itself: who may use its socket, by which name, and that a second agent disturbs nobody."""

import asyncio
import grp
import os
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import pytest_asyncio

from kartenwart.client import connect_locally
from tests.integration.security.conftest import kartenwart, lone_box
from tests.lacking import lacking
from tests.practice import Agent

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("security-enrolment")]

GROUP = "games"  # some group that every Debian has, and root is not in
NOBODY, STRANGER = 65534, 54321
# Becomes another user, then asks the box who it is; prints the answer's status and body, or the error.
ASK = """
import http.client, json, os, socket, sys
path, uid, groups = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
os.setgroups(groups)
os.setgid(uid)
os.setuid(uid)
link = socket.socket(socket.AF_UNIX)
try:
    link.connect(path)
except OSError as error:
    sys.exit(print(type(error).__name__))
http_link = http.client.HTTPConnection("box")
http_link.sock = link
json_type = {"Content-Type": "application/json"}
http_link.request("POST", "/kartenwart.api.system.v1.SystemService/GetSystem", "{}", json_type)
answer = http_link.getresponse()
print(answer.status, json.loads(answer.read())["system"]["caller"])
"""


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, so that only the socket's own rights decide."""
    with TemporaryDirectory(prefix="kartenwart-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def box(tmp_path_factory: pytest.TempPathFactory, open_folder: Path) -> AsyncIterator[Agent]:
    if os.geteuid() != 0:
        lacking("needs root: becomes other users to knock at the socket")
    folder = tmp_path_factory.mktemp("local")
    async with lone_box(folder / "box", open_folder / "kw.sock", GROUP) as agent:
        yield agent


async def ask(path: Path, uid: int, *groups: int) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ASK, path, str(uid), str(list(groups))), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 20)
    return out.decode().strip()


async def test_who_is_not_in_the_group_cannot_connect(box: Agent, open_folder: Path) -> None:
    path, members = open_folder / "kw.sock", grp.getgrnam(GROUP).gr_gid
    facts = path.stat()
    assert (stat.S_IMODE(facts.st_mode), facts.st_gid) == (0o660, members)
    assert await ask(path, NOBODY) == "PermissionError"
    assert await ask(path, STRANGER) == "PermissionError"


async def test_the_kernel_says_who_calls(box: Agent, open_folder: Path) -> None:
    path, members = open_folder / "kw.sock", grp.getgrnam(GROUP).gr_gid
    assert await ask(path, NOBODY, members) == "200 local/nobody"
    assert await ask(path, STRANGER, members) == "200 local/uid-54321"
    async with connect_locally(path) as person:
        assert (await person.system.get()).caller == "local/root"


@pytest.mark.parametrize("shared", ["state", "socket", "grpc_port", "json_port", "enrol_port"])
async def test_a_second_agent_refuses_to_start_and_disturbs_nobody(
    box: Agent, open_folder: Path, tmp_path: Path, shared: str
) -> None:
    path = open_folder / "kw.sock"
    before = path.stat().st_ino, (box.folder / "state" / "agent.lock").read_text()
    settings = (box.folder / "kartenwart.toml").read_text()
    if shared != "socket":
        settings = settings.replace(str(path), str(tmp_path / "second.sock"))
    if shared == "state":
        settings = settings.replace('"state"', f'"{box.folder / "state"}"')
    if shared in box.ready:
        settings = settings.replace(f"{shared} = 0", f"{shared} = {box.ready[shared]}")
    (tmp_path / "kartenwart.toml").write_text(settings)
    said = await kartenwart("agent", "run", "--config", tmp_path / "kartenwart.toml")
    assert said.status == 1
    words = [line for line in said.err.splitlines() if line.startswith("kartenwart: ")]
    assert len(words) == 1, said.err
    clear = "läuft schon ein Kartenwart" if shared == "state" else "another agent"
    assert clear in words[0]
    assert "Traceback" not in said.out + said.err
    assert (path.stat().st_ino, (box.folder / "state" / "agent.lock").read_text()) == before
    async with connect_locally(path) as person:
        assert (await person.system.get()).box_id == box.ready["box_id"]
    assert not (tmp_path / "second.sock").exists()
    assert not (tmp_path / "ready.json").exists()
