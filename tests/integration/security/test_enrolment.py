"""What strangers may try at the enrolment port: commit, reveal, poll, tokens, and nothing else."""

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import aiohttp
import pytest
import pytest_asyncio

from kartenwart.api.enrolment.v1 import enrolment_exchange_service_pb2 as exchange_pb2
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client import CallFailed, Kartenwart, connect_locally, enrol_by_token, exchange, keys
from kartenwart.client.json_wire import JsonWire
from kartenwart.client.presented import pinned, presented_root
from kartenwart.edge.descriptors import rpcs
from tests.integration.security.conftest import lone_box
from tests.practice import Agent

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("security-enrolment")]

SIGNER = workstation_pb2.ROLE_SIGNER


@dataclass(frozen=True, kw_only=True)
class Stranger:
    """Somebody at the enrolment port, from an address of its own."""

    wire: JsonWire
    root: bytes
    key: keys.Key
    nonce: bytes
    label: str

    async def commit(self) -> exchange_pb2.CommitResponse:
        commitment = exchange.commitment(
            workstation_nonce=self.nonce, public_key=self.public, role="ROLE_SIGNER", label=self.label
        )
        request = exchange_pb2.CommitRequest(
            public_key=self.public, role=SIGNER, label=self.label, commitment=commitment
        )
        return await self.wire.call(request, exchange_pb2.CommitResponse)

    async def reveal(self, enrolment: str, nonce: bytes | None = None) -> None:
        request = exchange_pb2.RevealRequest(enrolment=enrolment, workstation_nonce=nonce or self.nonce)
        await self.wire.call(request, exchange_pb2.RevealResponse)

    async def poll(
        self, made: exchange_pb2.CommitResponse, sequence: int, signature: bytes | None = None
    ) -> exchange_pb2.PollResponse:
        message = exchange.poll_message(enrolment=made.enrolment, box_nonce=made.box_nonce, sequence=sequence)
        request = exchange_pb2.PollRequest(
            enrolment=made.enrolment, sequence=sequence, signature=signature or keys.sign(self.key, message)
        )
        return await self.wire.call(request, exchange_pb2.PollResponse)

    def code(self, made: exchange_pb2.CommitResponse, nonce: bytes | None = None) -> str:
        return exchange.code(
            box_id=made.box_id,
            root=self.root,
            public_key=self.public,
            role="ROLE_SIGNER",
            label=self.label,
            box_nonce=made.box_nonce,
            workstation_nonce=nonce or self.nonce,
        )

    @property
    def public(self) -> bytes:
        return keys.public_der(self.key)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def box(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Agent]:
    async with lone_box(tmp_path_factory.mktemp("lone") / "box") as agent:
        yield agent


@pytest_asyncio.fixture(loop_scope="module")
async def technician(box: Agent) -> AsyncIterator[Kartenwart]:
    """The person at the box, who has opened enrolment."""
    async with connect_locally(box.socket) as person:
        await person.enrolments.open()
        yield person
        await person.enrolments.close()


@asynccontextmanager
async def stranger(box: Agent, source: str, label: str = "Empfang") -> AsyncIterator[Stranger]:
    _, root = await presented_root(box.address)
    connector = aiohttp.TCPConnector(ssl=pinned(root), local_addr=(source, 0))
    async with aiohttp.ClientSession(connector=connector) as http:
        base = f"https://127.0.0.1:{box.address.enrol_port}"
        yield Stranger(
            wire=JsonWire(http, base, base), root=root, key=keys.new_key(), nonce=secrets.token_bytes(32), label=label
        )


async def approve(person: Kartenwart, code: str) -> str:
    answer = await person.enrolments.approve(code, role=workstation_pb2.ROLE_UNSPECIFIED, contexts=(), users=())
    return answer.code


def refusal(refused: pytest.ExceptionInfo[CallFailed]) -> str:
    return refused.value.reason


async def test_closed_means_closed(box: Agent) -> None:
    async with stranger(box, "127.0.1.1") as one:
        with pytest.raises(CallFailed) as refused:
            await one.commit()
        assert refusal(refused) == "ENROLMENT_CLOSED"


async def test_a_commitment_is_opened_once(box: Agent, technician: Kartenwart) -> None:
    async with stranger(box, "127.0.1.2") as one:
        made = await one.commit()
        await one.reveal(made.enrolment)
        with pytest.raises(CallFailed) as refused:
            await one.reveal(made.enrolment)
        assert refusal(refused) == "ENROLMENT_PROOF_INVALID"
        assert await approve(technician, one.code(made)) == one.code(made)


async def test_a_nonce_found_afterwards_opens_nothing(box: Agent, technician: Kartenwart) -> None:
    """Two equal codes cannot be made on purpose: whoever has seen the box's nonce is bound to a nonce already.

    A thief wants the code that the technician is about to type for the workstation beside. Half a million tries find a
    nonce that gives it more often than not; the box refuses it and ends that enrolment. (That two equal codes refuse
    both is tests/unit/operations/test_enrolment.py: over the wire nobody can bring them about.)
    """
    async with stranger(box, "127.0.1.3") as one, stranger(box, "127.0.1.4", "Dieb") as thief:
        honest, made = await one.commit(), await thief.commit()
        await one.reveal(honest.enrolment)
        wanted = one.code(honest)[-4:]  # four of six digits, so that the search takes a second and not a minute
        found = next(nonce for nonce in nonces() if thief.code(made, nonce).endswith(wanted))
        with pytest.raises(CallFailed) as refused:
            await thief.reveal(made.enrolment, found)
        assert refusal(refused) == "ENROLMENT_PROOF_INVALID"
        with pytest.raises(CallFailed) as refused:  # the wrong reveal has ended it: the right one comes too late
            await thief.reveal(made.enrolment)
        assert refusal(refused) == "ENROLMENT_PROOF_INVALID"
        assert (await thief.poll(made, 1)).state == exchange_pb2.ENROLMENT_STATE_REJECTED
        assert await approve(technician, one.code(honest)) == one.code(honest)


def nonces() -> Iterator[bytes]:
    for number in range(1_000_000):
        yield number.to_bytes(32, "big")


async def test_a_poll_proves_the_key_and_each_number_counts_once(box: Agent, technician: Kartenwart) -> None:
    async with stranger(box, "127.0.1.5") as one, stranger(box, "127.0.1.6") as other:
        made = await one.commit()
        await one.reveal(made.enrolment)
        await approve(technician, one.code(made))
        message = exchange.poll_message(enrolment=made.enrolment, box_nonce=made.box_nonce, sequence=7)
        for signature in (secrets.token_bytes(70), keys.sign(other.key, message)):
            with pytest.raises(CallFailed) as refused:
                await other.poll(made, 7, signature)
            assert refusal(refused) == "ENROLMENT_PROOF_INVALID"
        overheard = keys.sign(one.key, message)
        granted = await one.poll(made, 7, overheard)
        assert granted.state == exchange_pb2.ENROLMENT_STATE_APPROVED
        for sequence in (7, 6):
            with pytest.raises(CallFailed) as refused:
                await one.poll(made, sequence)
            assert refusal(refused) == "ENROLMENT_PROOF_INVALID"
        with pytest.raises(CallFailed) as refused:
            await other.poll(made, 7, overheard)
        assert refusal(refused) == "ENROLMENT_PROOF_INVALID"
        assert (await one.poll(made, 8)).certificate == granted.certificate


async def test_closing_rejects_what_waits(box: Agent, technician: Kartenwart) -> None:
    async with stranger(box, "127.0.1.7") as one:
        made = await one.commit()
        await one.reveal(made.enrolment)
        await technician.enrolments.close()
        assert (await one.poll(made, 1)).state == exchange_pb2.ENROLMENT_STATE_REJECTED
        with pytest.raises(CallFailed) as refused:
            await approve(technician, one.code(made))
        assert refusal(refused) == "ENROLMENT_CODE_UNKNOWN"
        with pytest.raises(CallFailed) as refused:
            await one.commit()
        assert refusal(refused) == "ENROLMENT_CLOSED"


async def test_a_token_counts_once_and_only_with_a_key(box: Agent, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("profiles")
    async with connect_locally(box.socket) as person:
        made = await person.enrolments.token(role=SIGNER, contexts=(), users=())
        short = await person.enrolments.token(role=SIGNER, contexts=(), users=(), lifetime_seconds=1)
    profile = await enrol_by_token(
        box.address, token=made.token, site_fingerprint=made.site_fingerprint, label="Eins", folder=folder / "1"
    )
    assert profile.role == "SIGNER"
    await asyncio.sleep(1.1)
    for token in (made.token, short.token, secrets.token_urlsafe(32)):
        with pytest.raises(CallFailed) as refused:
            await enrol_by_token(
                box.address, token=token, site_fingerprint=made.site_fingerprint, label="Zwei", folder=folder / "2"
            )
        assert refusal(refused) == "ENROLMENT_TOKEN_INVALID"
    assert not (folder / "2").exists()


async def test_the_port_answers_nothing_but_the_exchange_and_healthz(box: Agent) -> None:
    base = f"https://127.0.0.1:{box.address.enrol_port}"
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with aiohttp.ClientSession() as http:
        for rpc in rpcs():
            async with http.post(f"{base}/{rpc.name}", json={}, ssl=context) as answer:
                exchange_call = "Exchange" in rpc.service
                assert answer.status == (400 if exchange_call else 404), rpc.name
        for path in ("/", "/metrics", "/admin", "/healthz/", "/kartenwart.api.system.v1.SystemService/"):
            async with http.get(base + path, ssl=context) as answer:
                assert answer.status == 404, path
        async with http.get(f"{base}/healthz", ssl=context) as answer:
            assert (answer.status, await answer.read()) == (200, b"")
            assert answer.headers["Server"] == "kartenwart"  # and no version of anything


async def test_wrong_codes_are_few(box: Agent, technician: Kartenwart) -> None:
    async with stranger(box, "127.0.1.8") as one:
        made = await one.commit()
        await one.reveal(made.enrolment)
        right = one.code(made)
        reasons = []
        for number in range(6):
            with pytest.raises(CallFailed) as refused:
                await approve(technician, f"{(int(right) + 1 + number) % 1_000_000:06d}")
            reasons.append(refusal(refused))
        # Five in ten minutes are all there are, those that other tests here have typed among them.
        assert reasons[-1] == "ENROLMENT_ATTEMPTS_EXCEEDED"
        assert 1 <= reasons.count("ENROLMENT_CODE_UNKNOWN") <= 5
        with pytest.raises(CallFailed) as refused:
            await approve(technician, right)
        assert refusal(refused) == "ENROLMENT_ATTEMPTS_EXCEEDED"


async def test_commits_are_few_from_one_address_and_in_all(box: Agent, technician: Kartenwart) -> None:
    async with stranger(box, "127.0.1.9") as one:
        told = [await commit_told(replace(one, nonce=secrets.token_bytes(32))) for _ in range(21)]
        assert told[:20] == ["OK"] * 20
        assert told[20] in {"ENROLMENT_ATTEMPTS_EXCEEDED", "LIMIT_EXCEEDED"}
        await asyncio.sleep(0.5)  # the rate has recovered, the number of attempts has not
        assert await commit_told(one) == "ENROLMENT_ATTEMPTS_EXCEEDED"
    in_all = 20
    for host in range(10, 40):
        async with stranger(box, f"127.0.1.{host}") as one:
            told = [await commit_told(replace(one, nonce=secrets.token_bytes(32))) for _ in range(20)]
            in_all += told.count("OK")
        if host == 20:  # they hold every place, and never reveal: an honest one comes in all the same
            async with stranger(box, "127.0.1.99", "Ehrlich") as honest:
                await honest.reveal((await honest.commit()).enrolment)
            assert "Ehrlich" in {one.label for one in (await technician.enrolments.pending()).enrolments}
        if told == ["ENROLMENT_ATTEMPTS_EXCEEDED"] * 20:
            break
    assert told == ["ENROLMENT_ATTEMPTS_EXCEEDED"] * 20
    assert 300 < in_all <= 400
    async with connect_locally(box.socket) as person:  # the box is well
        assert (await person.system.get()).box_id


async def commit_told(one: Stranger) -> str:
    try:
        await one.commit()
    except CallFailed as failed:
        return failed.reason
    return "OK"
