"""Whatever people, cards, Konnektor, a PVS beside it and power cuts do: promises about PINs and signatures hold.

The simulator is asked, not the agent. MACHINE_EXAMPLES and MACHINE_STEPS make the stories more and longer.
"""

import asyncio
import os
import uuid
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.pin.v1 import pin_service_pb2
from kartenwart.api.signature.v1 import comfort_signature_service_pb2 as comfort_pb2
from kartenwart.api.signature.v1 import person_assertion_pb2
from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.client import CallFailed
from kartenwart.client.services.comfort import person_assertion
from tests.crash.ledger import ENDED
from tests.integration.machine.house import COMFORT_MOST, HBA, PADS, SLOTS, SMCB, USER, VERBS, House, both_seen, house
from tests.integration.machine.orders import Order
from tests.integration.practice.desk import AT_THE_DOCTOR, EMPFANG, SPRECHZIMMER, pin_entry, signature
from tests.waiting import until

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow, pytest.mark.xdist_group("machine")]

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "7"))
STEPS = int(os.environ.get("MACHINE_STEPS", "20"))
CADES = signature_pb2.SIGNATURE_FORMAT_CADES_DETACHED
PVS = "contexts/pvs"
SECURITY_KEY = person_assertion_pb2.PERSON_ACT_SECURITY_KEY
PLACES = ((SMCB, EMPFANG, "kartenwart"), (SMCB, PVS, "pvs"), (HBA, SPRECHZIMMER, "kartenwart"))
MOSTLY = st.sampled_from([True, True, True, False])
RARELY = st.sampled_from([False, True, False])
STANDS_WITHIN = 1.0


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One practice for all stories; each begins with fresh cards."""
    with asyncio.Runner() as runner:
        opening = house(tmp_path_factory.mktemp("machine"), runner)
        opened = runner.run(opening.__aenter__())
        try:
            yield opened
        finally:
            runner.run(opening.__aexit__(None, None, None))


class PracticeMachine(RuleBasedStateMachine):
    """A story: whoever acts does it between two steps; jobs go on meanwhile."""

    orders = Bundle("orders")

    def __init__(self, here: House) -> None:
        super().__init__()
        self.here = here
        self.made: list[Order] = []
        self.here.run(self._begin())

    async def _begin(self) -> None:
        await self.here.fresh()
        await both_seen(self.here)
        self.before = {card: await self.here.counts(card) for card in SLOTS}
        self.confirmed = await self.here.comfort_signatures()
        self.left = await self.here.attempts()
        self.lost = dict.fromkeys(self.left, 0)

    @rule(target=orders, place=st.sampled_from(PLACES), force=st.booleans(), last=st.booleans(), unknown=MOSTLY)
    def a_pin_is_wanted(self, place: tuple[str, str, str], force: bool, last: bool, unknown: bool) -> Order:
        return self.here.run(self._entry(place, force=force, last=last, unknown=unknown))

    @rule(target=orders)
    def a_pin_is_wanted_that_the_pvs_has_verified(self) -> Order:
        async def wanted() -> Order:
            await self._all_end()
            await self.here.verify_from_pvs(SMCB)
            return await self._entry((SMCB, PVS, "pvs"), force=False, last=True, unknown=True)

        return self.here.run(wanted())

    @rule(target=orders, place=st.sampled_from(PLACES), last=st.booleans(), set_new=st.booleans())
    def an_unblocking_is_wanted(self, place: tuple[str, str, str], last: bool, set_new: bool) -> Order:
        card, context, _ = place
        request = pin_service_pb2.UnblockPinRequest(
            **self.here.pin_of(card),
            context=context,
            set_new_pin=set_new,
            accept_last_attempt=last,
            accept_unknown_attempts=True,
        )
        order = Order(start=lambda box: box.pins.start(request), card=card, verb="UnblockPin")
        self.here.run(self._taken(order))
        return order

    @rule(target=orders, place=st.sampled_from(PLACES), last=st.booleans(), unknown=MOSTLY)
    def a_change_is_wanted(self, place: tuple[str, str, str], last: bool, unknown: bool) -> Order:
        card, context, _ = place
        request = pin_service_pb2.ChangePinRequest(
            **self.here.pin_of(card), context=context, accept_last_attempt=last, accept_unknown_attempts=unknown
        )
        order = Order(start=lambda box: box.pins.start(request), card=card, verb="ChangePin")
        self.here.run(self._taken(order))
        return order

    @rule(
        target=orders,
        card=st.sampled_from((SMCB, HBA)),
        documents=st.sampled_from((1, 1, 3)),
        last=st.booleans(),
        unknown=MOSTLY,
    )
    def a_signature_is_wanted(self, card: str, documents: int, last: bool, unknown: bool) -> Order:
        return self.here.run(
            self._signature(card, documents, None, accept_last_attempt=last, accept_unknown_attempts=unknown)
        )

    @rule(target=orders, documents=st.sampled_from((1, 2)))
    def a_signature_is_confirmed(self, documents: int) -> Order:
        return self.here.run(self._signature(HBA, documents, person_assertion(USER, SECURITY_KEY)))

    @rule(order=orders)
    def a_word_is_used_again(self, order: Order) -> None:
        async def used() -> None:
            if order.word is None or order.job is None or order.job.state != job_pb2.JOB_STATE_SUCCEEDED:
                return
            again = await self._signature(HBA, 1, order.word)
            assert again.job is None, "a word was good for two signatures"

        self.here.run(used())

    @initialize(begun=st.booleans())
    def the_day_begins(self, begun: bool) -> None:
        if begun:
            self.here.run(self._session(last=True, typed=True))

    @rule(target=orders, last=MOSTLY, typed=MOSTLY)
    def a_session_is_wanted(self, last: bool, typed: bool) -> Order:
        return self.here.run(self._session(last=last, typed=typed))

    @rule()
    def the_session_is_looked_at(self) -> None:
        self.here.run(self._counters_agree())

    @rule(order=orders)
    def the_same_is_asked_again(self, order: Order) -> None:
        if not order.refused:
            self.here.run(order.ask(self.here.box))

    @rule(order=orders)
    def a_job_is_cancelled(self, order: Order) -> None:
        async def cancelled() -> None:
            if order.job is not None:
                order.learn(await self.here.box.jobs.cancel(order.job.name))

        self.here.run(cancelled())

    @rule(how=st.sampled_from(("right", "right", "wrong", "cancel")))
    def somebody_types(self, how: str) -> None:
        async def typed() -> None:
            answered = [await self.here.types(pad, how) for pad in PADS]
            if any(answered):
                await asyncio.sleep(0.1)  # let the agent hear of it

        self.here.run(typed())

    @rule()
    def nobody_comes(self) -> None:
        self.here.run(until(self.here.silent, within=10))

    @rule(card=st.sampled_from((SMCB, HBA)), back=MOSTLY)
    def a_card_is_taken_out_or_put_back(self, card: str, back: bool) -> None:
        async def moved() -> None:
            simulator, (terminal, slot) = self.here.practice.simulator, SLOTS[card]
            cards = {one["name"]: one for one in (await simulator.ask("/state"))["cards"]}
            inside = bool(cards[card]["terminal"])
            if inside:
                await simulator.do(f"/cards/{card}/pull")
            if back or not inside:
                await simulator.do(f"/cards/{card}/insert", terminal=terminal, slot=slot)
                await asyncio.sleep(0.2)

        self.here.run(moved())

    @rule(really=RARELY)
    def the_konnektor_boots(self, really: bool) -> None:
        if not really:
            return
        simulator = self.here.practice.simulator
        name = simulator.konnektor["name"]
        self.here.run(simulator.do(f"/konnektors/{name}/reboot", down_seconds=0.3, wait=True))

    @rule()
    def the_pvs_has_verified(self) -> None:
        self.here.run(self.here.verify_from_pvs(SMCB))

    @rule()
    def the_pvs_asks_for_a_pin(self) -> None:
        async def asked() -> None:
            self.here.ask_from_pvs(SMCB)
            await asyncio.sleep(0.1)

        self.here.run(asked())

    @rule(really=RARELY)
    def the_power_fails(self, really: bool) -> None:
        if really:
            self.here.run(self.here.restart())

    @invariant()
    def attempts_fall_only_by_wrong_pins_that_people_typed(self) -> None:
        now = self.here.run(self.here.attempts())
        for key, left in now.items():
            self.lost[key] += max(0, self.left[key] - left)
            assert self.lost[key] <= self.here.spent[key], f"{key} lost an attempt that nobody spent"
        self.left = now

    @invariant()
    def each_verb_belongs_to_one_job(self) -> None:
        self.here.run(self._verbs_are_accounted_for())

    @invariant()
    def job_numbers_are_used_once(self) -> None:
        for card in SLOTS:
            numbers = self.here.run(self.here.practice.simulator.counts(card))["job_numbers"]
            assert len(numbers) == len(set(numbers)), f"a job number was used twice on {card}"

    def teardown(self) -> None:
        """Let every job come to its end, and hold the audit against them."""
        self.here.run(self._all_end())
        self.here.run(self._counters_agree())
        self.each_verb_belongs_to_one_job()
        self.here.run(self._each_end_is_told_once())

    async def _entry(self, place: tuple[str, str, str], *, force: bool, last: bool, unknown: bool) -> Order:
        """Ask for a PIN entry."""
        card, context, client_system = place
        wishes = {"context": context, "force": force, "accept_last_attempt": last, "accept_unknown_attempts": unknown}
        request = pin_entry(self.here.cards[card], USER if card == HBA else "", **wishes)
        order = Order(start=lambda box: box.pins.verify(request), card=card, verb="VerifyPin")
        pin = "PIN.CH" if card == HBA else "PIN.SMC"
        await self._wanted(order, (card, pin, client_system), force=force, last=last)
        return order

    async def _signature(
        self, card: str, documents: int, word: person_assertion_pb2.PersonAssertion | None, **wishes: bool
    ) -> Order:
        """Upload and ask for signatures; `word` is what a person has confirmed a comfort signature with."""
        box, user = self.here.box, USER if card == HBA else ""
        names = [(await box.documents.upload(b"Befund %d" % one, "text/plain")).name for one in range(documents)]
        wishes.setdefault("accept_unknown_attempts", True)
        context = SPRECHZIMMER if card == HBA else EMPFANG
        request = signature(self.here.cards[card], names[0], user, form=CADES, context=context, comfort=word, **wishes)
        for name in names[1:]:
            request.documents.add().CopyFrom(request.documents[0])
            request.documents[-1].document = name
        order = Order(start=lambda box: box.signatures.start(request), card=card, verb="SignDocument", word=word)
        await self._taken(order)
        return order

    async def _session(self, *, last: bool, typed: bool) -> Order:
        """Ask for a comfort session; `typed`: somebody stands at the pad and knows the PIN."""
        request = comfort_pb2.ActivateComfortSignatureRequest(
            request_id=str(uuid.uuid4()),
            card=self.here.cards[HBA],
            user=USER,
            context=SPRECHZIMMER,
            accept_last_attempt=last,
            accept_unknown_attempts=True,
        )
        order = Order(start=lambda box: box.comfort.activate(request), card=HBA, verb="ActivateComfortSignature")
        await self._taken(order)
        if typed and order.job is not None and not order.ended and await self.here.types(AT_THE_DOCTOR, "right"):
            order.learn(await self.here.box.jobs.wait(order.job.name, 3))
        return order

    async def _counters_agree(self) -> None:
        """While nothing goes on, a session that is left has spent what the card has signed in it since it began."""
        await self._look()
        if not all(one.ended for one in self.made):
            return
        try:
            told = await self.here.box.comfort.state(self.here.cards[HBA], user=USER, context=SPRECHZIMMER)
        except CallFailed:
            return  # the card is out, or the Konnektor has just booted
        if told.state == comfort_pb2.COMFORT_STATE_ACTIVE:
            (konnektor,) = (await self.here.practice.simulator.ask("/state"))["konnektors"]
            left = [one["left"] for one in konnektor["comfort"]["sessions_now"] if one["card"] == HBA]
            assert told.signatures_left in left, (told, left)
            assert COMFORT_MOST - told.signatures_left <= await self.here.comfort_signatures() - self.confirmed

    async def _wanted(self, order: Order, where: tuple[str, str, str], *, force: bool, last: bool) -> None:
        """Take a wish; while nothing else goes on, what the Konnektor knows decides what has to come of it."""
        idle = all(one.ended for one in self.made) and await self.here.silent()
        verified = await self.here.verified(*where)
        attempts = (await self.here.attempts())[where[:2]]
        await self._taken(order)
        if not idle or order.job is None:
            return
        if verified and not force:
            assert not order.sent, "somebody was asked for a PIN that is verified"
        if verified and not force and order.job.state == job_pb2.JOB_STATE_SUCCEEDED:
            assert order.job.verify_pin.outcome == job_pb2.PIN_OUTCOME_ALREADY_VERIFIED, order.job
        if attempts == 1 and not last and not verified:
            assert order.least_and_most_verbs == (0, 0), "somebody was asked for the last attempt without a word"

    async def _taken(self, order: Order) -> None:
        """Make a request and let it come so far that it stands: ended, asking at a pad, or in a line."""
        self.made.append(order)
        await order.ask(self.here.box)
        with suppress(TimeoutError):
            await until(lambda: self._stands(order), within=STANDS_WITHIN)

    async def _stands(self, order: Order) -> bool:
        if not order.ended and order.job is not None:
            order.learn(await self.here.box.jobs.get(order.job.name))
        waits = order.job is not None and any(
            one.step == job_pb2.JOB_STEP_WAITING_FOR_CARD for one in order.job.progress
        )
        return order.ended or waits or not await self.here.silent()

    async def _look(self) -> None:
        for order in self.made:
            if order.job is not None and not order.ended:
                order.learn(await self.here.box.jobs.get(order.job.name))

    async def _verbs_are_accounted_for(self) -> None:
        """What reached a card lies between what surely and what possibly was sent, whatever happens while we look."""
        surely = {key: sum(one.least_and_most_verbs[0] for one in self._of(*key)) for key in self._keys()}
        now = {card: await self.here.counts(card) for card in SLOTS}
        await self._look()
        for card, verb in self._keys():
            count = now[card][verb] - self.before[card][verb]
            ours = [one.least_and_most_verbs[1] for one in self._of(card, verb)]
            most = sum(ours) + self.here.foreign[card, verb]
            assert surely[card, verb] <= count <= most, f"{verb} on {card}: {count}, not {surely[card, verb]} to {most}"
        for order in self.made:
            order.assert_sound()

    def _keys(self) -> list[tuple[str, str]]:
        return [(card, verb) for card in SLOTS for verb in VERBS]

    def _of(self, card: str, verb: str) -> list[Order]:
        return [one for one in self.made if (one.card, one.verb) == (card, verb)]

    async def _all_end(self) -> None:
        """Somebody presses the red key wherever still something is asked, until every job has its end."""

        async def ended() -> bool:
            for pad in PADS:
                await self.here.types(pad, "cancel")
            await self._look()
            return all(one.ended for one in self.made)

        await until(ended, within=30)
        await self.here.no_more_foreign()

    async def _each_end_is_told_once(self) -> None:
        async with self.here.practice.technician() as technician:

            async def recorded() -> dict[str, list[str]]:
                records = (await technician.audit.page(1000)).records
                ends: dict[str, list[str]] = {}
                for record in records:
                    if record.action == "job.ended":
                        ends.setdefault(record.detail.split()[1], []).append(record.outcome)
                jobs = [one.job.name for one in self.made if one.job is not None]
                return ends if all(name in ends for name in jobs) else {}

            if any(one.job is not None for one in self.made):
                ends = await until(recorded)
                for order in self.made:
                    if order.job is not None:
                        order.learn(await self.here.box.jobs.get(order.job.name))
                        assert order.job.state in ENDED
                        assert len(ends[order.job.name]) == 1, (order.job.name, ends[order.job.name])


def test_any_story_keeps_the_promises(here: House) -> None:
    """Stories of what may happen in a practice, in any order."""
    how = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        phases=(Phase.generate,),  # what happened once on a real practice cannot be made smaller by playing it again
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    run_state_machine_as_test(lambda: PracticeMachine(here), settings=how)  # type: ignore[arg-type]  # a factory will do
