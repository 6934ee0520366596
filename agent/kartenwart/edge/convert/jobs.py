"""Jobs, their progress and results as messages."""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from kartenwart.api.job.v1 import job_pb2
from kartenwart.domain.jobs import (
    AuthenticateResult,
    BindUserResult,
    CardResult,
    ComfortResult,
    Job,
    JobKind,
    JobProgress,
    JobResult,
    JobState,
    JobStep,
    JobTimes,
    PinOutcome,
    PinStep,
    PinStepsResult,
    PinVerb,
    SignDocumentsResult,
    SignedDocument,
    VerifyPinResult,
)
from kartenwart.edge.convert.basics import EnumTable, milliseconds, timestamp
from kartenwart.edge.convert.failures import failure_message
from kartenwart.edge.convert.inventory import PINS

KINDS = EnumTable(job_pb2.JobKind, "JOB_KIND", JobKind)
STATES = EnumTable(job_pb2.JobState, "JOB_STATE", JobState)
STEPS = EnumTable(job_pb2.JobStep, "JOB_STEP", JobStep)
OUTCOMES = EnumTable(job_pb2.PinOutcome, "PIN_OUTCOME", PinOutcome)
VERBS = EnumTable(job_pb2.PinVerb, "PIN_VERB", PinVerb)


def job_message(job: Job) -> job_pb2.Job:
    """Return a job; payload hash, mandant and inputs stay inside."""
    message = job_pb2.Job(
        name=job.name,
        kind=KINDS.number(job.kind),
        state=STATES.number(job.state),
        request_id=job.request_id,
        creator=job.creator,
        context=job.context,
        card=job.card,
        job_number=job.job_number,
        back_end=job.back_end,
        create_time=timestamp(job.created_at),
        update_time=timestamp(job.updated_at),
        end_time=timestamp(job.ended_at),
        progress=[_progress(step) for step in job.progress],
        failure=failure_message(job.failure) if job.failure else None,
        times=_times(job.times),
    )
    _put_result(message, job)
    return message


def _put_result(message: job_pb2.Job, job: Job) -> None:
    if job.result is not None:
        field, convert = _RESULTS[type(job.result)]
        getattr(message, field).CopyFrom(convert(job.result))


def _verified(result: VerifyPinResult) -> job_pb2.VerifyPinResult:
    return job_pb2.VerifyPinResult(outcome=OUTCOMES.number(result.outcome), attempts_left=result.attempts_left)


def _progress(progress: JobProgress) -> job_pb2.JobProgress:
    return job_pb2.JobProgress(
        step=STEPS.number(progress.step),
        time=timestamp(progress.time),
        terminal=progress.terminal,
        text=progress.text,
        expected=progress.expected,
        terminal_label=progress.terminal_label,
    )


def _times(times: JobTimes) -> job_pb2.JobTimes:
    return job_pb2.JobTimes(
        queue=milliseconds(times.queue),
        konnektor=milliseconds(times.konnektor),
        person=milliseconds(times.person),
        checks=milliseconds(times.checks),
    )


def _signed(document: SignedDocument) -> job_pb2.SignedDocument:
    return job_pb2.SignedDocument(
        input=document.input,
        output=document.output,
        input_sha256=document.input_sha256,
        output_sha256=document.output_sha256,
        mime_type=document.mime_type,
        signer_certificate=document.signer_certificate,
        failure=failure_message(document.failure) if document.failure else None,
    )


def _pin_step(step: PinStep) -> job_pb2.PinStep:
    return job_pb2.PinStep(
        verb=VERBS.number(step.verb),
        card=step.card,
        context=step.context,
        user=step.user,
        pin=PINS.number(step.pin),
        outcome=OUTCOMES.number(step.outcome),
        attempts_left=step.attempts_left,
        failure=failure_message(step.failure) if step.failure else None,
    )


def _comfort(result: ComfortResult) -> job_pb2.ComfortResult:
    return job_pb2.ComfortResult(
        card=result.card,
        user=result.user,
        signatures_left=result.signatures_left,
        end_time=timestamp(result.ends_at),
    )


def _authenticated(result: AuthenticateResult) -> job_pb2.AuthenticateResult:
    return job_pb2.AuthenticateResult(
        output=result.output, output_sha256=result.output_sha256, signer_certificate=result.signer_certificate
    )


_RESULTS: dict[type[JobResult], tuple[str, Callable[[Any], Message]]] = {
    VerifyPinResult: ("verify_pin", _verified),
    SignDocumentsResult: (
        "sign_documents",
        lambda result: job_pb2.SignDocumentsResult(documents=map(_signed, result.documents)),
    ),
    BindUserResult: ("bind_user", lambda result: job_pb2.BindUserResult(user=result.user, card=result.card)),
    PinStepsResult: ("pin_steps", lambda result: job_pb2.PinStepsResult(steps=map(_pin_step, result.steps))),
    ComfortResult: ("comfort", _comfort),
    AuthenticateResult: ("authenticate", _authenticated),
    CardResult: (
        "card_result",
        lambda result: job_pb2.CardResult(card=result.card, already_inserted=result.already_inserted),
    ),
}
