"""A practice for tests of the operations: one Konnektor port in memory, played by the test, and everything above it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from kartenwart.domain.comfort import Session, SignatureMode
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.information_model import Authentication
from kartenwart.domain.inventory import (
    CardType,
    Context,
    Konnektor,
    LinkState,
    Pin,
    PinStatus,
)
from kartenwart.domain.jobs import PinOutcome, VerifyPinResult
from kartenwart.domain.model_check import ContextSurvey
from kartenwart.domain.ports.cards import BeforeSend, CardCall, PinReading, PinWish
from kartenwart.domain.ports.konnektor import Signed, SignOrder
from kartenwart.domain.ports.observations import Notice, Observation, ObservedCard, ObservedTerminal
from kartenwart.domain.principals import Caller, Role, Scope
from kartenwart.domain.verification import TimestampType, Verification, VerificationOrder, VerificationResult
from kartenwart.operations.assertions import Assertions
from kartenwart.operations.audit import Audit
from kartenwart.operations.certificates import Certificates
from kartenwart.operations.comfort import Comfort
from kartenwart.operations.comfort_sessions import ComfortSessions
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.documents import Documents
from kartenwart.operations.events import EventRing
from kartenwart.operations.handing_out import HandingOut
from kartenwart.operations.information_model import InformationModels
from kartenwart.operations.insertions import Insertions
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.locks import CardLocks, Limits
from kartenwart.operations.names import ResourceNames
from kartenwart.operations.people import People
from kartenwart.operations.pin_changes import PinChanges
from kartenwart.operations.pin_matrix import PinMatrix
from kartenwart.operations.pin_memory import PinMemory
from kartenwart.operations.pin_steps import PinTools
from kartenwart.operations.pins import Pins
from kartenwart.operations.reach import Cards
from kartenwart.operations.signable import Signable
from kartenwart.operations.signature_journal import SignatureJournal
from kartenwart.operations.signatures import Signatures
from kartenwart.operations.signing import SigningTools
from kartenwart.operations.time import TrustedTime
from kartenwart.operations.unlocking import Unlocking
from kartenwart.operations.users import Users
from kartenwart.operations.verification import Verifications
from tests.unit.operations.card_keys import PlayedEnvelopes, PlayedKeys, authentications, encryptions
from tests.unit.operations.first_bytes import FirstBytes
from tests.unit.operations.memory import START, MemoryStore, MemoryVault, SetClock
from tests.unit.operations.played_certificates import (
    OneCertificateReader,
    PlayedCertificates,
    certificate_surveys,
)
from tests.unit.operations.played_patients import PlayedPatients, card_requests, patient_cards

K1 = "konnektors/k1"
DESK, ROOM, OTHER = "contexts/empfang", "contexts/sprechzimmer", "contexts/nachbar"
CONTEXTS = {
    DESK: Context(name=DESK, konnektor=K1, mandant="m1", client_system="kw", workplace="empfang"),
    ROOM: Context(name=ROOM, konnektor=K1, mandant="m1", client_system="kw", workplace="zimmer"),
    OTHER: Context(name=OTHER, konnektor=K1, mandant="m2", client_system="kw", workplace="nachbar"),
}
OURS = frozenset({DESK, ROOM})
NAMES = ResourceNames(b"a secret of sixteen bytes or more")

TERMINAL = ObservedTerminal(
    ct_id="ct-1",
    label="Empfang",
    mac_address="00-1B-2C-3D-4E-5F",
    ip_address="127.0.0.9",
    connected=True,
    physical=True,
    workplaces=("empfang",),
    slot_count=4,
    product="Terminal",
    contexts=OURS,
)
SMCB = ObservedCard(
    handle="h-smcb",
    type=CardType.SMC_B,
    ct_id="ct-1",
    slot_id=1,
    iccsn="80276001040000000001",
    holder="Praxis",
    inserted_at=START,
    certificate_expiry=None,
    contexts=OURS,
    local_contexts=frozenset({DESK}),
)
HBA = replace(SMCB, handle="h-hba", type=CardType.HBA, slot_id=2, iccsn="80276001040000000002", holder="Dr. A")
EGK = replace(SMCB, handle="h-egk", type=CardType.EGK, slot_id=3, iccsn="80276001040000000003", holder="Patient P")


def named(card: ObservedCard) -> str:
    """Return the resource name of a card."""
    return NAMES.card(konnektor=K1, handle=card.handle, card_type=card.type, iccsn=card.iccsn)


def observation(
    *cards: ObservedCard, terminals: tuple[ObservedTerminal, ...] = (TERMINAL,), **konnektor: Any
) -> Observation:
    """Return a poll that found these cards."""
    facts: dict[str, Any] = {"link_state": LinkState.UP, "last_confirmed": START} | konnektor
    return Observation(konnektor=Konnektor(name=K1, **facts), terminals=terminals, cards=cards)


@dataclass
class PlayedKonnektor(PlayedCertificates, PlayedPatients, PlayedKeys):
    """A Konnektor port that counts what was sent and answers what the test says, when the test says it."""

    name: str = K1
    found: Observation = field(default_factory=lambda: observation(SMCB, HBA, EGK))
    readings: dict[tuple[str, Pin], PinReading | WorldError] = field(default_factory=dict)
    answer: VerifyPinResult | Signed | Callable[..., Any] | BaseException | None = None
    go: asyncio.Event = field(default_factory=asyncio.Event)
    connecting: asyncio.Event = field(default_factory=asyncio.Event)
    verbs_sent: int = 0
    orders: list[SignOrder] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    verified: list[VerificationOrder] = field(default_factory=list)
    verification: Verification | WorldError = field(
        default_factory=lambda: Verification(
            result=VerificationResult.VALID, timestamp_type=TimestampType.SYSTEM, timestamp=START, report=b"<report/>"
        )
    )
    wishes: list[tuple[str, PinWish]] = field(default_factory=list)
    comfort_on: bool = True
    comfort_user: str = ""
    comfort_left: int | None = None
    comfort_time: timedelta = timedelta(hours=1)
    mode_users: list[str] = field(default_factory=list)
    numbers: int = 0
    on_wire: int = 0
    most_on_wire: int = 0
    greedy: bool = False
    told: list[Notice] = field(default_factory=list)
    surveys: dict[str, ContextSurvey | WorldError] = field(default_factory=dict)
    surveying: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.connecting.set()
        self.surveying.set()

    async def observe(self) -> Observation:
        return self.found

    def authentication(self, client_system: str) -> Authentication:
        return Authentication.CERTIFICATE if client_system == "kw" else Authentication.NONE

    async def survey(self, contexts: Sequence[Context]) -> tuple[ContextSurvey, ...]:
        await self.surveying.wait()
        told = [self.surveys.get(context.name) or ContextSurvey(context=context) for context in contexts]
        for one in told:
            if isinstance(one, WorldError):
                raise one
        return tuple(one for one in told if isinstance(one, ContextSurvey))

    async def subscribe(self) -> None:
        return

    async def notices(self) -> AsyncIterator[Notice]:
        while self.told:
            yield self.told.pop(0)

    async def pin_status(self, call: CardCall, pin: Pin) -> PinReading:
        self.asked.append(f"pin_status {pin} {call.context.name}")
        await asyncio.sleep(0)
        told = self.readings.get((call.context.name, pin), PinReading(status=PinStatus.VERIFIABLE, attempts_left=3))
        if isinstance(told, WorldError):
            raise told
        return told

    async def job_number(self, context: Context) -> str:
        assert context.konnektor == self.name
        self.numbers += 1
        return f"ABC-{self.numbers:03d}"

    async def pin_verb(self, call: CardCall, wish: PinWish, before_send: BeforeSend) -> VerifyPinResult:
        answer = await self._sent(call, before_send)
        self.wishes.append((call.context.name, wish))
        if callable(answer):
            answer = answer(call, wish)
        if isinstance(answer, BaseException):
            raise answer
        assert isinstance(answer, VerifyPinResult)
        return answer

    async def sign(self, call: CardCall, order: SignOrder, before_send: BeforeSend) -> Signed:
        self.orders.append(order)
        answer = await self._sent(call, before_send)
        if callable(answer):
            answer = answer(order)
        assert isinstance(answer, Signed)
        return answer

    async def signature_mode(self, call: CardCall) -> SignatureMode:
        self.mode_users.append(call.user_id)
        lasting = self.comfort_left if call.user_id == self.comfort_user else None
        session = Session(signatures_left=lasting, time_left=self.comfort_time) if lasting else None
        return SignatureMode(enabled=self.comfort_on, most=100, longest=timedelta(hours=6), session=session)

    async def activate_comfort(self, call: CardCall, before_send: BeforeSend) -> None:
        await self._sent(call, before_send)
        self.comfort_user, self.comfort_left = call.user_id, 100

    async def deactivate_comfort(self, context: Context, handle: str) -> bool:
        assert context.konnektor == self.name
        had, self.comfort_user = bool(self.comfort_user), ""
        return had

    async def verify_document(self, context: Context, order: VerificationOrder) -> Verification:
        self.asked.append(f"verify_document {context.name}")
        self.verified.append(order)
        if isinstance(self.verification, WorldError):
            raise self.verification
        return self.verification

    async def stop_signature(self, call: CardCall, job_number: str) -> None:
        assert call.context.konnektor == self.name
        self.stopped.append(job_number)

    async def _sent(self, call: CardCall, before_send: BeforeSend) -> Any:
        await self.connecting.wait()
        await before_send()
        self.verbs_sent += 1
        self.calls.append(call)
        self.on_wire += 1
        self.most_on_wire = max(self.most_on_wire, self.on_wire)
        try:
            await self.go.wait()
        finally:
            self.on_wire -= 1
        if self.greedy:
            await before_send()
            self.verbs_sent += 1
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def caller(name: str = "workstations/w-1", role: Role = Role.SIGNER, mandants: frozenset[str] | None = None) -> Caller:
    """Return somebody with all contexts."""
    scope = Scope(contexts=tuple(CONTEXTS), users=("users/arzt1",))
    return Caller(name=name, role=role, scope=scope, mandants=mandants or frozenset({"m1"}))


VERIFIED = VerifyPinResult(outcome=PinOutcome.VERIFIED)


class Practice:
    """Everything above the ports, wired as the agent does it."""

    def __init__(
        self,
        store: MemoryStore | None = None,
        vault: MemoryVault | None = None,
        pauses: Sequence[float] = (0.01, 0.01, 0.01),
    ) -> None:
        self.store = store or MemoryStore()
        self.vault = vault or MemoryVault()
        self.clock = SetClock()
        self.reports: list[tuple[str, dict[str, object]]] = []
        self.lost: dict[str, Reason] = {}
        self.konnektor = PlayedKonnektor(answer=VERIFIED)
        self.contexts = Contexts(contexts=CONTEXTS)
        self.events = EventRing(capacity=1000)
        self.keeper = InventoryKeeper(
            names=NAMES, contexts=self.contexts, konnektors=(K1,), events=self.events, clock=self.clock
        )
        self.keeper.observe(self.konnektor.found)
        self.audit = Audit(store=self.store)
        self.locks = CardLocks()
        self.jobs = Jobs(
            store=self.store,
            clock=self.clock,
            locks=self.locks,
            lost=lambda creator: self.lost.get(creator.name),
            pauses=pauses,
            grace=0.05,
            report=self.report,
        )
        self.people = People(store=self.store, clock=self.clock)
        self.sessions = ComfortSessions(clock=self.clock, events=self.events)
        self.cards = Cards(
            keeper=self.keeper,
            contexts=self.contexts,
            people=self.people,
            konnektors={K1: self.konnektor},
            locks=self.locks,
            limits={K1: Limits(practice_card=4)},
            sessions=self.sessions,
        )
        self.memory = PinMemory(keeper=self.keeper, facts=self.store, clock=self.clock, report=self.report)
        self.jobs.on_end(self.memory.job_ended)
        self.documents = Documents(vault=self.vault, jobs=self.jobs, clock=self.clock)
        self._offer_verbs_on_pins()
        self._offer_what_asks_no_pin()
        self._offer_verbs_of_people()

    def _offer_what_asks_no_pin(self) -> None:
        self.information_models = InformationModels(
            contexts=self.contexts,
            keeper=self.keeper,
            konnektors={K1: self.konnektor},
            clock=self.clock,
            seconds=0.2,
        )
        self.insertions = Insertions(self.keeper)
        self.patient_cards, self.card_requests = patient_cards(self), card_requests(self)

    def _offer_verbs_on_pins(self) -> None:
        self.pin_tools = PinTools(cards=self.cards, keeper=self.keeper, memory=self.memory)
        self.pin_changes = PinChanges(jobs=self.jobs, contexts=self.contexts, tools=self.pin_tools)
        self.unlocking = Unlocking(jobs=self.jobs, contexts=self.contexts, tools=self.pin_tools)
        self.pin_matrix = PinMatrix(contexts=self.contexts, people=self.people, tools=self.pin_tools)
        self.pins = Pins(
            jobs=self.jobs, cards=self.cards, contexts=self.contexts, keeper=self.keeper, memory=self.memory
        )

    def _offer_verbs_of_people(self) -> None:
        self.users = Users(
            people=self.people,
            jobs=self.jobs,
            cards=self.cards,
            contexts=self.contexts,
            keeper=self.keeper,
            memory=self.memory,
            audit=self.audit,
        )
        self.certificate_surveys = certificate_surveys(self)
        self.certificates = Certificates(cards=self.cards, reader=OneCertificateReader())
        self.envelopes = PlayedEnvelopes()
        self.authentications = authentications(self, OneCertificateReader())
        self.encryptions = encryptions(self, OneCertificateReader(), self.envelopes)
        self.verifications = Verifications(contexts=self.contexts, cards=self.cards, documents=self.documents)
        self._offer_signatures()

    def _offer_signatures(self) -> None:
        self.signatures = Signatures(
            jobs=self.jobs,
            contexts=self.contexts,
            people=self.people,
            keeper=self.keeper,
            signable=Signable(documents=self.documents, inspector=FirstBytes()),
            assertions=Assertions(facts=self.store, clock=TrustedTime(clock=self.clock, facts=self.store)),
            tools=SigningTools(
                cards=self.cards,
                documents=self.documents,
                memory=self.memory,
                reader=OneCertificateReader(),
                handing_out=HandingOut(documents=self.documents, checker=FirstBytes(), report=self.report),
                sessions=self.sessions,
            ),
        )
        self.comfort = Comfort(
            jobs=self.jobs,
            cards=self.cards,
            contexts=self.contexts,
            people=self.people,
            keeper=self.keeper,
            memory=self.memory,
            sessions=self.sessions,
            clock=self.clock,
        )
        self.signature_journal = SignatureJournal(store=self.store)

    def report(self, event: str, /, **fields: object) -> None:
        self.reports.append((event, fields))

    def actions(self) -> list[tuple[str, str]]:
        """Return what the audit says: action and outcome."""
        return [(record.entry.action, record.entry.outcome) for record in self.store.audit]
