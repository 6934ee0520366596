"""Whatever callers, cards, disks and restarts do: each job has exactly one end and sends its verb at most once."""

import asyncio
from contextlib import suppress
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import AgentError, Reason, WorldError
from kartenwart.domain.inventory import Pin
from kartenwart.domain.jobs import JobState, PinOutcome, VerifyPinResult
from kartenwart.operations.pins import VerifyPinOrder
from tests.unit.operations.memory import MemoryStore, until
from tests.unit.operations.practice import DESK, ROOM, SMCB, Practice, caller, named

ANSWERS = [
    VerifyPinResult(outcome=PinOutcome.VERIFIED),
    VerifyPinResult(outcome=PinOutcome.REJECTED, attempts_left=2),
    VerifyPinResult(outcome=PinOutcome.ABORTED),
    WorldError(failure(Reason.KONNEKTOR_SILENT)),
    WorldError(failure(Reason.CARD_BUSY), sent=False),
    ValueError("defect"),
]
REQUESTS = [f"r-{number}" for number in range(4)]


class JobMachine(RuleBasedStateMachine):
    requests = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = MemoryStore()
        self.sent_total = 0
        self.open()

    def open(self) -> None:
        async def build() -> Practice:
            practice = Practice(store=self.store)
            await practice.jobs.recover()
            return practice

        self.practice = self.runner.run(build())

    def turn(self) -> None:
        self.runner.run(until())

    @rule(
        target=requests, request=st.sampled_from(REQUESTS), context=st.sampled_from([DESK, ROOM]), force=st.booleans()
    )
    def ask(self, request: str, context: str, force: bool) -> str:
        order = VerifyPinOrder(request_id=request, card=named(SMCB), context=context, pin=Pin.SMC, force=force)

        async def asked() -> None:
            with suppress(AgentError):  # reused, or the disk refused
                await self.practice.pins.verify(caller(), order)

        self.runner.run(asked())
        return request

    @rule(request=requests)
    def cancel(self, request: str) -> None:
        async def cancelled() -> None:
            for job in await self.practice.jobs.list(caller(), request, "", 10):
                with suppress(TimeoutError, WorldError):
                    async with asyncio.timeout(0.01):
                        await self.practice.jobs.cancel(caller(), job.name)

        self.runner.run(cancelled())

    @rule(answer=st.sampled_from(ANSWERS))
    def konnektor_answers(self, answer: VerifyPinResult | Exception) -> None:
        self.practice.konnektor.answer = answer
        self.practice.konnektor.go.set()
        self.turn()
        self.practice.konnektor.go.clear()

    @rule(connects=st.booleans())
    def connection(self, connects: bool) -> None:
        connecting = self.practice.konnektor.connecting
        connecting.set() if connects else connecting.clear()
        self.turn()

    @rule(refuses=st.booleans(), audit=st.booleans())
    def disk(self, refuses: bool, audit: bool) -> None:
        self.store.refuse, self.store.refuse_audit = refuses, audit
        self.turn()

    @rule(graceful=st.booleans())
    def restart(self, graceful: bool) -> None:
        """Close, or pull the plug: tasks are dropped without a word to the store."""
        if graceful:
            self.runner.run(self.practice.jobs.close())
        else:
            frozen, self.store = self.store, replace(self.store, jobs=dict(self.store.jobs))
            frozen.refuse = True
            self.runner.run(self.practice.jobs.close())
        self.sent_total += self.practice.konnektor.verbs_sent
        self.store.refuse = self.store.refuse_audit = False
        self.open()

    @invariant()
    def at_most_one_verb_each_and_ends_are_final(self) -> None:
        sent = sum(JobState.SENT in states for states in self.store.history.values())
        assert self.sent_total + self.practice.konnektor.verbs_sent <= sent
        for name, states in self.store.history.items():
            assert states.count(JobState.SENT) <= 1, name
            assert len({state for state in states if state.ended}) <= 1, name
        keys = [(job.creator, job.request_id) for job in self.store.jobs.values()]
        assert len(keys) == len(set(keys))

    def teardown(self) -> None:
        self.store.refuse = self.store.refuse_audit = False
        self.practice.konnektor.go.set()
        self.practice.konnektor.connecting.set()

        try:
            self.runner.run(self._all_ends_are_told())
            self.runner.run(self._all_ends_are_written())
            self.restart(graceful=True)
            self.at_most_one_verb_each_and_ends_are_final()
            assert all(job.state.ended for job in self.store.jobs.values())
            self.runner.run(self.practice.jobs.close())
        finally:
            self.runner.close()

    async def _all_ends_are_told(self) -> None:
        async with asyncio.timeout(10):
            while any(not job.state.ended for job in await self.practice.jobs.list(caller(), "", "", 100)):
                await asyncio.sleep(0.001)

    async def _all_ends_are_written(self) -> None:
        async with asyncio.timeout(10):
            while any(not job.state.ended for job in self.store.jobs.values()):
                await asyncio.sleep(0.001)


TestJobs = JobMachine.TestCase
TestJobs.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
