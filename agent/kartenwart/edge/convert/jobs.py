"""Jobs, their progress and results as messages."""

from kartenwart.api.job.v1 import job_pb2
from kartenwart.domain.jobs import (
    BindUserResult,
    Job,
    JobKind,
    JobProgress,
    JobState,
    JobStep,
    PinOutcome,
    SignDocumentsResult,
    SignedDocument,
    VerifyPinResult,
)
from kartenwart.edge.convert.basics import EnumTable, timestamp
from kartenwart.edge.convert.failures import failure_message

KINDS = EnumTable(job_pb2.JobKind, "JOB_KIND", JobKind)
STATES = EnumTable(job_pb2.JobState, "JOB_STATE", JobState)
STEPS = EnumTable(job_pb2.JobStep, "JOB_STEP", JobStep)
OUTCOMES = EnumTable(job_pb2.PinOutcome, "PIN_OUTCOME", PinOutcome)


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
        create_time=timestamp(job.created_at),
        update_time=timestamp(job.updated_at),
        end_time=timestamp(job.ended_at),
        progress=[_progress(step) for step in job.progress],
        failure=failure_message(job.failure) if job.failure else None,
    )
    _put_result(message, job)
    return message


def _put_result(message: job_pb2.Job, job: Job) -> None:
    match job.result:
        case VerifyPinResult() as result:
            message.verify_pin.CopyFrom(
                job_pb2.VerifyPinResult(outcome=OUTCOMES.number(result.outcome), attempts_left=result.attempts_left)
            )
        case SignDocumentsResult() as result:
            documents = [_signed(document) for document in result.documents]
            message.sign_documents.CopyFrom(job_pb2.SignDocumentsResult(documents=documents))
        case BindUserResult() as result:
            message.bind_user.CopyFrom(job_pb2.BindUserResult(user=result.user, card=result.card))
        case None:
            pass


def _progress(progress: JobProgress) -> job_pb2.JobProgress:
    return job_pb2.JobProgress(
        step=STEPS.number(progress.step),
        time=timestamp(progress.time),
        terminal=progress.terminal,
        text=progress.text,
        expected=progress.expected,
        terminal_label=progress.terminal_label,
    )


def _signed(document: SignedDocument) -> job_pb2.SignedDocument:
    return job_pb2.SignedDocument(
        input=document.input,
        output=document.output,
        input_sha256=document.input_sha256,
        output_sha256=document.output_sha256,
        mime_type=document.mime_type,
        signer_certificate=document.signer_certificate,
    )
