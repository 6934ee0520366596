"""What a workstation has asked for, what became of it, and what it may have cost."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.signature.v1 import person_assertion_pb2
from kartenwart.client import CallFailed, Failure, Kartenwart
from tests.crash.ledger import ENDED, end_of

Start = Callable[[Kartenwart], Awaitable[job_pb2.Job]]
ASKED_NOBODY = (job_pb2.PIN_OUTCOME_ALREADY_VERIFIED, job_pb2.PIN_OUTCOME_NOT_ASKED)


@dataclass(kw_only=True)
class Order:
    """One request: how to make it (again), and the newest that is known of its job.

    `refused` is the reason where the box took no job; `most` is how many verbs it may need, `word`
    what a person has confirmed a comfort signature with.
    """

    start: Start
    card: str
    verb: str
    most: int = 1
    word: person_assertion_pb2.PersonAssertion | None = None
    job: job_pb2.Job | None = None
    refused: str = ""

    @property
    def ended(self) -> bool:
        """True where nothing more can come of it."""
        return bool(self.refused) or (self.job is not None and self.job.state in ENDED)

    async def ask(self, box: Kartenwart) -> None:
        """Make the request, the first time or again; a job stays the same job, and its end the same end."""
        try:
            job = await self.start(box)
        except CallFailed as error:
            self.refused = error.reason
        else:
            self.learn(job)
        assert not (self.refused and self.job), f"taken before, refused now: {self.refused}"
        assert self.refused != "INTERNAL"

    def learn(self, job: job_pb2.Job) -> None:
        """Take in what the box says of the job now."""
        if self.job is not None:
            assert job.name == self.job.name, "a second job for one request"
            if self.job.state in ENDED:
                assert end_of(job) == end_of(self.job), (self.job, job)
        self.refused, self.job = "", job

    @property
    def sent(self) -> bool:
        """True where it may have reached the card."""
        return self.job is not None and _was_sent(self.job)

    @property
    def least_and_most_verbs(self) -> tuple[int, int]:
        """Return how often this may have reached the card: surely, and at most."""
        if self.job is None:
            return 0, 0
        if self.job.state not in ENDED:
            return 0, self.most
        if not _was_sent(self.job):
            return 0, 0
        succeeded = self.job.state == job_pb2.JOB_STATE_SUCCEEDED
        return int(succeeded), self.most

    def assert_sound(self) -> None:
        """Check that what the job says of itself agrees."""
        job = self.job
        if job is None or job.state not in ENDED:
            return
        if job.verify_pin.outcome in ASKED_NOBODY:
            assert not _was_sent(job), job
        if job.state == job_pb2.JOB_STATE_SUCCEEDED:
            assert not job.HasField("failure"), job
            asked = [one for one in job.pin_steps.steps if one.outcome not in ASKED_NOBODY]
            assert not job.pin_steps.steps or _times_sent(job) == len(asked), job
        else:
            assert Failure.of(job.failure).reason not in ("", "UNSPECIFIED", "INTERNAL"), job


def _was_sent(job: job_pb2.Job) -> bool:
    """Tell whether it may have reached the card."""
    unknown = job.state == job_pb2.JOB_STATE_OUTCOME_UNKNOWN
    assert not unknown or _times_sent(job), "nobody knows how it ended, and not even since when"
    return _times_sent(job) > 0


def _times_sent(job: job_pb2.Job) -> int:
    return sum(one.step == job_pb2.JOB_STEP_SENT for one in job.progress)
