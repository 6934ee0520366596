"""A Konnektor of another maker: faults instead of results, no number of tries, a brainpool key, plain events."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory_pb2
from kartenwart.api.job.v1 import job_pb2
from tests.integration.practice.desk import AT_THE_DOCTOR, AT_THE_RECEPTION, entered, pin_entry, steps, why
from tests.integration.practice.edges import edges_from_now
from tests.integration.practice.staff import Staffed, many_cards, staffed
from tests.practice import practice

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("practice-restart"),
]

USERS = {"dorn": "0204", "esch": "0205", "falk": "0206", "gerth": "0207"}
FALK = "users/falk"
MANNERS = """
pin_trouble = "fault"
blocked_pin = "fault"
left_tries = "never"
vendor_trace = true
dead_handle = 4047
cetp_connection = "kept"
pin_entry_seconds = 4
"""


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="staff")
async def _staff(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Staffed]:
    folder = tmp_path_factory.mktemp("practice")
    other = many_cards(
        folder,
        ("pin_entry_seconds = 8", MANNERS),
        ('cetp = "tls"', 'cetp = "plain"'),
        ('server_key = "p256"', 'server_key = "brainpool"'),
        ('"localhost", "127.0.0.2"]', '"localhost"]'),
    )
    settings = '[konnektors.k1]\ncetp_tls = false\nexpected_name = "konnektor.praxis-am-markt.test"\n'
    async with practice(folder, other, settings) as here, staffed(here, tuple(USERS)) as staff:
        yield staff


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _quiet(staff: Staffed) -> AsyncIterator[None]:
    """Every test begins with pads that ask nobody."""
    for pad in (AT_THE_DOCTOR, AT_THE_RECEPTION):
        await staff.practice.simulator.plays(pad)
    yield


@pytest.mark.parametrize(
    ("act", "outcome", "reason"),
    [
        ("type_wrong", job_pb2.PIN_OUTCOME_REJECTED, "PIN_REJECTED"),
        ("cancel", job_pb2.PIN_OUTCOME_ABORTED, "PIN_ABORTED"),
        ("silent", job_pb2.PIN_OUTCOME_TIMED_OUT, "PIN_TIMED_OUT"),
    ],
)
async def test_faults_are_read_as_the_results_that_they_are(
    staff: Staffed, act: str, outcome: job_pb2.PinOutcome.ValueType, reason: str
) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0206")
    await here.simulator.plays(AT_THE_DOCTOR, {"action": act, "after": 0.2})
    job = await entered(box, pin_entry(hba, FALK))
    assert job.verify_pin.outcome == outcome
    failure = why(job)
    assert (failure.reason, failure.attempts_left) == (reason, None), "what nobody told is not made up"


async def test_where_the_number_of_tries_is_never_told_every_entry_needs_a_word(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0207")
    refused = await entered(box, pin_entry(hba, "users/gerth", accept_unknown_attempts=False))
    assert why(refused).reason == "PIN_ATTEMPTS_UNKNOWN"
    assert (await here.simulator.counts("hba-gerth"))["verify_pin_calls"] == 0


@pytest.mark.parametrize(("user", "reason"), [("dorn", "PIN_TRANSPORT"), ("esch", "PIN_BLOCKED")])
async def test_a_pin_that_cannot_be_entered_is_known_beforehand(staff: Staffed, user: str, reason: str) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", USERS[user])
    job = await entered(box, pin_entry(hba, f"users/{user}", accept_last_attempt=True))
    assert why(job).reason == reason
    assert (await here.simulator.counts(f"hba-{user}"))["verify_pin_calls"] == 0


async def test_a_card_pulled_meanwhile_is_told_by_any_of_the_codes_for_it(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0206")
    await here.simulator.do("/konnektors/konnektor/events", lose="all")
    try:
        await here.simulator.do("/cards/hba-falk/pull")
        job = await entered(box, pin_entry(hba, FALK))
    finally:
        await here.simulator.do("/konnektors/konnektor/events", lose=0)
        await here.simulator.do("/cards/hba-falk/insert", terminal=AT_THE_DOCTOR, slot=6)
    assert job.state == job_pb2.JOB_STATE_FAILED
    assert why(job).reason == "CARD_REMOVED"


async def test_plain_events_on_one_line_are_heard(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0207")
    edges = await edges_from_now(box)
    await here.simulator.plays(AT_THE_DOCTOR, {"action": "cancel", "after": 0.5})
    job = await entered(box, pin_entry(hba, "users/gerth"))
    for kind in (inventory_pb2.EVENT_TYPE_PIN_ENTRY_STARTED, inventory_pb2.EVENT_TYPE_PIN_ENTRY_FINISHED):
        event = await edges.seen(kind, within=2.0)
        assert event.subject == hba
        assert event.detail == "PIN.CH"
    assert job_pb2.JOB_STEP_PIN_ENTRY in steps(job)
    await edges.close()
