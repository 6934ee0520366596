"""Every fault that the simulator knows by name: the agent's words while it lasts, and its recovery."""

from collections.abc import AsyncIterator, Callable
from time import monotonic

import pytest
import pytest_asyncio

from firmware_sim.faults import NamedFault, catalogue
from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.konnektor.v1 import konnektor_pb2
from kartenwart.api.signature.v1 import signature_service_pb2
from kartenwart.client import Failure, Kartenwart
from tests.integration.faults.expectations import EXPECTED, SUCCEEDED, UP, Events, Link, Unharmed, Verb
from tests.integration.practice.desk import (
    AT_THE_RECEPTION,
    EMPFANG,
    assert_for_people,
    entered,
    link,
    pin_entry,
    signature,
    signed,
    why,
)
from tests.integration.practice.edges import edges_from_now
from tests.integration.practice.staff import Staffed, staffed, world
from tests.practice import practice
from tests.waiting import until

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("faults-catalogue"),
]

QUICK = "[konnektors.k1]\npoll_interval = 0.6\nshort_timeout = 1\n"
# A Konnektor that keeps a subscription which it cannot serve; where it does not, the box finds that in ten minutes.
PATIENT = ("pin_entry_seconds = 60", "pin_entry_seconds = 60\nevent_max_try = 1000")
CADES = signature_service_pb2.SIGNATURE_FORMAT_CADES_DETACHED
REMOVED, INSERTED = inventory_pb2.EVENT_TYPE_CARD_REMOVED, inventory_pb2.EVENT_TYPE_CARD_INSERTED
TROUBLE = "/konnektors/konnektor/trouble"


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="staff")
async def _staff(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Staffed]:
    folder = tmp_path_factory.mktemp("practice")
    async with (
        practice(folder, world(folder, PATIENT), settings=QUICK, trust="pin") as here,
        staffed(here, ()) as staff,
    ):
        await here.card(staff.box, "SMC_B", "0101")
        yield staff


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _same_process(staff: Staffed) -> AsyncIterator[None]:
    running = staff.practice.agent.process
    assert running is not None
    await sound(staff.box)
    yield
    assert running.process.returncode is None


async def test_every_entry_has_its_expectation() -> None:
    assert [fault.name for fault in catalogue()] == list(EXPECTED)


@pytest.mark.parametrize("fault", catalogue(), ids=lambda fault: fault.name)
async def test_what_is_said_and_how_it_goes_on(
    staff: Staffed, fault: NamedFault, record_property: Callable[[str, object], None]
) -> None:
    expected = EXPECTED[fault.name]
    await staff.practice.simulator.do(TROUBLE, fault=fault.name)
    try:
        if isinstance(expected, Link):
            await told(staff.box, expected)
        elif isinstance(expected, Unharmed):
            await polled(staff)
            await sound(staff.box)
        elif isinstance(expected, Events):
            await heard(staff, expected)
            await sound(staff.box)
        else:
            await done(staff, expected)
    finally:
        await staff.practice.simulator.do(TROUBLE, "DELETE")
    begun = monotonic()
    await sound(staff.box)
    await polled(staff)
    record_property("seconds_until_recovered", round(monotonic() - begun, 2))
    await recovered(staff, expected)


async def told(box: Kartenwart, expected: Link) -> None:
    """Read at the link what is wrong, with what was known still shown."""
    found = await link(box, expected.state, expected.reason)
    failure = Failure.of(found.condition)
    assert_for_people(failure)
    assert expected.title in failure.title
    assert await box.cards.list()


async def heard(staff: Staffed, expected: Events) -> None:
    """Check whether events arrive; a poll may now and then come before one that is on its way."""
    if expected.told:
        await until(lambda: pulled(staff))
    else:
        assert [await pulled(staff) for _ in range(2)] == [False, False]


async def pulled(staff: Staffed) -> bool:
    """Pull a card and put it back; True where an event (unconfirmed) told it, False where a poll found it."""
    edges = await edges_from_now(staff.box)
    await staff.practice.simulator.do("/cards/hba-brandt/pull")
    first = await edges.seen(REMOVED)
    await staff.practice.simulator.do("/cards/hba-brandt/insert", terminal="kt-sprechzimmer", slot=2)
    await edges.seen(INSERTED, confirmed=True)
    await edges.close()
    return not first.confirmed


async def done(staff: Staffed, expected: Verb) -> None:
    """Carry out the verb that is hit and read its end; it was sent once."""
    card = await unlocked(staff) if expected.verb == "sign" else await smcb(staff)
    before = await staff.practice.simulator.counts("smcb-m1")
    job = await (sign(staff, card) if expected.verb == "sign" else verify(staff, card))
    assert job.state == expected.state, job
    if expected.reason:
        assert why(job).reason == expected.reason
        assert expected.title in why(job).title
    after = await staff.practice.simulator.counts("smcb-m1")
    calls = "sign_document_calls" if expected.verb == "sign" else "verify_pin_calls"
    assert after[calls] == before[calls] + 1


async def recovered(staff: Staffed, expected: Link | Unharmed | Events | Verb) -> None:
    """After the fault things are as before: events within a second, and the verb that was hit works."""
    if isinstance(expected, Events):
        await until(lambda: pulled(staff))
    elif isinstance(expected, Verb):
        card = await unlocked(staff)
        job = await (sign(staff, card) if expected.verb == "sign" else verify(staff, card))
        assert job.state == SUCCEEDED, job


async def sound(box: Kartenwart) -> konnektor_pb2.Konnektor:
    """Return the Konnektor once the link to it is up and says nothing more."""
    return await link(box, UP)


async def polled(staff: Staffed) -> None:
    """Wait until the Konnektor has been asked for its cards twice more: what the first answer led to is then known."""
    before = (await staff.practice.simulator.ask("/counts"))["operations"]["GetCards"]

    async def twice() -> bool:
        return bool((await staff.practice.simulator.ask("/counts"))["operations"]["GetCards"] >= before + 2)

    await until(twice)


async def smcb(staff: Staffed) -> str:
    """Return the practice's card."""
    return await staff.practice.card(staff.box, "SMC_B", "0101")


async def unlocked(staff: Staffed) -> str:
    """Return the practice's card, verified in the reception's context."""
    card = await smcb(staff)
    job = await verify(staff, card, force=False)
    assert job.state == SUCCEEDED, job
    return card


async def verify(staff: Staffed, card: str, *, force: bool = True) -> job_pb2.Job:
    """Enter PIN.SMC at the reception; whoever stands there knows it."""
    await staff.practice.simulator.plays(AT_THE_RECEPTION, {"action": "type_right"})
    return await entered(staff.box, pin_entry(card, context=EMPFANG, force=force))


async def sign(staff: Staffed, card: str) -> job_pb2.Job:
    """Sign a text with the practice's card."""
    document = await staff.box.documents.upload(b"Befund", "text/plain")
    return await signed(staff.box, signature(card, document.name, form=CADES, context=EMPFANG))
