"""A scripted day: a doctor and a workstation are made known; PINs entered, unlocked everywhere; logged in by card;
signed, one and many, by PIN and by comfort; cancelled before and while the card signs; revoked.

Whatever was promised goes into the ledger. A step that was interrupted is taken again as a workstation takes it again:
with the same request_id; only after an end without success a person starts anew.
"""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from kartenwart.api.authentication.v1 import authentication_service_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.pin.v1 import pin_service_pb2
from kartenwart.api.signature.v1 import comfort_signature_service_pb2, person_assertion_pb2, signature_service_pb2
from kartenwart.api.user.v1 import user_service_pb2
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client import CallFailed, Kartenwart, Profile, enrol_by_token
from kartenwart.client.services.comfort import person_assertion
from tests.crash.ledger import COSTLY, ENDED, Order, Start, Step, end_of
from tests.integration.practice.desk import AT_THE_DOCTOR, AT_THE_RECEPTION, EMPFANG, SPRECHZIMMER, pin_entry, signature
from tests.practice import Practice
from tests.waiting import until

CADES = signature_service_pb2.SIGNATURE_FORMAT_CADES_DETACHED
HBA, SMCB = "hba-adler", "smcb-m1"
DOCTOR = "Dr. Adler"
PVS = "contexts/pvs"
CONTEXTS = (SPRECHZIMMER, EMPFANG, PVS)
SLOTS = {HBA: (AT_THE_DOCTOR, 1), SMCB: (AT_THE_RECEPTION, 3)}
MOST_ATTEMPTS = 4
BATCH = 3
A_WHILE = 6  # documents that keep a card busy long enough to be stopped


@dataclass(kw_only=True)
class Day:
    """One day at one box, and the ledger of what the box has promised."""

    practice: Practice
    number: int
    profile: Profile | None = None
    orders: list[Order] = field(default_factory=list)
    result: job_pb2.SignedDocument | None = None
    signature: job_pb2.AuthenticateResult | None = None

    @property
    def user(self) -> str:
        """The doctor of this day."""
        return f"users/adler-{self.number}"

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is done on this day, each to be repeated until it gets through."""
        known = (self.make_doctor, self.enrol, self.permit)
        pins = (self.bind, self.verify, self.unlock, self.log_in)
        signatures = (self.sign, self.fetch, self.acknowledge, self.batch, self.cancel, self.stop, self.comfort)
        return (*known, *pins, *signatures, self.ask_again, self.stays_deleted, self.revoke)

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

    async def permit(self) -> None:
        """The technician grants the workstation the right to comfort signatures."""
        assert self.profile is not None
        scope = workstation_pb2.Scope(comfort=True)
        async with self.practice.technician() as technician:
            wished = workstation_pb2.Workstation(name=self.profile.workstation, scope=scope)
            await technician.workstations.update(wished, "scope.comfort")

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

    async def unlock(self) -> None:
        """The practice's card was out; one job unlocks it for both client systems, one PIN entry each."""

        async def make(box: Kartenwart) -> Start:
            await self._reinserted(box, SMCB)
            request = pin_service_pb2.UnlockPracticeCardsRequest(
                request_id=str(uuid.uuid4()), context=EMPFANG, accept_unknown_attempts=True
            )
            return lambda box: box.pins.start(request)

        await self._until_done(make, SMCB, "verify_pin_calls", verbs=2)

    async def log_in(self) -> None:
        """The practice's card signs a challenge, for a login elsewhere; the signature is fetched."""

        async def make(box: Kartenwart) -> Start:
            request = authentication_service_pb2.ExternalAuthenticateRequest(
                request_id=str(uuid.uuid4()),
                card=await self.practice.card(box, "SMC_B", "0101"),
                context=EMPFANG,
                scheme=authentication_service_pb2.SIGNATURE_SCHEME_ECDSA_DER,
                data=b"challenge",
            )
            return lambda box: box.authentication.start(request)

        if self.signature is None:
            job = await self._until_done(make, SMCB, "authentications")
            self.signature = job.authenticate
        async with self._workstation() as box:
            assert await box.documents.download(self.signature.output, self.signature.output_sha256)

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

    async def batch(self) -> None:
        """Several findings are signed with one PIN."""

        async def make(box: Kartenwart) -> Start:
            return await self._signature(box, BATCH)

        job = await self._until_done(make, HBA, "sign_document_calls")
        assert len({one.output for one in job.sign_documents.documents} - {""}) == BATCH

    async def stop(self) -> None:
        """Several are begun, and cancelled while the card signs: StopSignature; what comes of it, the job says."""

        async def make(box: Kartenwart) -> Start:
            return await self._signature(box, A_WHILE)

        await self.practice.simulator.plays(AT_THE_DOCTOR, default="type_right")
        async with self._workstation() as box:
            order = await self._order(box, make, HBA, "sign_document_calls")
            before = (await self.practice.simulator.counts(HBA))["signatures"]
            job = await order.start(box)
            await until(lambda: self._signed_or_ended(box, job.name, before))
            await box.jobs.cancel(job.name)
            await self._told(order, await box.jobs.follow(job))

    async def comfort(self) -> None:
        """A comfort session is begun by PIN, and a finding signed by a word; a session that is lost is begun anew."""
        for _ in range(MOST_ATTEMPTS):
            if not self._open("sign_document_calls"):
                await self._until_done(self._activation, HBA, "comfort_activations")
            async with self._workstation() as box:
                order = await self._order(box, self._trigger, HBA, "sign_document_calls")
                try:
                    job = await self._told(order, await box.jobs.follow(await order.start(box)))
                except CallFailed as error:
                    if error.reason != "ASSERTION_REPLAYED":
                        raise
                    self.orders.remove(order)  # the word is spent, and nobody has promised anything for it
                    assert (await self.practice.simulator.counts(HBA))[order.counter] == order.counted
                    continue
            if job.state == job_pb2.JOB_STATE_SUCCEEDED:
                return
        raise AssertionError(f"no comfort signature in {MOST_ATTEMPTS} attempts")

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
        return [counted[name] for name in COSTLY]

    def _workstation(self) -> Any:
        assert self.profile is not None
        return self.practice.connected(self.profile)

    async def _signature(self, box: Kartenwart, documents: int = 1) -> Start:
        request = await self._wish(box, documents)
        return lambda box: box.signatures.start(request)

    async def _trigger(self, box: Kartenwart) -> Start:
        request = await self._wish(box, 1)
        request.comfort.CopyFrom(person_assertion(self.user, person_assertion_pb2.PERSON_ACT_SECURITY_KEY))
        return lambda box: box.signatures.start(request)

    async def _activation(self, box: Kartenwart) -> Start:
        await self._reinserted(box, HBA)  # whatever was verified on the card stands in the way of a session (A_21528)
        request = comfort_signature_service_pb2.ActivateComfortSignatureRequest(
            request_id=str(uuid.uuid4()),
            card=await self.practice.card(box, "HBA", "0201"),
            user=self.user,
            context=SPRECHZIMMER,
            accept_unknown_attempts=True,
        )
        return lambda box: box.comfort.activate(request)

    async def _wish(self, box: Kartenwart, documents: int) -> signature_service_pb2.SignDocumentsRequest:
        card = await self.practice.card(box, "HBA", "0201")
        names = [(await box.documents.upload(b"Befund %d" % one, "text/plain")).name for one in range(documents)]
        request = signature(card, names[0], self.user, form=CADES)
        for name in names[1:]:
            request.documents.add().CopyFrom(request.documents[0])
            request.documents[-1].document = name
        return request

    async def _reinserted(self, box: Kartenwart, card: str) -> None:
        """Take a card out, unless an interruption left it out, and put it back: nobody is verified any more."""
        simulator, (terminal, slot) = self.practice.simulator, SLOTS[card]
        found = {one["name"]: one for one in (await simulator.ask("/state"))["cards"]}[card]

        async def seen() -> list[bool]:
            return [one.confirmed for one in await box.cards.list() if one.iccsn_tail == found["iccsn"][-4:]]

        async def gone() -> bool:
            return not await seen()

        async def back() -> bool:
            return await seen() == [True]

        if found["terminal"]:
            await simulator.do(f"/cards/{card}/pull")
        await until(gone)
        await simulator.do(f"/cards/{card}/insert", terminal=terminal, slot=slot)
        await until(back)

    async def _until_done(
        self, make: Callable[[Kartenwart], Awaitable[Start]], card: str, counter: str, verbs: int = 1
    ) -> job_pb2.Job:
        for pad in (AT_THE_DOCTOR, AT_THE_RECEPTION):
            await self.practice.simulator.plays(pad, default="type_right")
        for _ in range(MOST_ATTEMPTS):
            async with self._workstation() as box:
                order = await self._order(box, make, card, counter, verbs)
                job = await self._told(order, await box.jobs.follow(await order.start(box)))
            if job.state == job_pb2.JOB_STATE_SUCCEEDED:
                return job
        raise AssertionError(f"no success in {MOST_ATTEMPTS} attempts: {job}")

    async def _order(
        self, box: Kartenwart, make: Callable[[Kartenwart], Awaitable[Start]], card: str, counter: str, verbs: int = 1
    ) -> Order:
        """Return the request whose end is not known yet, or a new one."""
        if self.orders and self.orders[-1].told is None:
            return self.orders[-1]
        await quiet(self.practice)
        start = await make(box)
        counted = (await self.practice.simulator.counts(card))[counter]
        self.orders.append(Order(start=start, card=card, counter=counter, counted=counted, verbs=verbs))
        return self.orders[-1]

    async def _told(self, order: Order, job: job_pb2.Job) -> job_pb2.Job:
        """Note the end of a request, and how often the simulator was asked for it."""
        order.told = job
        order.sent = (await self.practice.simulator.counts(order.card))[order.counter] - order.counted
        return job

    def _open(self, counter: str) -> bool:
        """Tell whether the newest request, of this kind, has no known end yet."""
        return bool(self.orders) and self.orders[-1].told is None and self.orders[-1].counter == counter

    async def _signed_or_ended(self, box: Kartenwart, name: str, before: int) -> bool:
        signatures: int = (await self.practice.simulator.counts(HBA))["signatures"]
        return signatures > before or (await box.jobs.get(name)).state in ENDED

    async def _asked_or_ended(self, box: Kartenwart, name: str) -> bool:
        pad = await self.practice.simulator.ask(f"/pads/{AT_THE_DOCTOR}")
        return bool(pad["prompt"]) or (await box.jobs.get(name)).state in ENDED


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
