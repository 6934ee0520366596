"""A workstation at work: requests with ids of their own, jobs followed to their end, failures as people read them."""

import uuid
from collections.abc import Sequence
from typing import Any

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.konnektor.v1 import konnektor_pb2
from kartenwart.api.pin.v1 import pin_service_pb2
from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.api.user.v1 import user_service_pb2
from kartenwart.client import Failure, Kartenwart
from tests.practice import Practice
from tests.waiting import until

SPRECHZIMMER = "contexts/sprechzimmer"
EMPFANG = "contexts/empfang"
AT_THE_DOCTOR = "kt-sprechzimmer"
AT_THE_RECEPTION = "kt-empfang"


def pin_entry(card: str, user: str = "", **wishes: Any) -> pin_service_pb2.VerifyPinRequest:
    """Return a wish to enter PIN.CH of a doctor's card, or PIN.SMC without a user; asked for also where verified."""
    defaults: dict[str, Any] = {
        "request_id": str(uuid.uuid4()),
        "context": SPRECHZIMMER,
        "pin": card_pb2.PIN_CH if user else card_pb2.PIN_SMC,
        "force": True,
        "accept_unknown_attempts": True,
    }
    return pin_service_pb2.VerifyPinRequest(card=card, user=user, **(defaults | wishes))


def signature(card: str, document: str, user: str = "", **wishes: Any) -> signature_pb2.SignDocumentsRequest:
    """Return a wish to sign an uploaded document, PAdES unless `form` says otherwise."""
    form = wishes.pop("form", signature_pb2.SIGNATURE_FORMAT_PADES)
    defaults: dict[str, Any] = {
        "request_id": str(uuid.uuid4()),
        "context": SPRECHZIMMER,
        "accept_unknown_attempts": True,
        "documents": [signature_pb2.DocumentToSign(document=document, format=form, short_text="Arztbrief")],
    }
    return signature_pb2.SignDocumentsRequest(card=card, user=user, **(defaults | wishes))


async def entered(box: Kartenwart, request: pin_service_pb2.VerifyPinRequest) -> job_pb2.Job:
    """Start a PIN entry and return its job at its end."""
    return await box.jobs.follow(await box.pins.verify(request))


async def signed(box: Kartenwart, request: signature_pb2.SignDocumentsRequest) -> job_pb2.Job:
    """Start a signature and return its job at its end."""
    return await box.jobs.follow(await box.signatures.start(request))


async def bound(here: Practice, box: Kartenwart, card: str, user: str) -> None:
    """Bind a user to a doctor's card; the person at its pad knows the PIN and types it at once."""
    await here.simulator.plays(AT_THE_DOCTOR, {"action": "type_right"})
    job = await box.jobs.follow(await box.users.bind(binding(card, user)))
    assert job.state == job_pb2.JOB_STATE_SUCCEEDED, job


async def bound_and_learnt(here: Practice, box: Kartenwart, card: str, user: str, pin: str) -> None:
    """Bind a user; the PIN is typed once the box has heard at which pad, so that it is no guess afterwards."""
    await here.simulator.plays(AT_THE_DOCTOR)
    job = await box.users.bind(binding(card, user))
    await until(lambda: asked_at_a_pad(box, job.name))
    await here.simulator.do(f"/pads/{AT_THE_DOCTOR}/type", pin=pin)
    assert (await box.jobs.follow(job)).state == job_pb2.JOB_STATE_SUCCEEDED


def binding(card: str, user: str) -> user_service_pb2.BindUserRequest:
    """Return a wish to bind a user to a doctor's card."""
    return user_service_pb2.BindUserRequest(
        request_id=str(uuid.uuid4()), user=user, card=card, context=SPRECHZIMMER, accept_unknown_attempts=True
    )


async def asked_at_a_pad(box: Kartenwart, job: str) -> bool:
    """Tell whether the Konnektor has told at which pad a job's PIN is asked for."""
    progress = (await box.jobs.get(job)).progress
    return any(one.step == job_pb2.JOB_STEP_PIN_ENTRY and not one.expected for one in progress)


async def reached(box: Kartenwart, job: str, state: job_pb2.JobState.ValueType) -> job_pb2.Job:
    """Return a job once it stands where it is expected."""

    async def there() -> job_pb2.Job | None:
        found = await box.jobs.get(job)
        return found if found.state == state else None

    return await until(there)


async def link(
    box: Kartenwart, state: konnektor_pb2.LinkState.ValueType, reason: str = "", within: float = 20.0
) -> konnektor_pb2.Konnektor:
    """Return the Konnektor once ListKonnektors tells this state, and this reason, of the link to it."""

    async def told() -> konnektor_pb2.Konnektor | None:
        found = (await box.konnektors.list())[0]
        why = Failure.of(found.condition).reason if found.HasField("condition") else ""
        return found if (found.link_state, why) == (state, reason) else None

    return await until(told, within)


def steps(job: job_pb2.Job) -> Sequence[job_pb2.JobStep.ValueType]:
    """Return which steps a job told, in their order."""
    return [progress.step for progress in job.progress]


def why(job: job_pb2.Job) -> Failure:
    """Return why a job failed, with words for people: a title and a next step, each a German sentence."""
    failure = Failure.of(job.failure)
    assert_for_people(failure)
    return failure


def assert_for_people(failure: Failure) -> None:
    """Check that a failure says what happened and what to do, each in its own sentence."""
    for words in (failure.title, failure.next_step):
        assert len(words) > 15, failure
        assert words.endswith("."), failure
    assert failure.title != failure.next_step
    assert failure.owner != "UNSPECIFIED"
    assert failure.retry != "UNSPECIFIED"
