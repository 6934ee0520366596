"""SignatureService, UserService, JobService: what may wait for a person. PinService is in pins.py."""

from collections.abc import AsyncGenerator

from kartenwart.api.job.v1.job_service_pb2 import (
    CancelJobRequest,
    CancelJobResponse,
    GetJobRequest,
    GetJobResponse,
    ListJobsRequest,
    ListJobsResponse,
    WaitJobRequest,
    WaitJobResponse,
    WatchJobRequest,
    WatchJobResponse,
)
from kartenwart.api.signature.v1.signature_service_pb2 import SignDocumentsRequest, SignDocumentsResponse
from kartenwart.api.user.v1.user_service_pb2 import (
    BindUserRequest,
    BindUserResponse,
    CreateUserRequest,
    CreateUserResponse,
    ListUsersRequest,
    ListUsersResponse,
)
from kartenwart.edge.call import Call
from kartenwart.edge.convert.basics import seconds
from kartenwart.edge.convert.comfort import assertion_of
from kartenwart.edge.convert.documents import document_to_sign
from kartenwart.edge.convert.jobs import job_message
from kartenwart.edge.convert.people import user_message
from kartenwart.edge.cursors import page_name, page_token
from kartenwart.edge.services.settling import settled
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.signatures import Signatures, SignDocumentsOrder
from kartenwart.operations.users import BindUserOrder, Users

PAGE = 50
PAGE_BYTES = 1024 * 1024  # of a page that has more than one job: a client's messages have at most 4 MiB


class SignatureService:
    """Signatures as jobs."""

    def __init__(self, *, signatures: Signatures, jobs: Jobs) -> None:
        self._signatures = signatures
        self._jobs = jobs

    async def sign_documents(self, request: SignDocumentsRequest, call: Call) -> SignDocumentsResponse:
        """Start a signature."""
        order = SignDocumentsOrder(
            request_id=request.request_id.lower(),
            card=request.card,
            context=request.context,
            user=request.user,
            documents=tuple(document_to_sign(document) for document in request.documents),
            accept_last_attempt=request.accept_last_attempt,
            accept_unknown_attempts=request.accept_unknown_attempts,
            comfort=assertion_of(request),
        )
        job = await self._signatures.sign(call.principal.caller, order)
        return SignDocumentsResponse(job=job_message(await settled(self._jobs, job, call, request.wait)))


class UserService:
    """The people who sign."""

    def __init__(self, *, users: Users, jobs: Jobs) -> None:
        self._users = users
        self._jobs = jobs

    async def list_users(self, request: ListUsersRequest, call: Call) -> ListUsersResponse:  # noqa: ARG002
        """Return the users of the caller's scope."""
        users = await self._users.list(call.principal.caller)
        return ListUsersResponse(users=[user_message(user) for user in users])

    async def create_user(self, request: CreateUserRequest, call: Call) -> CreateUserResponse:
        """Make a user."""
        user = await self._users.create(call.principal.caller, request.user_id, request.label)
        return CreateUserResponse(user=user_message(user))

    async def bind_user(self, request: BindUserRequest, call: Call) -> BindUserResponse:
        """Start binding a user to an HBA."""
        order = BindUserOrder(
            request_id=request.request_id.lower(),
            user=request.user,
            card=request.card,
            context=request.context,
            accept_last_attempt=request.accept_last_attempt,
            accept_unknown_attempts=request.accept_unknown_attempts,
        )
        job = await self._users.bind(call.principal.caller, order)
        return BindUserResponse(job=job_message(await settled(self._jobs, job, call, request.wait)))


class JobService:
    """Jobs and their ends."""

    def __init__(self, *, jobs: Jobs) -> None:
        self._jobs = jobs

    async def get_job(self, request: GetJobRequest, call: Call) -> GetJobResponse:
        """Return a job."""
        return GetJobResponse(job=job_message(await self._jobs.get(call.principal.caller, request.name)))

    async def list_jobs(self, request: ListJobsRequest, call: Call) -> ListJobsResponse:
        """Return a page of jobs, fewer where they are large; one more is read, to know whether there is a next page."""
        limit, before = request.page_size or PAGE, page_name(request.page_token)
        found = await self._jobs.list(call.principal.caller, request.request_id.lower(), before, limit + 1)
        answer = ListJobsResponse()
        for job in list(found)[:limit]:
            message = job_message(job)
            if answer.jobs and answer.ByteSize() + message.ByteSize() > PAGE_BYTES:
                break
            answer.jobs.append(message)
        if len(found) > len(answer.jobs):
            answer.next_page_token = page_token(answer.jobs[-1].name)
        return answer

    async def watch_job(self, request: WatchJobRequest, call: Call) -> AsyncGenerator[WatchJobResponse, None]:
        """Stream a job to its end."""
        async for job in self._jobs.watch(call.principal.caller, request.name):
            yield WatchJobResponse(job=job_message(job))

    async def wait_job(self, request: WaitJobRequest, call: Call) -> WaitJobResponse:
        """Return a job when it has ended or the wait has passed."""
        job = await self._jobs.wait(call.principal.caller, request.name, seconds(request.wait))
        return WaitJobResponse(job=job_message(job))

    async def cancel_job(self, request: CancelJobRequest, call: Call) -> CancelJobResponse:
        """Wish that a job ends."""
        return CancelJobResponse(job=job_message(await self._jobs.cancel(call.principal.caller, request.name)))
