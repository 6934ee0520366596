"""Jobs: what may wait for a person or outlive its call. And the calls that start them."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from google.protobuf.message import Message

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.job.v1 import job_pb2, job_service_pb2
from kartenwart.api.pin.v1 import pin_service_pb2
from kartenwart.api.signature.v1 import signature_preset_service_pb2, signature_service_pb2
from kartenwart.client.wire import CALL_SECONDS, LONGEST_READ_SECONDS, Wire, duration, insisted, resumed

# A box that restarts is back within seconds; one that is replaced is not.
PATIENCE_SECONDS = 60.0
_ENDS = frozenset({job_pb2.JOB_STATE_SUCCEEDED, job_pb2.JOB_STATE_FAILED, job_pb2.JOB_STATE_OUTCOME_UNKNOWN})

OnJob = Callable[[job_pb2.Job], None]


def has_ended(job: job_pb2.Job) -> bool:
    """True where the job changes no more."""
    return job.state in _ENDS


class Jobs:
    """JobService."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def get(self, name: str) -> job_pb2.Job:
        """Return a job."""
        request = job_service_pb2.GetJobRequest(name=name)
        return (await self._wire.call(request, job_service_pb2.GetJobResponse)).job

    async def page(self, size: int = 0, token: str = "", request_id: str = "") -> job_service_pb2.ListJobsResponse:
        """Return a page of jobs, newest first."""
        request = job_service_pb2.ListJobsRequest(page_size=size, page_token=token, request_id=request_id)
        return await self._wire.call(request, job_service_pb2.ListJobsResponse)

    async def wait(self, name: str, seconds: float) -> job_pb2.Job:
        """Return a job when it has ended or after `seconds` (at most 25)."""
        request = job_service_pb2.WaitJobRequest(name=name, wait=duration(seconds))
        return (await self._wire.call(request, job_service_pb2.WaitJobResponse, CALL_SECONDS + seconds)).job

    async def watch(self, name: str, patience: float = PATIENCE_SECONDS) -> AsyncIterator[job_pb2.Job]:
        """Yield a job at once, on each change and at its end; survives a restart of the box."""
        request = job_service_pb2.WatchJobRequest(name=name)
        async for message in resumed(
            lambda: self._wire.stream(request, job_service_pb2.WatchJobResponse), patience=patience
        ):
            yield message.job
            if has_ended(message.job):
                return

    async def follow(self, job: job_pb2.Job, on_job: OnJob | None = None) -> job_pb2.Job:
        """Wait for the end of a job and return it; `on_job` sees each state on the way, the first included."""
        newest = job
        if on_job is not None:
            on_job(newest)
        while not has_ended(newest):
            async for newest in self.watch(job.name):
                if on_job is not None:
                    on_job(newest)
        return newest

    async def cancel(self, name: str) -> job_pb2.Job:
        """Wish that a job ends; see its state for what becomes of the wish."""
        request = job_service_pb2.CancelJobRequest(name=name)
        return (await self._wire.call(request, job_service_pb2.CancelJobResponse)).job


async def started(wire: Wire, request: Message, answer: type[Any]) -> job_pb2.Job:
    """Start a job, again while the box is away: the same request_id re-attaches, so a broken connection is no loss."""
    reply = await insisted(lambda: wire.call(request, answer, LONGEST_READ_SECONDS), patience=PATIENCE_SECONDS)
    job: job_pb2.Job = reply.job
    return job


PinRequest = (
    pin_service_pb2.ChangePinRequest
    | pin_service_pb2.UnblockPinRequest
    | pin_service_pb2.EnablePinRequest
    | pin_service_pb2.DisablePinRequest
    | pin_service_pb2.UnlockPracticeCardsRequest
)
_PIN_ANSWERS: dict[type[PinRequest], Any] = {
    pin_service_pb2.ChangePinRequest: pin_service_pb2.ChangePinResponse,
    pin_service_pb2.UnblockPinRequest: pin_service_pb2.UnblockPinResponse,
    pin_service_pb2.EnablePinRequest: pin_service_pb2.EnablePinResponse,
    pin_service_pb2.DisablePinRequest: pin_service_pb2.DisablePinResponse,
    pin_service_pb2.UnlockPracticeCardsRequest: pin_service_pb2.UnlockPracticeCardsResponse,
}


class Pins:
    """PinService. No message ever carries a PIN."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def status(
        self, card: str, pin: card_pb2.Pin.ValueType, *, context: str = "", user: str = ""
    ) -> card_pb2.PinState:
        """Ask the Konnektor for the state of a PIN in a context."""
        request = pin_service_pb2.GetPinStatusRequest(card=card, context=context, pin=pin, user=user)
        return (await self._wire.call(request, pin_service_pb2.GetPinStatusResponse, LONGEST_READ_SECONDS)).pin_state

    async def verify(self, request: pin_service_pb2.VerifyPinRequest) -> job_pb2.Job:
        """Start a PIN entry at a terminal; the same request_id re-attaches, so a broken connection is no loss."""
        return await started(self._wire, request, pin_service_pb2.VerifyPinResponse)

    async def start(self, request: PinRequest) -> job_pb2.Job:
        """Start another verb on a PIN, or guided unlocking; the same request_id re-attaches."""
        return await started(self._wire, request, _PIN_ANSWERS[type(request)])

    async def matrix(self, *, user: str = "") -> Sequence[pin_service_pb2.PinCell]:
        """Ask for the PIN states of all practice cards in every context, and of a user's HBA, with their pads."""
        request = pin_service_pb2.GetPinMatrixRequest(user=user)
        return (await self._wire.call(request, pin_service_pb2.GetPinMatrixResponse, LONGEST_READ_SECONDS)).cells


class Signatures:
    """SignatureService; `Kartenwart.sign` and `sign_batch` move the documents too."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def presets(self) -> Sequence[signature_preset_service_pb2.SignaturePreset]:
        """Return how the documents of daily work are signed."""
        request = signature_preset_service_pb2.ListSignaturePresetsRequest()
        return (await self._wire.call(request, signature_preset_service_pb2.ListSignaturePresetsResponse)).presets

    async def start(self, request: signature_service_pb2.SignDocumentsRequest) -> job_pb2.Job:
        """Start a signature; the same request_id re-attaches, so a broken connection is no loss."""
        return await started(self._wire, request, signature_service_pb2.SignDocumentsResponse)
