"""A practice that stays while many short stories are played in it: its people, its pads, a PVS beside the agent."""

import asyncio
import ssl
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client import Kartenwart, Profile
from tests.integration.practice.desk import AT_THE_DOCTOR, AT_THE_RECEPTION, bound
from tests.integration.practice.staff import world
from tests.practice import Practice, practice
from tests.sim.soap_client import PrimarySystem
from tests.waiting import until

T = TypeVar("T")
PADS = (AT_THE_DOCTOR, AT_THE_RECEPTION)
SMCB, HBA = "smcb-m1", "hba-adler"
USER = "users/adler"
SLOTS = {SMCB: (AT_THE_RECEPTION, 3), HBA: (AT_THE_DOCTOR, 1)}
SECRETS = {(SMCB, "PIN.SMC"): "135790", (HBA, "PIN.CH"): "112233", (HBA, "PIN.QES"): "445566"}
PUKS = {(SMCB, "PIN.SMC"): "13579024", (HBA, "PIN.CH"): "11223344", (HBA, "PIN.QES"): "44556677"}
VERBS = ("VerifyPin", "ChangePin", "UnblockPin", "SignDocument", "ActivateComfortSignature")
PATIENCE_AT_PADS = 2
COMFORT_MOST = 5
QUIET = "[konnektors.k1]\npoll_interval = 1\n[log]\nlevel = 'warning'\n"


@dataclass(kw_only=True)
class House:
    """The practice between two steps of a story. `spent` are the attempts that people have spent, by card and PIN."""

    runner: asyncio.Runner
    practice: Practice
    profile: Profile
    pvs: PrimarySystem
    spent: Counter[tuple[str, str]] = field(default_factory=Counter)
    foreign: Counter[tuple[str, str]] = field(default_factory=Counter)
    cards: dict[str, str] = field(default_factory=dict)
    _box: Kartenwart | None = None
    _connection: AsyncExitStack = field(default_factory=AsyncExitStack)
    _asking: set[asyncio.Task[Any]] = field(default_factory=set)

    def run(self, act: Coroutine[Any, Any, T]) -> T:
        """Do something in the practice's loop; hypothesis knows no other than steps without one."""
        return self.runner.run(act)

    @property
    def box(self) -> Kartenwart:
        """The workstation's connection."""
        assert self._box is not None
        return self._box

    async def connect(self) -> None:
        """Connect the workstation; what it was connected to before has ended."""
        await self._connection.aclose()
        self._box = await self._connection.enter_async_context(self.practice.connected(self.profile))

    async def close(self) -> None:
        """End the workstation's connection, and what the PVS still waits for."""
        await self._connection.aclose()
        await self.no_more_foreign()

    def pin_of(self, card: str) -> dict[str, Any]:
        """Return what a fresh request says of a card's PIN."""
        pin, user = (card_pb2.PIN_CH, USER) if card == HBA else (card_pb2.PIN_SMC, "")
        return {"request_id": str(uuid.uuid4()), "card": self.cards[card], "pin": pin, "user": user}

    async def counts(self, card: str) -> Mapping[str, int]:
        """Return how often each verb reached a card, whoever sent it."""
        operations: dict[str, int] = (await self.practice.simulator.counts(card))["operations"]
        return {verb: operations.get(verb, 0) for verb in VERBS}

    async def attempts(self) -> dict[tuple[str, str], int]:
        """Return the attempts that each PIN, and each PUK, has left on its card."""
        cards = {one["name"]: one["pins"] for one in (await self.practice.simulator.ask("/state"))["cards"]}
        pins = {(card, pin): cards[card][pin]["attempts_left"] for card, pin in SECRETS}
        return pins | {(card, f"PUK of {pin}"): cards[card][pin]["puk_attempts_left"] for card, pin in PUKS}

    async def verified(self, card: str, pin: str, client_system: str) -> bool:
        """Tell whether a PIN is verified in a client system's session, as the Konnektor knows it."""
        (konnektor,) = (await self.practice.simulator.ask("/state"))["konnektors"]
        return any(
            one["card"] == card and one["client_system"] == client_system and pin in one["verified"]
            for one in konnektor["sessions"]
        )

    async def comfort_signatures(self) -> int:
        """Return how many signatures the doctor's card has made in comfort sessions, whoever's."""
        made: int = (await self.practice.simulator.counts(HBA))["signature_modes"].get("COMFORT", 0)
        return made

    async def prompt(self, pad: str) -> Mapping[str, str] | None:
        """Return what a pad asks for, None where it asks for nothing."""
        asked: Mapping[str, str] | None = (await self.practice.simulator.ask(f"/pads/{pad}"))["prompt"]
        return asked

    async def types(self, pad: str, how: str) -> bool:
        """Let a person answer what a pad asks: "right", "wrong" or "cancel"; False where nobody is asked."""
        asked = await self.prompt(pad)
        if asked is None:
            return False
        card, pin, stage = asked["card"], asked["pin"], asked["stage"]
        digits = PUKS[card, pin] if stage == "puk" else SECRETS[card, pin]
        if how == "wrong" and stage != "new":  # a new PIN stays the old one here
            digits = digits[:-1] + str((int(digits[-1]) + 1) % 10)
        if stage == "puk" and how != "cancel":  # each use costs one
            self.spent[card, f"PUK of {pin}"] += 1
        if stage in ("pin", "old") and how == "wrong":
            self.spent[card, pin] += 1
        body = {"keys": "cancel"} if how == "cancel" else {"pin": digits}
        url = f"{self.practice.simulator.about['control']}/pads/{pad}/type"
        async with self.practice.simulator.http.post(url, json=body) as answer:
            return answer.status == 200

    async def silent(self) -> bool:
        """Tell whether no pad asks anybody for anything."""
        return not any([await self.prompt(pad) for pad in PADS])

    def ask_from_pvs(self, card: str) -> None:
        """Let the PVS beside the agent ask for the practice card's PIN in its own session; a person has to type it."""
        self.foreign[card, "VerifyPin"] += 1
        task = asyncio.get_running_loop().create_task(self._asked_from_pvs(card))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def verify_from_pvs(self, card: str) -> None:
        """Let the PVS have verified the practice card's PIN in its own session, unless the card is out."""
        if await self._handle(card):
            told = {"card": card, "mandant": "m1", "client_system": "pvs"}
            await self.practice.simulator.do("/sessions/verify", **told)

    async def no_more_foreign(self) -> None:
        """Wait for what the PVS has asked for."""
        await asyncio.gather(*self._asking, return_exceptions=True)

    async def restart(self) -> None:
        """Cut the agent's power, give it back, and connect again."""
        await self.practice.agent.kill()
        await self.practice.agent.start()
        await self.connect()

    async def fresh(self) -> None:
        """Bring the practice back to its beginning: cards in their slots, nobody verified, all attempts there."""
        simulator = self.practice.simulator
        places = {one["name"]: one["terminal"] for one in (await simulator.ask("/state"))["cards"]}
        for card, (terminal, slot) in SLOTS.items():
            if places[card]:
                await simulator.do(f"/cards/{card}/pull")
            await simulator.do(f"/cards/{card}/insert", terminal=terminal, slot=slot)
        for pad in PADS:
            await simulator.plays(pad, default="type_right")
        for (card, pin), left in (await self.attempts()).items():
            if (card, pin) in PUKS and left < 3:
                await self._unblocked(card, pin)
        for pad in PADS:
            await simulator.plays(pad, default="interactive")
        self.spent.clear()
        self.foreign.clear()

    async def _asked_from_pvs(self, card: str) -> None:
        if handle := await self._handle(card):
            await self.pvs.pin("VerifyPin", handle, "PIN.SMC")

    async def _handle(self, card: str) -> str | None:
        cards = {one["name"]: one for one in (await self.practice.simulator.ask("/state"))["cards"]}
        handle: str | None = cards[card]["handle"]
        return handle

    async def _unblocked(self, card: str, pin: str) -> None:
        """The practice's IT gives a PIN its attempts back, by PUK, from the PVS."""
        at = self.pvs.at(workplace="sprechzimmer", user="it") if card == HBA else self.pvs
        handle = await self._handle(card)
        assert handle is not None
        await at.pin("UnblockPin", handle, pin, "<CARD:SetNewPin>false</CARD:SetNewPin>")
        assert (await self.attempts())[card, pin] == 3


@asynccontextmanager
async def house(folder: Path, runner: asyncio.Runner) -> AsyncIterator[House]:
    """Open a practice with one workstation that signs for one doctor."""
    changes = [(f'puk = "{puk}"', f'puk = "{puk}", puk_attempts = 10000') for puk in PUKS.values()]
    entry = ("pin_entry_seconds = 60", f"pin_entry_seconds = {PATIENCE_AT_PADS}\nevent_connect_seconds = 20")
    comfort = (
        "[konnektors.behaviour]",
        f"[konnektors.comfort]\nenabled = true\nsignatures = {COMFORT_MOST}\n\n[konnektors.behaviour]",
    )
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(practice(folder, world(folder, entry, comfort, *changes), QUIET))
        async with here.technician() as box:
            await box.users.create("adler", "Dr. Adler")
        profile = await here.workstation("Sprechzimmer", contexts=("sprechzimmer", "empfang", "pvs"), users=("adler",))
        async with here.technician() as box:
            scope = workstation_pb2.Scope(comfort=True)
            await box.workstations.update(
                workstation_pb2.Workstation(name=profile.workstation, scope=scope), "scope.comfort"
            )
        opened = House(runner=runner, practice=here, profile=profile, pvs=_pvs(here))
        stack.push_async_callback(opened.close)
        await opened.connect()
        opened.cards = {
            HBA: await here.card(opened.box, "HBA", "0201"),
            SMCB: await here.card(opened.box, "SMC_B", "0101"),
        }
        await bound(here, opened.box, opened.cards[HBA], USER)
        yield opened


def _pvs(here: Practice) -> PrimarySystem:
    konnektor = here.simulator.konnektor
    tls = ssl.create_default_context(cafile=konnektor["root_pem"])
    client = konnektor["clients"]["pvs"]
    tls.load_cert_chain(client["cert_pem"], client["key_pem"])
    base = f"https://{konnektor['host']}:{konnektor['port']}"
    return PrimarySystem(session=here.simulator.http, base=base, tls=tls)


async def both_seen(here: House) -> None:
    """Wait until the agent sees both cards again."""

    async def seen() -> bool:
        return set(here.cards.values()) <= {one.name for one in await here.box.cards.list() if one.confirmed}

    await until(seen)
