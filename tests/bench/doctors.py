"""A practice of ten doctors: each has a room with a terminal, an HBA in it, and types the right PIN at once."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from firmware_sim.world.reading import default_text
from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.api.user.v1 import user_service_pb2
from kartenwart.client import Kartenwart
from tests.practice import Practice, practice

DOCTORS = 10
DOCUMENT = b"Ein Befund"
EVENTS = 'event_connect_seconds = 20\ncetp_connection = "kept"'  # a handshake per event would be the simulator's work
LONGEST = 25.0  # seconds; a call may wait so long


@dataclass(frozen=True, kw_only=True)
class Staff:
    """The practice, a workstation that signs for all doctors, and their cards in the order of the rooms."""

    practice: Practice
    box: Kartenwart
    cards: Sequence[str]

    async def uploaded(self, count: int) -> list[str]:
        """Upload documents to sign; return their names."""
        return [(await self.box.documents.upload(DOCUMENT, "text/plain")).name for _ in range(count)]

    async def start(self, room: int, document: str) -> job_pb2.Job:
        """Let a doctor sign a document."""
        form = signature_pb2.SIGNATURE_FORMAT_CADES_DETACHED
        return await self.box.signatures.start(
            signature_pb2.SignDocumentsRequest(
                request_id=str(uuid.uuid4()),
                card=self.cards[room],
                context=f"contexts/zimmer{room}",
                user=f"users/arzt{room}",
                documents=[signature_pb2.DocumentToSign(document=document, format=form, short_text="Befund")],
                accept_unknown_attempts=True,
            )
        )

    async def signed(self, room: int, document: str) -> float:
        """Let a doctor sign; return the seconds from the call to the end of its job."""
        started = time.perf_counter()
        job = await self.box.jobs.wait((await self.start(room, document)).name, LONGEST)
        took = time.perf_counter() - started
        await self.ended(job)
        return took

    async def ended(self, job: job_pb2.Job) -> None:
        """Wait for the end of a signature and put its result away: a workstation may keep only so many."""
        job = await self.box.jobs.wait(job.name, LONGEST)
        assert job.state == job_pb2.JOB_STATE_SUCCEEDED, job
        for signed in job.sign_documents.documents:
            await self.box.documents.delete(signed.output)


@asynccontextmanager
async def doctors(folder: Path, *, signature_seconds: float, count: int = DOCTORS) -> AsyncIterator[Staff]:
    """Run it, with every doctor bound to the own card."""
    file = folder / "world.toml"
    file.write_text(_world(count, signature_seconds), encoding="utf-8")
    rooms = [f"zimmer{number}" for number in range(count)]
    async with practice(folder, file, _settings(rooms)) as here, here.technician() as technician:
        users = [f"arzt{number}" for number in range(count)]
        for user in users:
            await technician.users.create(user, f"Dr. {user}")
        profile = await here.workstation("Arbeitsplatz", contexts=(*rooms, "empfang"), users=tuple(users))
        async with here.connected(profile) as box:
            cards = [await here.card(box, "HBA", f"9{number:03}") for number in range(count)]
            staff = Staff(practice=here, box=box, cards=cards)
            await asyncio.gather(*(_bound(staff, room) for room in range(count)))
            yield staff


async def _bound(staff: Staff, room: int) -> None:
    wish = user_service_pb2.BindUserRequest(
        request_id=str(uuid.uuid4()),
        user=f"users/arzt{room}",
        card=staff.cards[room],
        context=f"contexts/zimmer{room}",
        accept_unknown_attempts=True,
    )
    job = await staff.box.jobs.follow(await staff.box.users.bind(wish))
    assert job.state == job_pb2.JOB_STATE_SUCCEEDED, job


def smcb(cards: Sequence[card_pb2.Card]) -> str:
    """Return the name of the practice's own SMC-B."""
    return next(one.name for one in cards if one.type == card_pb2.CARD_TYPE_SMC_B and one.iccsn_tail.endswith("0101"))


def _settings(rooms: Sequence[str]) -> str:
    contexts = "".join(
        f'[contexts.{room}]\nkonnektor = "k1"\nmandant = "m1"\nclient_system = "kartenwart"\nworkplace = "{room}"\n'
        for room in rooms
    )
    return f"[konnektors.k1]\npoll_interval = 600\nshort_timeout = 10\n{contexts}"


def _world(count: int, signature_seconds: float) -> str:
    names = [f"zimmer{number}" for number in range(count)]
    terminals = [f"kt-{name}" for name in names]
    text = default_text()
    for old, new in (
        ("signature_seconds = 0.1", f"signature_seconds = {signature_seconds}\n{EVENTS}"),
        ('workplaces = ["empfang", "sprechzimmer"]', _list("workplaces", ["empfang", "sprechzimmer", *names])),
        (
            'terminals = ["kt-empfang", "kt-sprechzimmer"]',
            _list("terminals", ["kt-empfang", "kt-sprechzimmer", *terminals]),
        ),
        ('kartenwart = ["empfang", "sprechzimmer"] }', _list("kartenwart", ["empfang", "sprechzimmer", *names]) + " }"),
        ("remote_pin = { empfang", f"remote_pin = {{ {_pairs(names)}, empfang"),
    ):
        assert old in text, old
        text = text.replace(old, new, 1)
    before, mark, after = text.partition("[[konnektors.workplaces]]")
    rooms = "".join(map(_room, range(count)))
    return before + rooms + mark + after + "".join(map(_card, range(count)))


def _list(name: str, values: Sequence[str]) -> str:
    listed = ", ".join(f'"{value}"' for value in values)
    return f"{name} = [{listed}]"


def _pairs(names: Sequence[str]) -> str:
    return ", ".join(f'{name} = "kt-{name}"' for name in names)


def _room(number: int) -> str:
    return (
        f'[[konnektors.terminals]]\nname = "kt-zimmer{number}"\nlabel = "Zimmer {number}"\n'
        f'mac = "00-0D-F9-00-00-{number:02X}"\naddress = "127.1.0.{number + 1}"\npad = "type_right"\n\n'
        f'[[konnektors.workplaces]]\nname = "zimmer{number}"\nlocal = ["kt-zimmer{number}"]\n\n'
    )


def _card(number: int) -> str:
    return (
        f'\n[[cards]]\nname = "hba-{number}"\nkind = "hba"\niccsn = "8027600101169999{9000 + number}"\n'
        f'holder = "Dr. Arzt {number} TEST-ONLY"\ntelematik_id = "1-1000009{number:03}"\n'
        f'profession = "1.2.276.0.76.4.30"\nterminal = "kt-zimmer{number}"\nslot = 1\n'
        'pins = [{ reference = "PIN.CH", pin = "314159", puk = "31415926" },'
        ' { reference = "PIN.QES", pin = "271828", puk = "27182818" }]\n'
    )
