"""A scripted day: a doctor and a workstation are made known, PINs entered, signed, cancelled, revoked.

Whatever was promised goes into the ledger. A step that was interrupted is taken again as a workstation takes it again:
with the same request_id; only after an end without success a person starts anew.
"""

import uuid
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.signature.v1 import signature_service_pb2
from kartenwart.api.user.v1 import user_service_pb2
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client import CallFailed, Kartenwart, Profile, enrol_by_token
from tests.integration.practice.desk import AT_THE_DOCTOR, AT_THE_RECEPTION, EMPFANG, SPRECHZIMMER, pin_entry, signature
from tests.practice import Practice
from tests.waiting import until

CADES = signature_service_pb2.SIGNATURE_FORMAT_CADES_DETACHED
HBA, SMCB = "hba-adler", "smcb-m1"
DOCTOR = "Dr. Adler"
CONTEXTS = (SPRECHZIMMER, EMPFANG)
ENDED = (job_pb2.JOB_STATE_SUCCEEDED, job_pb2.JOB_STATE_FAILED, job_pb2.JOB_STATE_OUTCOME_UNKNOWN)
MOST_ATTEMPTS = 4

Start = Callable[[Kartenwart], Awaitable[job_pb2.Job]]
Step = Callable[[], Coroutine[Any, Any, None]]


@dataclass(kw_only=True)
class Order:
    """A request: how to make it (again), what the simulator had counted before, and what came of it."""

    start: Start
    card: str
    counter: str
    counted: int
    told: job_pb2.Job | None = None
    sent: int = 0


@dataclass(kw_only=True)
class Day:
    """One day at one box, and the ledger of what the box has promised."""

    practice: Practice
    number: int
    profile: Profile | None = None
    orders: list[Order] = field(default_factory=list)
    result: job_pb2.SignedDocument | None = None

    @property
    def user(self) -> str:
        """The doctor of this day."""
        return f"users/adler-{self.number}"

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is done on this day, each to be repeated until it gets through."""
        first = (self.make_doctor, self.enrol, self.bind, self.verify, self.sign, self.fetch, self.acknowledge)
        return (*first, self.cancel, self.ask_again, self.stays_deleted, self.revoke)

    async def make_doctor(self) -> None:
        """The technician makes a user; made already is as good."""
        async with self.practice.technician() as technician:
            try:
                await technician.users.create(self.user.removeprefix("users/"), DOCTOR)
            except CallFailed as error:
                if error.reason != "CONFLICT":
                    raise

    async def enrol(self) -> None:
        """A workstation is enrolled with a fresh token."""
        async with self.practice.technician() as technician:
            token = await technician.enrolments.token(
                role=workstation_pb2.ROLE_SIGNER, contexts=CONTEXTS, users=[self.user]
            )
        self.profile = await enrol_by_token(
            self.practice.agent.address,
            token=token.token,
            site_fingerprint=token.site_fingerprint,
            label="Sprechzimmer",
            folder=self.practice.folder / f"workstation-{self.number}",
        )

    async def bind(self) -> None:
        """The doctor's card is bound: PIN.CH is entered."""

        async def make(box: Kartenwart) -> Start:
            request = user_service_pb2.BindUserRequest(
                request_id=str(uuid.uuid4()),
                user=self.user,
                card=await self.practice.card(box, "HBA", "0201"),
                context=SPRECHZIMMER,
                accept_unknown_attempts=True,
            )
            return lambda box: box.users.bind(request)

        await self._until_done(make, HBA, "verify_pin_calls")

    async def verify(self) -> None:
        """The practice's card is unlocked at the reception."""

        async def make(box: Kartenwart) -> Start:
            request = pin_entry(await self.practice.card(box, "SMC_B", "0101"), context=EMPFANG)
            return lambda box: box.pins.verify(request)

        await self._until_done(make, SMCB, "verify_pin_calls")

    async def sign(self) -> None:
        """A finding is signed."""
        job = await self._until_done(self._signature, HBA, "sign_document_calls")
        self.result = job.sign_documents.documents[0]

    async def fetch(self) -> None:
        """The signature is fetched; its hash is what was promised."""
        assert self.result is not None
        async with self._workstation() as box:
            assert await box.documents.download(self.result.output, self.result.output_sha256)

    async def acknowledge(self) -> None:
        """The signature is acknowledged, and so deleted at the box; gone already is as good."""
        assert self.result is not None
        async with self._workstation() as box:
            try:
                await box.documents.delete(self.result.output)
            except CallFailed as error:
                if error.reason != "NOT_FOUND":
                    raise

    async def stays_deleted(self) -> None:
        """What was acknowledged is not there any more."""
        assert self.result is not None
        async with self._workstation() as box:
            try:
                await box.documents.download(self.result.output, self.result.output_sha256)
            except CallFailed as error:
                if error.reason != "NOT_FOUND":
                    raise
            else:
                raise AssertionError("a result came back after it was acknowledged")

    async def cancel(self) -> None:
        """Another one is begun, and cancelled while the pad asks for the PIN; nothing comes of it."""
        await self.practice.simulator.plays(AT_THE_DOCTOR, default="silent")
        async with self._workstation() as box:
            order = await self._order(box, self._signature, HBA, "sign_document_calls")
            job = await order.start(box)
            await until(lambda: self._asked_or_ended(box, job.name))
            await box.jobs.cancel(job.name)
            await quiet(self.practice)  # somebody sees on the screen that it is cancelled, and ends it at the pad too
            await self._told(order, await box.jobs.follow(job))
        assert order.told is not None
        assert order.told.state != job_pb2.JOB_STATE_SUCCEEDED, order.told

    async def ask_again(self) -> None:
        """Every request is made again, as a program would that has forgotten its answer: nothing is sent for it."""
        before = [await self._costly(card) for card in (HBA, SMCB)]
        async with self._workstation() as box:
            for order in self.orders:
                assert end_of(await order.start(box)) == end_of(order.told)
        assert [await self._costly(card) for card in (HBA, SMCB)] == before

    async def revoke(self) -> None:
        """The workstation is revoked."""
        assert self.profile is not None
        async with self.practice.technician() as technician:
            await technician.workstations.revoke(self.profile.workstation)

    async def _costly(self, card: str) -> list[int]:
        """Return what a card was asked for that costs a try, a signature or somebody's time."""
        counted = await self.practice.simulator.counts(card)
        return [counted[name] for name in ("verify_pin_calls", "pin_prompts", "sign_document_calls", "signatures")]

    def _workstation(self) -> Any:
        assert self.profile is not None
        return self.practice.connected(self.profile)

    async def _signature(self, box: Kartenwart) -> Start:
        card = await self.practice.card(box, "HBA", "0201")
        document = await box.documents.upload(b"Befund", "text/plain")
        request = signature(card, document.name, self.user, form=CADES)
        return lambda box: box.signatures.start(request)

    async def _until_done(self, make: Callable[[Kartenwart], Awaitable[Start]], card: str, counter: str) -> job_pb2.Job:
        for pad in (AT_THE_DOCTOR, AT_THE_RECEPTION):
            await self.practice.simulator.plays(pad, default="type_right")
        for _ in range(MOST_ATTEMPTS):
            async with self._workstation() as box:
                order = await self._order(box, make, card, counter)
                job = await self._told(order, await box.jobs.follow(await order.start(box)))
            if job.state == job_pb2.JOB_STATE_SUCCEEDED:
                return job
        raise AssertionError(f"no success in {MOST_ATTEMPTS} attempts: {job}")

    async def _order(
        self, box: Kartenwart, make: Callable[[Kartenwart], Awaitable[Start]], card: str, counter: str
    ) -> Order:
        """Return the request whose end is not known yet, or a new one."""
        if self.orders and self.orders[-1].told is None:
            return self.orders[-1]
        await quiet(self.practice)
        start = await make(box)
        counted = (await self.practice.simulator.counts(card))[counter]
        self.orders.append(Order(start=start, card=card, counter=counter, counted=counted))
        return self.orders[-1]

    async def _told(self, order: Order, job: job_pb2.Job) -> job_pb2.Job:
        """Note the end of a request, and how often the simulator was asked for it."""
        order.told = job
        order.sent = (await self.practice.simulator.counts(order.card))[order.counter] - order.counted
        return job

    async def _asked_or_ended(self, box: Kartenwart, name: str) -> bool:
        pad = await self.practice.simulator.ask(f"/pads/{AT_THE_DOCTOR}")
        return bool(pad["prompt"]) or (await box.jobs.get(name)).state in ENDED


def end_of(job: job_pb2.Job | None) -> tuple[object, ...]:
    """Return what may never change any more of a job that has ended."""
    assert job is not None
    return job.name, job.state, job.failure.reason, job.job_number


async def quiet(practice: Practice) -> None:
    """Let somebody press the red key wherever a pad still asks for a PIN that nobody waits for any more."""
    simulator = practice.simulator

    async def silent() -> bool:
        asking = [pad for pad in (AT_THE_DOCTOR, AT_THE_RECEPTION) if (await simulator.ask(f"/pads/{pad}"))["prompt"]]
        for pad in asking:
            url = f"{simulator.about['control']}/pads/{pad}/type"
            async with simulator.http.post(url, json={"keys": "cancel"}):
                pass  # refused where the prompt has ended meanwhile
        return not asking

    await until(silent)
