"""Two practices under one roof: whatever a workplace calls, hears, finds in the audit, nothing is the other's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client import Kartenwart, Profile
from kartenwart.edge.policy import POLICY
from tests.integration.leaks.marks import found_in
from tests.integration.practice.desk import (
    AT_THE_DOCTOR,
    AT_THE_RECEPTION,
    bound,
    entered,
    pin_entry,
    signature,
    signed,
)
from tests.integration.practice.staff import world
from tests.integration.security.conftest import by_code, get, grpc
from tests.integration.security.walking import OK, Aim, Walker
from tests.practice import Practice, practice

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("security-every-rpc"),
    pytest.mark.timeout(150),
    pytest.mark.slow,
]

CADES = signature_pb2.SIGNATURE_FORMAT_CADES_DETACHED
AT_THE_DOOR = {"ROLE_MISSING", "OUT_OF_SCOPE", "INVALID_ARGUMENT"}
NO_CERTIFICATES = {
    "CertificateService/VerifyCertificate",
    "WorkstationService/RenewCertificate",
}  # what is sent is none
KVNR = "Q473918265"  # which a picture shows to nobody
# Names that people or cards of one practice have, and nobody else; the box learns them from its Konnektor and people.
OURS = ("Zwirbelnuss", "Quarkstrudel", "Wurzelbart", "Zapfenstreich", KVNR, "Wackelstein")
THEIRS = ("Knollenfink", "Kranzquelle", "Moorhuhnig")
IN_THE_WORLD = (
    ("Dr. Anna Adler TEST-ONLY", "Dr. Anna Zwirbelnuss TEST-ONLY"),
    ('holder = "Praxis am Markt TEST-ONLY"', 'holder = "Praxis Quarkstrudel TEST-ONLY"'),
    ("Praxis Brunnenhof TEST-ONLY", "Praxis Knollenfink TEST-ONLY"),
    ('label = "Sprechzimmer"', 'label = "Wurzelbart"'),
)
A_PATIENT_INSIDE = """
[[cards]]
name = "egk-drinnen"
kind = "egk"
iccsn = "80276001011699900302"
holder = "Emil Zapfenstreich TEST-ONLY"
kvnr = "Q473918265"
terminal = "kt-sprechzimmer"
slot = 3
pins = [{ reference = "PIN.CH", pin = "654321", puk = "65432109" }]
"""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a practice is before its day: its marks, one context, its doctor, and its cards by type and end of ICCSN."""

    marks: tuple[str, ...]
    context: str
    user: str
    cards: tuple[tuple[str, str], ...]


OUR_CARDS = (("SMC_B", "0101"), ("HBA", "0201"), ("HBA", "0202"))
PLANS = (
    Plan(marks=OURS, context="empfang", user="zwirbelnuss", cards=OUR_CARDS),
    Plan(marks=THEIRS, context="nachbar", user="kranzquelle", cards=(("SMC_B", "0102"),)),
)


@dataclass(kw_only=True)
class Side:
    """One practice after its day: what is its own, what a walk names of it, and its callers with what they were told.

    `named` is what strangers name, `own` what its own people do: they have a workstation to spare.
    """

    plan: Plan
    marks: tuple[str, ...]
    named: Aim
    own: tuple[Aim, ...]
    listener: Walker
    own_walks: dict[str, Walker] = field(default_factory=dict)
    strange_walks: dict[str, Walker] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Roof:
    """Both practices after their day."""

    here: Practice
    sides: tuple[Side, Side]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def roof(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Roof]:
    folder = tmp_path_factory.mktemp("roof")
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(practice(folder, world(folder, *IN_THE_WORLD, more=A_PATIENT_INSIDE)))
        for pad in (AT_THE_DOCTOR, AT_THE_RECEPTION):
            await here.simulator.plays(pad, default="type_right")
        technicians = [await colleague(here, "TECHNICIAN", plan) for plan in PLANS]
        for plan, technician in zip(PLANS, technicians, strict=True):
            async with here.connected(technician) as box:
                await box.users.create(plan.user, f"Dr. {plan.user.title()}")
        sides = []
        profiles = [
            await here.workstation(f"Platz {one.marks[-1]}", contexts=rooms(one), users=(one.user,)) for one in PLANS
        ]
        heard = [await stack.enter_async_context(listened(profile)) for profile in profiles]
        for plan, profile, walker in zip(PLANS, profiles, heard, strict=True):
            async with here.connected(profile) as box:
                sides.append(await lived(here, box, plan, walker))
        callers = [
            {"SIGNER": signer, "AUDITOR": await colleague(here, "AUDITOR", plan), "TECHNICIAN": technician}
            for plan, signer, technician in zip(PLANS, profiles, technicians, strict=True)
        ]
        for side, profiles_of in zip(sides, callers, strict=True):
            side.own_walks = {role: await walked(one, *side.own) for role, one in profiles_of.items()}
        for side, other, profiles_of in zip(sides, reversed(sides), callers, strict=True):
            side.strange_walks = {role: await walked(one, other.named) for role, one in profiles_of.items()}
        yield Roof(here=here, sides=(sides[0], sides[1]))


def rooms(plan: Plan) -> tuple[str, ...]:
    """Return the contexts of a practice's first workplace."""
    return ("empfang", "sprechzimmer") if plan.context == "empfang" else (plan.context,)


@asynccontextmanager
async def listened(profile: Profile) -> AsyncIterator[Walker]:
    """A workplace that has both streams open from the first minute to the last."""
    async with grpc(profile) as wire:
        walker = Walker(wire=wire)
        streams = (inventory_pb2.WatchInventoryRequest, inventory_pb2.WatchEventsRequest)
        tasks = [asyncio.create_task(walker.listens(kind)) for kind in streams]
        try:
            yield walker
        finally:
            assert not any(task.done() for task in tasks), "a stream ended"
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def lived(here: Practice, box: Kartenwart, plan: Plan, listener: Walker) -> Side:
    """Unlock the practice's card, bind the doctor where there is one, sign, and leave a document behind."""
    cards = [await here.card(box, kind, tail) for kind, tail in plan.cards]
    user = f"users/{plan.user}"
    if plan.context == "empfang":
        await bound(here, box, cards[1], user)
        await here.simulator.plays(AT_THE_DOCTOR, default="type_right")
    context = f"contexts/{plan.context}"
    job = await entered(box, pin_entry(cards[0], context=context))
    assert job.state == job_pb2.JOB_STATE_SUCCEEDED, job
    document = await box.documents.upload(b"Befund", "text/plain")
    job = await signed(box, signature(cards[0], document.name, context=context, form=CADES))
    assert job.state == job_pb2.JOB_STATE_SUCCEEDED, job
    result = job.sign_documents.documents[0].output
    kept = (await box.documents.upload(plan.marks[0].encode(), "text/plain")).name
    spare = await here.workstation(f"Reserve {plan.marks[-1]}", contexts=(plan.context,))
    names = {
        "cards": cards[0],
        "users": user,
        "contexts": context,
        "jobs": job.name,
        "documents": kept,
        "workstations": (await box.system.get()).caller,
    }
    made = (*cards, user, job.name, job.request_id, job.job_number, result, kept, names["workstations"])
    return Side(
        plan=plan,
        listener=listener,
        marks=(*plan.marks, *made),
        named=Aim(names=names),
        own=tuple(Aim(names=names | {"workstations": spare.workstation, "cards": card}) for card in cards[:2]),
    )


async def walked(profile: Profile, *aims: Aim) -> Walker:
    """Let somebody try everything."""
    async with grpc(profile) as wire:
        walker = Walker(wire=wire)
        for aim in aims:
            await walker.walk(aim)
        return walker


async def colleague(here: Practice, role: str, plan: Plan) -> Profile:
    label, contexts = f"{role} {plan.marks[-1]}", (plan.context,)
    if role == "TECHNICIAN":
        return await by_code(here, label, role=role, contexts=contexts)
    return await here.workstation(label, role=role, contexts=contexts)


def two(roof: Roof) -> tuple[tuple[Side, Side], tuple[Side, Side]]:
    """Each practice, and the other one."""
    return roof.sides, (roof.sides[1], roof.sides[0])


async def test_no_answer_names_anything_of_the_other_practice(roof: Roof) -> None:
    for side, other in two(roof):
        for role, walker in side.own_walks.items():
            assert found_in("\n".join(walker.told).encode(), other.marks) == [], role
        unsaid = tuple(mark for mark in other.marks if mark not in other.named.names.values())
        for role, walker in side.strange_walks.items():
            assert found_in("\n".join(walker.told).encode(), unsaid) == [], role
            assert not {name for name in walker.named if OK in walker.ends[name]}, role
            assert len(walker.named) > 30


async def test_no_stream_tells_anything_of_the_other_practice(roof: Roof) -> None:
    for side, other in two(roof):
        told = "\n".join(side.listener.told).encode()
        assert found_in(told, other.marks) == []
        assert found_in(told, side.marks[:1]), "the same search finds the practice's own"


async def test_metrics_name_neither_practice(roof: Roof) -> None:
    status, metrics = await get(roof.here, "/metrics")
    assert status == 200
    assert found_in(metrics.encode(), (*roof.sides[0].marks, *roof.sides[1].marks)) == []
    assert found_in(metrics.encode(), ("SignDocuments",)), "the same search finds what does belong there"


async def test_the_walks_came_past_the_doors(roof: Roof) -> None:
    """Every RPC was tried, with what was found well-formed and in scope, by somebody who may; none came too often."""
    everything = {name for name, rule in POLICY.items() if not rule.unauthenticated}
    for side in roof.sides:
        ends: dict[str, set[str]] = {name: set() for name in everything}
        for walker in (*side.own_walks.values(), *side.strange_walks.values()):
            assert set(walker.ends) == everything
            assert not {"LIMIT_EXCEEDED", "INTERNAL", "UNSPECIFIED", ""} & set().union(*walker.ends.values())
        for walker in side.own_walks.values():
            for name, how in walker.ends.items():
                ends[name] |= how
        shut = {name.rpartition(".")[2] for name, how in ends.items() if how <= AT_THE_DOOR}
        assert shut <= NO_CERTIFICATES
        told = "\n".join(text for walker in side.own_walks.values() for text in walker.told).encode()
        assert [mark for mark in side.marks if mark != KVNR and not found_in(told, (mark,))] == []


async def test_nothing_of_the_other_practice_was_changed(roof: Roof) -> None:
    async with roof.here.technician() as box:
        labels = {one.name: (one.label, one.state) for one in await box.workstations.list()}
    for side in roof.sides:
        label, state = labels[side.named.names["workstations"]]
        assert (label, state) == (f"Platz {side.plan.marks[-1]}", workstation_pb2.WORKSTATION_STATE_ACTIVE)
