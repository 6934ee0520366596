import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.message import Message

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.card.v1.card_service_pb2 import GetCardRequest, ReadCardCertificateRequest
from kartenwart.api.enrolment.v1.enrolment_service_pb2 import ApproveEnrolmentResponse
from kartenwart.api.job.v1.job_service_pb2 import WaitJobRequest
from kartenwart.api.pin.v1.pin_service_pb2 import GetPinStatusRequest, VerifyPinRequest, VerifyPinResponse
from kartenwart.api.workstation.v1.workstation_pb2 import Workstation as WorkstationMessage
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Reason
from kartenwart.domain.principals import Role, Scope
from kartenwart.edge.call import Call
from kartenwart.edge.limits import Limits
from kartenwart.edge.policy import POLICY, TECHNICIANS
from kartenwart.edge.principals import Kind, Principal, anonymous
from kartenwart.edge.refusals import Refused
from kartenwart.edge.shared import Reply
from tests.unit.edge.opponents import Practice, PresentSource, principal
from tests.unit.edge.requests import right


class Received:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.opened = asyncio.Event()
        self.got = asyncio.Event()

    async def open(self) -> None:
        self.opened.set()

    async def send(self, reply: Reply) -> None:
        self.replies.append(reply)
        self.got.set()


async def refused(practice: Practice, name: str, who: Principal | Exception, message: Message | None = None) -> Refused:
    method = practice.method(name)
    source = PresentSource(who, right(method.request) if message is None else message)
    call: Any = (
        practice.edge.stream(method, source, None, Received())
        if method.streams
        else practice.edge.unary(method, source, None)
    )
    with pytest.raises(Refused) as caught:
        await call
    return caught.value


async def answered(practice: Practice, name: str, who: Principal, message: Message | None = None) -> Reply:
    method = practice.method(name)
    return await practice.edge.unary(
        method, PresentSource(who, right(method.request) if message is None else message), None
    )


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", sorted(name for name, rule in POLICY.items() if not rule.unauthenticated))
async def test_the_matrix_of_roles(name: str, role: Role) -> None:
    practice = Practice()
    short = name.removeprefix("kartenwart.api.").partition(".v1.")[2]
    if role not in POLICY[name].roles:
        assert (await refused(practice, short, principal(role))).reason is Reason.ROLE_MISSING
        assert [(entry.action, entry.outcome) for entry in practice.audit.entries] == [(name, "ROLE_MISSING")]
        return
    method = practice.method(short)
    source = PresentSource(principal(role), right(method.request))
    if method.streams:
        sink = Received()
        task = asyncio.create_task(practice.edge.stream(method, source, None, sink))
        await asyncio.wait_for(sink.got.wait(), 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    else:
        assert isinstance(await practice.edge.unary(method, source, None), Message)
    assert bool(practice.audit.entries) is POLICY[name].audited


async def test_a_technician_cannot_sign_and_cannot_bind() -> None:
    assert TECHNICIANS.isdisjoint(POLICY["kartenwart.api.signature.v1.SignatureService/SignDocuments"].roles)
    assert TECHNICIANS.isdisjoint(POLICY["kartenwart.api.user.v1.UserService/BindUser"].roles)


@pytest.mark.parametrize("name", sorted(POLICY))
async def test_strangers_reach_the_exchange_only(name: str) -> None:
    practice = Practice()
    short = name.partition(".v1.")[2]
    if POLICY[name].unauthenticated:
        await answered(practice, short, anonymous("127.0.0.1"))
    else:
        assert (await refused(practice, short, anonymous("127.0.0.1"))).reason is Reason.UNAUTHENTICATED


async def test_a_certificate_is_renewed_by_its_workstation_only() -> None:
    local = principal(Role.TECHNICIAN, kind=Kind.LOCAL)
    assert (await refused(Practice(), "WorkstationService/RenewCertificate", local)).reason is Reason.ROLE_MISSING


async def test_an_empty_context_becomes_the_default_one() -> None:
    seen: list[str] = []

    async def look(request: Any, _call: Call) -> Reply:
        seen.append(request.context)
        return VerifyPinResponse()

    practice = Practice(said={"VerifyPin": look})
    await answered(practice, "PinService/VerifyPin", principal(Role.WORKSTATION))
    assert seen == ["contexts/empfang"]
    entry = practice.audit.entries[0]
    assert (entry.subject, entry.context, entry.mandant, entry.outcome) == ("cards/c-1", "contexts/empfang", "m1", "OK")


@pytest.mark.parametrize("field", ["context", "user"])
async def test_what_is_out_of_scope_is_refused_with_its_path_and_recorded(field: str) -> None:
    practice = Practice()
    names = {"context": "contexts/labor", "user": "users/arzt2"}
    request = GetPinStatusRequest(card="cards/c-1", pin=card_pb2.PIN_CH, **{field: names[field]})
    found = await refused(practice, "PinService/GetPinStatus", principal(Role.VIEWER), request)
    assert found.reason is Reason.OUT_OF_SCOPE
    assert field in str([detail.value for detail in found.status.details])
    entry = practice.audit.entries[0]
    assert (entry.outcome, entry.subject) == ("OUT_OF_SCOPE", "cards/c-1")
    assert entry.mandant == ("m2" if field == "context" else "m1")


async def test_without_a_default_context_one_must_be_named() -> None:
    found = await refused(Practice(), "PinService/GetPinStatus", principal(Role.VIEWER, scope=Scope()))
    assert found.reason is Reason.INVALID_ARGUMENT


async def test_a_wrong_request_reaches_no_service_and_leaves_no_record() -> None:
    async def fail(_request: Any, _call: Call) -> Reply:
        raise AssertionError("reached")

    practice = Practice(said={"VerifyPin": fail})
    found = await refused(practice, "PinService/VerifyPin", principal(Role.SIGNER), VerifyPinRequest())
    assert found.reason is Reason.INVALID_ARGUMENT
    assert practice.audit.entries == []


async def test_the_subject_may_stand_in_the_answer() -> None:
    async def approve(_request: Any, _call: Call) -> Reply:
        return ApproveEnrolmentResponse(workstation=WorkstationMessage(name="workstations/w-7"))

    practice = Practice(said={"ApproveEnrolment": approve})
    await answered(practice, "EnrolmentService/ApproveEnrolment", principal(Role.TECHNICIAN))
    assert practice.audit.entries[0].subject == "workstations/w-7"


async def test_a_defect_is_logged_by_type_and_place_only() -> None:
    async def broken(_request: Any, _call: Call) -> Reply:
        raise ValueError("Hans Müller, X110411675")

    practice = Practice(said={"GetCard": broken})
    found = await refused(practice, "CardService/GetCard", principal(Role.VIEWER))
    assert found.reason is Reason.INTERNAL
    (report,) = practice.reports
    assert report["kind"] == "ValueError"
    assert report["incident"].encode() in found.status.SerializeToString()
    assert any("test_edge" in place for place in report["places"])
    assert "Müller" not in str(report) + str(found.status)


async def test_a_failing_audited_call_is_recorded_once_with_its_reason() -> None:
    async def refuse(_request: Any, _call: Call) -> Reply:
        raise CallerError(failure(Reason.OUT_OF_SCOPE))

    practice = Practice(said={"ReadCardCertificate": refuse})
    request = ReadCardCertificateRequest(card="cards/c-1", reference=card_pb2.CERTIFICATE_REFERENCE_AUT)
    await refused(practice, "CardService/ReadCardCertificate", principal(Role.SIGNER), request)
    assert [entry.outcome for entry in practice.audit.entries] == ["OUT_OF_SCOPE"]


async def test_a_change_goes_to_its_end_when_its_caller_leaves() -> None:
    entered, leave, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(_request: Any, _call: Call) -> Reply:
        entered.set()
        await leave.wait()
        done.set()
        return VerifyPinResponse()

    practice = Practice(said={"VerifyPin": slow})
    task = asyncio.create_task(answered(practice, "PinService/VerifyPin", principal(Role.SIGNER)))
    await entered.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    leave.set()
    async with practice.edge:
        pass
    assert done.is_set()
    assert [entry.outcome for entry in practice.audit.entries] == ["OK"]


async def test_an_act_that_cannot_be_recorded_is_not_reported_as_done() -> None:
    practice = Practice()
    practice.audit.broken = True
    assert (await refused(practice, "PinService/VerifyPin", principal(Role.SIGNER))).reason is Reason.STORE_FAILED


async def test_a_denial_stays_one_when_the_audit_is_broken() -> None:
    practice = Practice()
    practice.audit.broken = True
    assert (await refused(practice, "AuditService/VerifyAudit", principal(Role.SIGNER))).reason is Reason.ROLE_MISSING
    assert practice.reports[0]["event"] == "denial_not_recorded"


async def test_a_flood_of_denials_is_recorded_up_to_a_number_and_then_counted() -> None:
    practice = Practice()
    for _ in range(50):
        await refused(practice, "AuditService/VerifyAudit", principal(Role.SIGNER))
    assert len(practice.audit.entries) == 30
    practice.clock.ahead = timedelta(minutes=1)
    await refused(practice, "AuditService/VerifyAudit", principal(Role.SIGNER))
    assert practice.audit.entries[-1].detail.endswith("unrecorded=20")
    assert b"kartenwart_unaudited_denials_total 20.0" in practice.edge.metrics.text()


async def test_unknown_callers_are_recorded_with_their_address() -> None:
    practice = Practice()
    await refused(practice, "SystemService/GetSystem", CallerError(failure(Reason.REVOKED)))
    entry = practice.audit.entries[0]
    assert (entry.actor, entry.outcome, entry.detail) == ("anonymous", "REVOKED", "peer=127.0.0.1")


async def test_a_call_ends_at_its_deadline() -> None:
    async def never(_request: Any, _call: Call) -> Reply:
        await asyncio.sleep(3600)
        raise AssertionError

    practice = Practice(said={"GetCard": never})
    source = PresentSource(principal(Role.VIEWER), GetCardRequest(name="cards/c-1"))
    with pytest.raises(Refused) as caught:
        await practice.edge.unary(practice.method("CardService/GetCard"), source, 0.05)
    assert caught.value.reason is Reason.DEADLINE_EXCEEDED


async def test_a_timeout_inside_a_service_is_its_own_defect() -> None:
    async def broken(_request: Any, _call: Call) -> Reply:
        raise TimeoutError

    practice = Practice(said={"GetCard": broken})
    assert (await refused(practice, "CardService/GetCard", principal(Role.VIEWER))).reason is Reason.INTERNAL


@pytest.mark.parametrize("seconds", [None, 3600.0])
@pytest.mark.parametrize("how", ["revoked", "role", "expired", "stop"])
@pytest.mark.parametrize("name", ["InventoryService/WatchInventory", "JobService/WaitJob"])
async def test_what_is_under_way_ends_at_once(how: str, name: str, seconds: float | None) -> None:
    entered = asyncio.Event()

    async def waits(_request: Any, _call: Call) -> Reply:
        entered.set()
        await asyncio.sleep(3600)
        raise AssertionError

    practice = Practice(said={"WaitJob": waits})
    leaf = practice.site.leaf("w")
    workstation = practice.registry.add(leaf, Role.WORKSTATION)
    who = practice.edge.principals.by_certificate(leaf.der)
    method, sink = practice.method(name), Received()
    source = PresentSource(who, right(method.request))
    if how == "expired" and not method.streams:
        return  # a call lasts a minute at most
    if how == "expired":
        practice.clock.ahead = timedelta(days=89, hours=23, minutes=59, seconds=59.7)
    call = (
        practice.edge.stream(method, source, seconds, sink)
        if method.streams
        else practice.edge.unary(method, source, seconds)
    )
    task = asyncio.create_task(call)
    await asyncio.wait_for(sink.got.wait() if method.streams else entered.wait(), 5)
    match how:
        case "revoked":
            practice.registry.change(workstation, revoked_at=practice.clock.now())
        case "role":
            practice.registry.change(workstation, role=Role.VIEWER)
        case "stop":
            practice.edge.end_visits()
    with pytest.raises(Refused) as caught:
        await asyncio.wait_for(task, 2)
    expected = {
        "revoked": Reason.REVOKED,
        "role": Reason.CONFLICT,
        "expired": Reason.UNAUTHENTICATED,
        "stop": Reason.AGENT_UNAVAILABLE,
    }
    assert caught.value.reason is expected[how]
    assert practice.edge.visits._by_name == {}


async def test_a_new_label_ends_nothing() -> None:
    practice = Practice()
    leaf = practice.site.leaf("w")
    workstation = practice.registry.add(leaf, Role.WORKSTATION)
    who = practice.edge.principals.by_certificate(leaf.der)
    method, sink = practice.method("InventoryService/WatchEvents"), Received()
    task = asyncio.create_task(practice.edge.stream(method, PresentSource(who, right(method.request)), None, sink))
    await asyncio.wait_for(sink.got.wait(), 5)
    practice.registry.change(workstation, label="Empfang 2")
    await asyncio.sleep(0.05)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_stream_ends_with_its_service_and_closes_it() -> None:
    closed = asyncio.Event()

    async def pour(_request: Any, _call: Call) -> AsyncIterator[Reply]:
        try:
            yield VerifyPinResponse()
            raise CallerError(failure(Reason.NOT_FOUND))
        finally:
            closed.set()

    practice = Practice(said={"WatchJob": pour})
    found = await refused(practice, "JobService/WatchJob", principal(Role.SIGNER))
    assert found.reason is Reason.NOT_FOUND
    assert closed.is_set()


async def test_calls_are_counted_by_method_and_outcome_without_names() -> None:
    practice = Practice()
    await answered(practice, "SystemService/GetSystem", principal(Role.VIEWER))
    await refused(practice, "AuditService/VerifyAudit", principal(Role.VIEWER))
    text = practice.edge.metrics.text().decode()
    assert 'kartenwart_calls_total{method="kartenwart.api.system.v1.SystemService/GetSystem",outcome="OK"} 1.0' in text
    assert 'outcome="ROLE_MISSING"} 1.0' in text
    assert "w-1" not in text


async def test_the_loop_is_watched_while_the_edge_is_open() -> None:
    practice = Practice()
    async with practice.edge:
        before = practice.edge.metrics.worst_lag
        assert before == 0
        await asyncio.sleep(1.1)
    assert practice.edge.metrics.worst_lag > 0


async def test_too_many_calls_at_a_time_are_refused_with_a_time() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow(_request: Any, _call: Call) -> Reply:
        entered.set()
        await leave.wait()
        return VerifyPinResponse()

    practice = Practice(said={"WaitJob": slow}, limits=Limits(calls=1))
    task = asyncio.create_task(
        answered(practice, "JobService/WaitJob", principal(Role.SIGNER), WaitJobRequest(name="jobs/j-1"))
    )
    await entered.wait()
    assert (await refused(practice, "JobService/WaitJob", principal(Role.SIGNER))).reason is Reason.LIMIT_EXCEEDED
    leave.set()
    await task


async def test_a_stop_waits_a_little_and_not_for_ever() -> None:
    entered, ended = asyncio.Event(), asyncio.Event()

    async def never(_request: Any, _call: Call) -> Reply:
        entered.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()
        raise AssertionError

    practice = Practice(said={"VerifyPin": never}, grace=0.05)
    async with practice.edge:
        task = asyncio.create_task(answered(practice, "PinService/VerifyPin", principal(Role.SIGNER)))
        await entered.wait()
    assert ended.is_set()
    with pytest.raises(Refused):
        await task
