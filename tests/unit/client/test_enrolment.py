"""Enrolling at an honest box, and at several dishonest ones."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from google.protobuf.message import Message

from kartenwart.api.enrolment.v1 import enrolment_exchange_service_pb2 as exchange_pb2
from kartenwart.client import (
    Address,
    BoxUnreachable,
    BoxUntrusted,
    CallFailed,
    EnrolmentRefused,
    Profile,
    enrol,
    enrol_by_token,
)
from tests.unit.client.box_door import BoxDoor
from tests.unit.client.site import Site


@pytest.fixture
def door(tmp_path: Path) -> BoxDoor:
    (tmp_path / "box").mkdir()
    return BoxDoor(Site(), tmp_path / "box")


def approving(door: BoxDoor) -> Callable[[str], None]:
    """A technician who types the code that the workstation shows."""

    def show(code: str) -> None:
        door.decision = (
            exchange_pb2.ENROLMENT_STATE_APPROVED if code == door.code else exchange_pb2.ENROLMENT_STATE_REJECTED
        )

    return show


def says(answer: bool) -> Callable[[str], Awaitable[bool]]:
    async def confirm(code: str) -> bool:
        return answer

    return confirm


async def test_codes_compared_and_confirmed_make_a_profile(door: BoxDoor, tmp_path: Path) -> None:
    async with door.open() as address:
        profile = await enrol(
            address, role="SIGNER", label="Empfang 1", show=approving(door), confirm=says(True), folder=tmp_path
        )
    assert (profile.box_id, profile.workstation, profile.role) == ("box-testtest", "workstations/w-1", "WORKSTATION")
    assert profile.address.grpc_port == 4711
    assert profile.site_fingerprint == Profile.load(tmp_path).site_fingerprint
    assert Profile.load(tmp_path) == profile


async def test_nothing_is_stored_before_the_confirmation(door: BoxDoor, tmp_path: Path) -> None:
    async def confirm(code: str) -> bool:
        assert code == door.code
        assert not Profile.exists(tmp_path)
        return False

    async with door.open() as address:
        with pytest.raises(EnrolmentRefused):
            await enrol(address, role="SIGNER", label="x", show=approving(door), confirm=confirm, folder=tmp_path)
    assert not Profile.exists(tmp_path)


async def test_a_rejected_enrolment_says_so(door: BoxDoor, tmp_path: Path) -> None:
    door.decision = exchange_pb2.ENROLMENT_STATE_REJECTED
    async with door.open() as address:
        with pytest.raises(EnrolmentRefused, match="rejected"):
            await enrol(address, role="SIGNER", label="x", show=lambda _: None, confirm=says(True), folder=tmp_path)


async def test_polling_waits_for_the_technician(door: BoxDoor, tmp_path: Path) -> None:
    async def later() -> None:
        await asyncio.sleep(1.2)
        door.decision = exchange_pb2.ENROLMENT_STATE_APPROVED

    async with door.open() as address, asyncio.TaskGroup() as group:
        group.create_task(later())
        await enrol(address, role="SIGNER", label="x", show=lambda _: None, confirm=says(True), folder=tmp_path)
    assert Profile.exists(tmp_path)


async def test_a_closed_box_refuses(door: BoxDoor, tmp_path: Path) -> None:
    door.closed = True
    async with door.open() as address:
        with pytest.raises(CallFailed) as caught:
            await enrol(address, role="SIGNER", label="x", show=lambda _: None, confirm=says(True), folder=tmp_path)
    assert caught.value.code == "FAILED_PRECONDITION"


def other_root(message: Message) -> None:
    if isinstance(message, exchange_pb2.PollResponse):
        message.root = Site().root.der


def other_key(message: Message) -> None:
    if isinstance(message, exchange_pb2.PollResponse):
        message.certificate = Site().leaf("w-1").der


def other_name(message: Message) -> None:
    if isinstance(message, exchange_pb2.CommitResponse):
        message.box_id = "box-somebody"


@pytest.mark.parametrize("lie", [other_root, other_key, other_name])
async def test_a_lying_box_is_untrusted(door: BoxDoor, tmp_path: Path, lie: Callable[[Message], None]) -> None:
    door.lie = lie
    async with door.open() as address:
        with pytest.raises(BoxUntrusted):
            await enrol(address, role="SIGNER", label="x", show=approving(door), confirm=says(True), folder=tmp_path)
    assert not Profile.exists(tmp_path)


async def test_a_certificate_for_another_key_of_the_same_site_is_not_taken(door: BoxDoor, tmp_path: Path) -> None:
    def lie(message: Message) -> None:
        if isinstance(message, exchange_pb2.PollResponse):
            message.certificate = door.site.leaf("w-1").der

    door.lie = lie
    async with door.open() as address:
        with pytest.raises(BoxUntrusted):
            await enrol(address, role="SIGNER", label="x", show=approving(door), confirm=says(True), folder=tmp_path)


async def test_a_man_in_the_middle_shows_another_code(door: BoxDoor, tmp_path: Path) -> None:
    """He relays to the true box with his own root: the codes differ, so no technician's approval fits."""
    (tmp_path / "middle").mkdir()
    middle = BoxDoor(Site(), tmp_path / "middle")
    shown: list[str] = []

    def show(code: str) -> None:
        shown.append(code)
        middle.decision = exchange_pb2.ENROLMENT_STATE_APPROVED

    async def compare(code: str) -> bool:
        return code == door.code

    async with middle.open() as address:
        with pytest.raises(EnrolmentRefused):
            await enrol(address, role="SIGNER", label="x", show=show, confirm=compare, folder=tmp_path)
    assert shown == [middle.code]


async def test_only_the_root_that_was_seen_is_talked_to(door: BoxDoor, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Site().tls(tmp_path / "other")
    async with door.open(then=other) as address:
        with pytest.raises(BoxUntrusted):
            await enrol(address, role="SIGNER", label="x", show=approving(door), confirm=says(True), folder=tmp_path)
    assert door.code == ""


async def test_without_a_root_there_is_nothing_to_compare(door: BoxDoor, tmp_path: Path) -> None:
    async with door.open(with_root=False) as address:
        with pytest.raises(BoxUntrusted):
            await enrol(address, role="SIGNER", label="x", show=lambda _: None, confirm=says(True), folder=tmp_path)


async def test_a_token_enrols_unattended_once(door: BoxDoor, tmp_path: Path) -> None:
    async with door.open() as address:
        mark = fingerprint_of(door)
        profile = await enrol_by_token(
            address, token="einmal", site_fingerprint=mark.upper(), label="PVS-Server", folder=tmp_path
        )
        assert profile == Profile.load(tmp_path)
        assert profile.box_id == "box-testtest"
        with pytest.raises(CallFailed):
            await enrol_by_token(address, token="einmal", site_fingerprint=mark, label="PVS-Server", folder=tmp_path)


async def test_the_token_does_not_leave_for_another_root(door: BoxDoor, tmp_path: Path) -> None:
    async with door.open() as address:
        with pytest.raises(BoxUntrusted):
            await enrol_by_token(address, token="einmal", site_fingerprint="00" * 32, label="x", folder=tmp_path)
    assert door.tokens == {"einmal"}


async def test_nobody_there_is_unreachable(free_port: int, tmp_path: Path) -> None:
    address = Address(host="127.0.0.1", enrol_port=free_port)
    with pytest.raises(BoxUnreachable):
        await enrol(address, role="SIGNER", label="x", show=lambda _: None, confirm=says(True), folder=tmp_path)


def fingerprint_of(door: BoxDoor) -> str:
    return hashlib.sha256(door.site.root.der).hexdigest()
