"""What a day keeps of what the box has promised: each request, its end, and what the simulator has counted for it."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from kartenwart.api.job.v1 import job_pb2
from kartenwart.client import Kartenwart

ENDED = (job_pb2.JOB_STATE_SUCCEEDED, job_pb2.JOB_STATE_FAILED, job_pb2.JOB_STATE_OUTCOME_UNKNOWN)
# What a card is asked for that costs a try, a signature or somebody's time.
COSTLY = (
    "verify_pin_calls",
    "pin_prompts",
    "sign_document_calls",
    "signatures",
    "comfort_activations",
    "authentications",
)

Start = Callable[[Kartenwart], Awaitable[job_pb2.Job]]
Step = Callable[[], Coroutine[Any, Any, None]]


@dataclass(kw_only=True)
class Order:
    """A request: how to make it (again), what the simulator had counted before, and what came of it.

    `verbs` is how many verbs reach the card where it succeeds, and no more otherwise.
    """

    start: Start
    card: str
    counter: str
    counted: int
    verbs: int = 1
    told: job_pb2.Job | None = None
    sent: int = 0


def end_of(job: job_pb2.Job | None) -> tuple[object, ...]:
    """Return what may never change any more of a job that has ended."""
    assert job is not None
    return job.name, job.state, job.failure.reason, job.job_number
