import asyncio
import hashlib
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from kartenwart.api.audit.v1.audit_service_pb2 import ListAuditRecordsRequest, VerifyAuditRequest
from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.document.v1 import document_service_pb2 as documents
from kartenwart.api.enrolment.v1 import enrolment_exchange_service_pb2 as exchange
from kartenwart.api.enrolment.v1 import enrolment_service_pb2 as enrolment
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.job.v1 import job_service_pb2 as jobs
from kartenwart.api.pin.v1.pin_service_pb2 import GetPinStatusRequest, VerifyPinRequest
from kartenwart.api.signature.v1 import signature_service_pb2 as signature
from kartenwart.api.user.v1 import user_service_pb2 as users
from kartenwart.api.workstation.v1 import workstation_pb2, workstation_service_pb2
from kartenwart.domain import enrolment as rules
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm, Pin, PinStatus
from kartenwart.domain.jobs import SignDocumentsResult, SignedDocument
from kartenwart.domain.ports.cards import PinReading
from kartenwart.domain.ports.konnektor import Signature, Signed
from kartenwart.domain.principals import Role, Scope
from kartenwart.edge.principals import Principal, anonymous
from kartenwart.edge.refusals import Refused
from tests.unit.edge.house import House, at_the_box, desk, neighbour
from tests.unit.edge.opponents import principal
from tests.unit.operations.practice import DESK, HBA, SMCB, named

UUID = "2F1C6A5E-8A4B-4F0E-9A63-0D1F4D1B7C11"
STRANGER = anonymous("192.168.1.7")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def refused(house: House, name: str, request: Any, who: Principal) -> Reason:
    with pytest.raises(Refused) as caught:
        await house.call(name, request, who)
    return caught.value.reason


def verify(**more: Any) -> VerifyPinRequest:
    return VerifyPinRequest(request_id=UUID, card=named(SMCB), pin=card_pb2.PIN_SMC, **more)


async def test_a_pin_state_is_asked_for_in_the_callers_context(house: House) -> None:
    request = GetPinStatusRequest(card=named(SMCB), pin=card_pb2.PIN_SMC)
    state = (await house.call("PinService/GetPinStatus", request, desk(Role.VIEWER))).pin_state
    assert (state.context, state.status, state.attempts_left) == (DESK, card_pb2.PIN_STATUS_VERIFIABLE, 3)


async def test_a_pin_entry_is_a_job_that_may_be_waited_for(house: House) -> None:
    started = (await house.call("PinService/VerifyPin", verify(), desk())).job
    assert started.state in {job_pb2.JOB_STATE_RECEIVED, job_pb2.JOB_STATE_READY}
    assert (started.kind, started.creator, started.context) == (job_pb2.JOB_KIND_VERIFY_PIN, "workstations/w-1", DESK)
    assert started.request_id == UUID.lower()
    again = (await house.call("PinService/VerifyPin", verify(), desk())).job
    assert again.name == started.name
    house.practice.konnektor.go.set()
    ended = (await house.call("PinService/VerifyPin", verify(wait=Duration(seconds=10)), desk())).job
    assert (ended.name, ended.state) == (started.name, job_pb2.JOB_STATE_SUCCEEDED)
    assert ended.verify_pin.outcome == job_pb2.PIN_OUTCOME_VERIFIED
    assert house.practice.konnektor.verbs_sent == 1
    assert await refused(house, "PinService/VerifyPin", verify(force=True), desk()) is Reason.REQUEST_ID_REUSED


async def test_jobs_are_followed_listed_and_cancelled_by_their_creator(house: House) -> None:
    house.practice.konnektor.connecting.clear()
    name = (await house.call("PinService/VerifyPin", verify(), desk())).job.name
    assert (await house.call("JobService/GetJob", jobs.GetJobRequest(name=name), desk())).job.name == name
    assert await refused(house, "JobService/GetJob", jobs.GetJobRequest(name=name), neighbour()) is Reason.NOT_FOUND
    found = (await house.call("JobService/ListJobs", jobs.ListJobsRequest(request_id=UUID), desk())).jobs
    assert [job.name for job in found] == [name]
    async with aclosing(house.pour("JobService/WatchJob", jobs.WatchJobRequest(name=name), desk())) as watch:
        first: Any = await asyncio.wait_for(anext(watch), 5)
        assert first.job.name == name
        cancel = house.call("JobService/CancelJob", jobs.CancelJobRequest(name=name), desk())
        cancelling = asyncio.create_task(cancel)
        await asyncio.sleep(0.02)
        house.practice.konnektor.connecting.set()
        await asyncio.wait_for(cancelling, 5)
        states = [reply.job.state async for reply in watch]
    assert states[-1] == job_pb2.JOB_STATE_FAILED
    waited = await house.call("JobService/WaitJob", jobs.WaitJobRequest(name=name, wait=Duration(seconds=5)), desk())
    assert waited.job.failure.title
    assert waited.job.HasField("end_time")


async def test_a_technician_ends_its_own_waiting_entry_and_nobody_elses(house: House) -> None:
    house.practice.konnektor.connecting.clear()
    mine = (await house.call("PinService/VerifyPin", verify(context=DESK), at_the_box())).job.name
    theirs = (await house.call("PinService/VerifyPin", verify(), desk())).job.name
    cancelling = asyncio.create_task(house.call("JobService/CancelJob", jobs.CancelJobRequest(name=mine), at_the_box()))
    await asyncio.sleep(0.02)
    house.practice.konnektor.connecting.set()
    assert (await asyncio.wait_for(cancelling, 5)).job.state == job_pb2.JOB_STATE_FAILED
    request = jobs.CancelJobRequest(name=theirs)
    assert await refused(house, "JobService/CancelJob", request, at_the_box()) is Reason.NOT_FOUND
    house.practice.konnektor.go.set()


async def test_jobs_come_in_pages_and_none_twice(house: House) -> None:
    house.practice.konnektor.readings[DESK, Pin.SMC] = PinReading(status=PinStatus.VERIFIED, attempts_left=None)
    made = []
    for number in range(5):
        request = verify(wait=Duration(seconds=5))
        request.request_id = f"2f1c6a5e-8a4b-4f0e-9a63-0d1f4d1b7c1{number}"
        made.append((await house.call("PinService/VerifyPin", request, desk())).job.name)
    seen, token = [], ""
    while True:
        page = await house.call("JobService/ListJobs", jobs.ListJobsRequest(page_size=2, page_token=token), desk())
        seen += [job.name for job in page.jobs]
        token = page.next_page_token
        if not token:
            break
    assert seen == made[::-1]
    wrong = jobs.ListJobsRequest(page_token="x")
    assert await refused(house, "JobService/ListJobs", wrong, desk()) is Reason.INVALID_ARGUMENT


async def test_a_page_of_large_jobs_is_shorter(house: House) -> None:
    small = await house.call("PinService/VerifyPin", verify(), desk())
    job = house.practice.store.jobs[small.job.name]
    signed = SignedDocument(
        input="documents/d-1",
        output="documents/d-2",
        input_sha256="a" * 64,
        output_sha256="b" * 64,
        mime_type="text/plain",
        signer_certificate=b"c" * 1500,
    )
    for number in range(4):
        name = f"jobs/j-large{number}"
        result = SignDocumentsResult(documents=(signed,) * 250)
        house.practice.store.jobs[name] = replace(job, name=name, request_id=f"r-{number}", result=result)
    seen, pages, token = set(), 0, ""
    while pages == 0 or token:
        page = await house.call("JobService/ListJobs", jobs.ListJobsRequest(page_token=token), desk())
        assert page.ByteSize() < 2 * 1024 * 1024
        seen |= {one.name for one in page.jobs}
        pages, token = pages + 1, page.next_page_token
    assert (len(seen), pages > 1) == (5, True)


async def test_a_letter_is_uploaded_signed_and_downloaded(house: House) -> None:
    letter = b"Sehr geehrte Kollegin"
    konnektor = house.practice.konnektor
    konnektor.readings[DESK, Pin.SMC] = PinReading(status=PinStatus.VERIFIED, attempts_left=None)
    konnektor.certificates[CertificateReference.SIG, KeyAlgorithm.ECC] = b"E"
    konnektor.answer = Signed(signatures=(Signature(data=b"signed " + letter + b"E"),))
    konnektor.go.set()
    announced = documents.CreateDocumentRequest(
        size=len(letter), sha256=hashlib.sha256(letter).hexdigest(), mime_type="text/plain"
    )
    made = await house.call("DocumentService/CreateDocument", announced, desk())
    assert made.chunk_size == 1024 * 1024
    chunk = documents.UploadChunkRequest(document=made.document.name, data=letter)
    assert (await house.call("DocumentService/UploadChunk", chunk, desk())).document.received == len(letter)
    assert await refused(house, "DocumentService/UploadChunk", chunk, neighbour()) is Reason.NOT_FOUND
    request = signature.SignDocumentsRequest(
        request_id=UUID,
        card=named(SMCB),
        documents=[
            signature.DocumentToSign(
                document=made.document.name, format=signature.SIGNATURE_FORMAT_CADES_DETACHED, short_text="Brief"
            )
        ],
        wait=Duration(seconds=10),
    )
    job = (await house.call("SignatureService/SignDocuments", request, desk())).job
    assert job.state == job_pb2.JOB_STATE_SUCCEEDED, job
    (signed,) = job.sign_documents.documents
    assert signed.signer_certificate == b"E"
    got = await house.call(
        "DocumentService/DownloadChunk", documents.DownloadChunkRequest(document=signed.output), desk()
    )
    assert got.data == b"signed " + letter + b"E"
    await house.call("DocumentService/DeleteDocument", documents.DeleteDocumentRequest(document=signed.output), desk())
    gone = documents.DownloadChunkRequest(document=signed.output)
    assert await refused(house, "DocumentService/DownloadChunk", gone, desk()) is Reason.NOT_FOUND


async def test_a_user_is_made_by_a_technician_and_bound_by_a_signer(house: House) -> None:
    create = users.CreateUserRequest(user_id="arzt1", label="Ärztin 1")
    made = (await house.call("UserService/CreateUser", create, at_the_box())).user
    assert (made.name, made.label, made.card) == ("users/arzt1", "Ärztin 1", "")
    assert (await house.call("UserService/CreateUser", create, at_the_box())).user == made
    other = users.CreateUserRequest(user_id="arzt1", label="Arzt 2")
    assert await refused(house, "UserService/CreateUser", other, at_the_box()) is Reason.CONFLICT
    house.practice.konnektor.go.set()
    bind = users.BindUserRequest(
        request_id=UUID, user="users/arzt1", card=named(HBA), wait=Duration(seconds=10), accept_unknown_attempts=True
    )
    job = (await house.call("UserService/BindUser", bind, desk())).job
    assert (job.state, job.bind_user.card) == (job_pb2.JOB_STATE_SUCCEEDED, named(HBA))
    (user,) = (await house.call("UserService/ListUsers", users.ListUsersRequest(), desk())).users
    assert user.card == named(HBA)
    assert user.HasField("bind_time")
    assert list((await house.call("UserService/ListUsers", users.ListUsersRequest(), neighbour())).users) == []


class Newcomer:
    """A workstation that enrols."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.spki = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.nonce = b"n" * 32

    def request(self) -> bytes:
        built = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        return built.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    async def commit(self, house: House) -> exchange.CommitResponse:
        made = rules.commitment(workstation_nonce=self.nonce, public_key=self.spki, role=Role.SIGNER, label="Empfang 1")
        request = exchange.CommitRequest(
            public_key=self.spki, role=workstation_pb2.ROLE_SIGNER, label="Empfang 1", commitment=made
        )
        answer: exchange.CommitResponse = await house.call("EnrolmentExchangeService/Commit", request, STRANGER)
        return answer

    async def poll(self, house: House, made: exchange.CommitResponse, sequence: int) -> exchange.PollResponse:
        message = rules.poll_message(enrolment=made.enrolment, box_nonce=made.box_nonce, sequence=sequence)
        proof = self.key.sign(message, ec.ECDSA(hashes.SHA256()))
        request = exchange.PollRequest(enrolment=made.enrolment, sequence=sequence, signature=proof)
        answer: exchange.PollResponse = await house.call("EnrolmentExchangeService/Poll", request, STRANGER)
        return answer


async def test_an_enrolment_from_commit_to_certificate(house: House) -> None:
    newcomer = Newcomer()
    with pytest.raises(Refused) as closed:
        await newcomer.commit(house)
    assert closed.value.reason is Reason.ENROLMENT_CLOSED
    await house.call("EnrolmentService/OpenEnrolment", enrolment.OpenEnrolmentRequest(), at_the_box())
    made = await newcomer.commit(house)
    reveal = exchange.RevealRequest(enrolment=made.enrolment, workstation_nonce=newcomer.nonce)
    await house.call("EnrolmentExchangeService/Reveal", reveal, STRANGER)
    listed = await house.call("EnrolmentService/ListEnrolments", enrolment.ListEnrolmentsRequest(), at_the_box())
    assert [(one.name, one.label, one.peer_address) for one in listed.enrolments] == [
        (made.enrolment, "Empfang 1", "127.0.0.1")
    ]
    assert (await newcomer.poll(house, made, 1)).state == exchange.ENROLMENT_STATE_PENDING
    code = rules.code(
        box_id=made.box_id,
        root_der=house.site.root_der,
        public_key=newcomer.spki,
        role=Role.SIGNER,
        label="Empfang 1",
        box_nonce=made.box_nonce,
        workstation_nonce=newcomer.nonce,
    )
    assert code not in str(listed)
    approve = enrolment.ApproveEnrolmentRequest(
        code=f"{code[:3]} {code[3:]}", scope=workstation_pb2.Scope(contexts=[DESK])
    )
    approved = await house.call("EnrolmentService/ApproveEnrolment", approve, at_the_box())
    assert approved.code == code
    granted = await newcomer.poll(house, made, 2)
    assert (granted.state, granted.workstation) == (exchange.ENROLMENT_STATE_APPROVED, approved.workstation.name)
    assert (granted.role, list(granted.scope.contexts)) == (workstation_pb2.ROLE_SIGNER, [DESK])
    assert granted.root == house.site.root_der
    known = house.edge.principals.by_certificate(granted.certificate)
    assert (known.name, known.scope) == (granted.workstation, Scope(contexts=(DESK,)))
    actions = dict(house.practice.actions())
    assert actions["kartenwart.api.enrolment.v1.EnrolmentService/ApproveEnrolment"] == "OK"
    records = [record.entry for record in house.practice.store.audit]
    assert approved.workstation.name in {entry.subject for entry in records}


async def test_a_workstation_by_token_is_changed_renewed_and_revoked(house: House) -> None:
    newcomer = Newcomer()
    ask = enrolment.CreateTokenRequest(role=workstation_pb2.ROLE_WORKSTATION, lifetime=Duration(seconds=3600))
    token = await house.call("EnrolmentService/CreateToken", ask, at_the_box())
    assert token.site_fingerprint == house.site.fingerprint
    assert token.expire_time.seconds == int(house.clock.now().timestamp()) + 3600
    redeem = exchange.RedeemTokenRequest(token=token.token, certificate_request=newcomer.request(), label="Labor")
    made = await house.call("EnrolmentExchangeService/RedeemToken", redeem, STRANGER)
    assert token.token not in str([record.entry for record in house.practice.store.audit])
    assert (
        await refused(house, "EnrolmentExchangeService/RedeemToken", redeem, STRANGER) is Reason.ENROLMENT_TOKEN_INVALID
    )
    update = workstation_service_pb2.UpdateWorkstationRequest(
        workstation=workstation_pb2.Workstation(name=made.workstation, scope=workstation_pb2.Scope(contexts=[DESK])),
        update_mask=FieldMask(paths=["scope.contexts"]),
    )
    changed = (await house.call("WorkstationService/UpdateWorkstation", update, at_the_box())).workstation
    assert (changed.label, changed.role, list(changed.scope.contexts)) == (
        "Labor",
        workstation_pb2.ROLE_WORKSTATION,
        [DESK],
    )
    who = house.edge.principals.by_certificate(made.certificate)
    renew = workstation_service_pb2.RenewCertificateRequest(certificate_request=newcomer.request())
    renewed = await house.call("WorkstationService/RenewCertificate", renew, who)
    assert house.edge.principals.by_certificate(renewed.certificate).name == made.workstation
    listing = workstation_service_pb2.ListWorkstationsRequest()
    (listed,) = (await house.call("WorkstationService/ListWorkstations", listing, at_the_box())).workstations
    assert listed.state == workstation_pb2.WORKSTATION_STATE_ACTIVE
    revoke = workstation_service_pb2.RevokeWorkstationRequest(name=made.workstation)
    gone = (await house.call("WorkstationService/RevokeWorkstation", revoke, at_the_box())).workstation
    assert gone.state == workstation_pb2.WORKSTATION_STATE_REVOKED


async def test_pending_enrolments_are_rejected_or_closed(house: House) -> None:
    await house.call("EnrolmentService/OpenEnrolment", enrolment.OpenEnrolmentRequest(), at_the_box())
    newcomer = Newcomer()
    made = await newcomer.commit(house)
    reveal = exchange.RevealRequest(enrolment=made.enrolment, workstation_nonce=newcomer.nonce)
    await house.call("EnrolmentExchangeService/Reveal", reveal, STRANGER)
    await house.call(
        "EnrolmentService/RejectEnrolment", enrolment.RejectEnrolmentRequest(name=made.enrolment), at_the_box()
    )
    assert (await newcomer.poll(house, made, 1)).state == exchange.ENROLMENT_STATE_REJECTED
    await house.call("EnrolmentService/CloseEnrolment", enrolment.CloseEnrolmentRequest(), at_the_box())
    listed = await house.call("EnrolmentService/ListEnrolments", enrolment.ListEnrolmentsRequest(), at_the_box())
    assert not listed.HasField("close_time")


async def test_the_audit_is_read_in_pages_and_verified(house: House) -> None:
    auditor = principal(Role.AUDITOR, scope=Scope(contexts=(DESK,)))
    for _ in range(3):
        await refused(house, "PinService/VerifyPin", verify(), auditor)
    first = await house.call("AuditService/ListAuditRecords", ListAuditRecordsRequest(page_size=2), auditor)
    assert [record.sequence for record in first.records] == [3, 2]
    second = ListAuditRecordsRequest(page_size=2, page_token=first.next_page_token)
    rest = await house.call("AuditService/ListAuditRecords", second, auditor)
    assert [record.sequence for record in rest.records] == [1]
    assert rest.next_page_token == ""
    verdict = await house.call("AuditService/VerifyAudit", VerifyAuditRequest(), auditor)
    assert (verdict.intact, verdict.checked) == (True, 3)
