"""Rogue boxes and men in the middle: people compare codes, and the workstation keeps nothing that was not confirmed."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client import (
    Address,
    BoxUntrusted,
    CallFailed,
    EnrolmentRefused,
    Kartenwart,
    connect_locally,
    enrol,
    enrol_by_token,
    exchange,
    reception,
)
from tests.integration.security.conftest import lone_box
from tests.integration.security.relay import Relay, man_in_the_middle
from tests.practice import Agent

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("security-enrolment")]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The box, its technician with enrolment open, and the one between."""

    box: Agent
    person: Kartenwart
    relay: Relay
    folder: Path

    @property
    def through_the_relay(self) -> Address:
        return Address(host="127.0.0.1", enrol_port=self.relay.port)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    folder = tmp_path_factory.mktemp("scene")
    async with AsyncExitStack() as stack:
        box = await stack.enter_async_context(lone_box(folder / "box"))
        person = await stack.enter_async_context(connect_locally(box.socket))
        await person.enrolments.open()
        relay = await stack.enter_async_context(man_in_the_middle(box.address, box.ready["box_id"], folder))
        yield Scene(box=box, person=person, relay=relay, folder=folder)


async def approve(person: Kartenwart, code: str) -> str:
    answer = await person.enrolments.approve(code, role=workstation_pb2.ROLE_UNSPECIFIED, contexts=(), users=())
    return str(answer.code)


async def test_a_man_in_the_middle_yields_another_code_and_nothing_is_stored(scene: Scene) -> None:
    folder, shown = scene.folder / "victim", asyncio.Queue[str]()

    async def never(_code: str) -> bool:
        pytest.fail("nobody is asked to confirm")

    task = asyncio.create_task(
        enrol(
            scene.through_the_relay, role="SIGNER", label="Opfer", show=shown.put_nowait, confirm=never, folder=folder
        )
    )
    code = await asyncio.wait_for(shown.get(), 10)
    with pytest.raises(CallFailed) as refused:
        await approve(scene.person, code)
    assert refused.value.reason == "ENROLMENT_CODE_UNKNOWN"
    pending = (await scene.person.enrolments.pending()).enrolments
    assert [one.label for one in pending] == ["Opfer"]
    await scene.person.enrolments.reject(pending[0].name)
    with pytest.raises(EnrolmentRefused):
        await asyncio.wait_for(task, 10)
    assert not folder.exists()


async def test_even_a_code_that_fits_by_chance_does_not_bring_his_root_into_the_profile(scene: Scene) -> None:
    """One time in a million the technician's code fits: then the roots differ, and the workstation keeps nothing."""
    del scene.relay.heard[:]
    async with reception(scene.through_the_relay) as seen:
        application = await seen.apply(role="SIGNER", label="Zufall")
        async with reception(scene.box.address) as honest:
            assert honest.site_fingerprint != seen.site_fingerprint
        code = what_the_box_computes(scene, bytes(scene.relay.heard), application.box_nonce)
        assert code != application.code
        assert await approve(scene.person, code) == code
        with pytest.raises(BoxUntrusted):
            await asyncio.wait_for(seen.approval(application), 10)


def what_the_box_computes(scene: Scene, heard: bytes, box_nonce: bytes) -> str:
    """The man in the middle has read everything, so he knows the box's own code; it is of no use to him."""
    commit = sent_object(heard, b'"commitment"')
    reveal = sent_object(heard, b'"workstationNonce"')
    root = (scene.box.folder / "state" / "site" / "root.pem").read_text()
    return exchange.code(
        box_id=scene.box.ready["box_id"],
        root=der_of(root),
        public_key=base64.b64decode(commit["publicKey"]),
        role="ROLE_SIGNER",
        label="Zufall",
        box_nonce=box_nonce,
        workstation_nonce=base64.b64decode(reveal["workstationNonce"]),
    )


def sent_object(heard: bytes, part: bytes) -> dict[str, str]:
    start = heard.rindex(b"{", 0, heard.index(part))
    found: dict[str, str] = json.loads(heard[start : heard.index(b"}", start) + 1])
    return found


def der_of(pem: str) -> bytes:
    return base64.b64decode("".join(pem.strip().splitlines()[1:-1]))


async def test_a_rogue_box_is_not_kept_when_the_user_says_that_the_codes_differ(scene: Scene) -> None:
    folder = scene.folder / "lured"
    async with lone_box(scene.folder / "rogue") as rogue, connect_locally(rogue.socket) as thief:
        await thief.enrolments.open()
        shown = asyncio.Queue[str]()

        async def thief_approves() -> None:
            code = await shown.get()
            await approve(thief, code)
            with pytest.raises(CallFailed) as refused:  # the practice's own technician types it at the real box
                await approve(scene.person, code)
            assert refused.value.reason == "ENROLMENT_CODE_UNKNOWN"

        async def compare(_code: str) -> bool:
            return False  # the real box shows no code at all

        thieves = asyncio.create_task(thief_approves())
        with pytest.raises(EnrolmentRefused):
            await enrol(rogue.address, role="SIGNER", label="X", show=shown.put_nowait, confirm=compare, folder=folder)
        await thieves
    assert not folder.exists()


async def test_a_token_never_leaves_for_another_root(scene: Scene) -> None:
    made = await scene.person.enrolments.token(role=workstation_pb2.ROLE_SIGNER, contexts=(), users=())
    folder = scene.folder / "unattended"
    del scene.relay.heard[:]
    with pytest.raises(BoxUntrusted):
        await enrol_by_token(
            scene.through_the_relay,
            token=made.token,
            site_fingerprint=made.site_fingerprint,
            label="Still",
            folder=folder,
        )
    assert made.token.encode() not in scene.relay.heard
    assert not folder.exists()
    # Where the fingerprint is that of the relay, it does leave: the search above can find it.
    async with reception(scene.through_the_relay) as seen:
        fingerprint = seen.site_fingerprint
    with pytest.raises(BoxUntrusted):
        await enrol_by_token(
            scene.through_the_relay, token=made.token, site_fingerprint=fingerprint, label="Still", folder=folder
        )
    assert made.token.encode() in scene.relay.heard
    assert not folder.exists()
