"""The real command against a box's local door: streams kept apart, JSON with a schema, fixed statuses."""

import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from kartenwart.api.failure.v1 import failure_pb2

CARDS = [
    {"name": "cards/c-smcb", "type": "CARD_TYPE_SMC_B", "holder": "Praxis", "iccsnTail": "0101"},
    {"name": "cards/c-hba1", "type": "CARD_TYPE_HBA", "holder": "Dr. [Adler]", "iccsnTail": "0201"},
    {"name": "cards/c-hba2", "type": "CARD_TYPE_HBA", "holder": "Dr. Brandt", "iccsnTail": "0202"},
]
PIN_STATE = {"context": "contexts/empfang", "pin": "PIN_SMC", "status": "PIN_STATUS_VERIFIABLE"}
JOB = {"name": "jobs/j-1", "requestId": "r", "kind": "JOB_KIND_VERIFY_PIN", "context": "contexts/empfang"}
PADS = {"step": "JOB_STEP_PIN_ENTRY", "text": "Terminal Empfang fragt nach der PIN.SMC.", "terminalLabel": "Empfang"}
UNKNOWN = {"reason": "REASON_OUTCOME_UNKNOWN", "title": "Der Ausgang ist unbekannt.", "nextStep": "Sehen Sie nach."}


@dataclass(kw_only=True)
class Ran:
    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


class Door:
    """A box's local door: answers by method, and remembers what it was asked."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Any] = {
            "ListCards": {"cards": CARDS},
            "ListTerminals": {},
            "ListReaders": {},
            "GetPinStatus": {"pinState": PIN_STATE},
        }

    async def serve(self, request: web.Request) -> web.StreamResponse:
        method = request.path.rpartition("/")[2]
        self.asked.append((method, await request.json()))
        answer = self.answers[method]
        if isinstance(answer, list):
            lines = "".join(json.dumps({"result": {"job": job}}) + "\n" for job in answer)
            return web.Response(text=lines, content_type="application/x-ndjson")
        return web.json_response(answer, status=400 if "code" in answer else 200)

    async def run(self, *words: str, **environment: str) -> Ran:
        env = {**os.environ, "KARTENWART_SOCKET": str(self.socket), "KARTENWART_PROFILE": "", **environment}
        env.pop("KARTENWART_PROFILE") if not env["KARTENWART_PROFILE"] else None
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "kartenwart",
            *words,
            env={**env, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 30)
        return Ran(status=process.returncode or 0, out=out.decode(), err=err.decode())


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with opened(tmp_path / "box.sock") as one:
        yield one


@asynccontextmanager
async def opened(socket: Path) -> AsyncIterator[Door]:
    one = Door(socket)
    app = web.Application()
    app.router.add_post("/{tail:.*}", one.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(socket)).start()
    try:
        yield one
    finally:
        await runner.cleanup()


Run = Callable[..., Awaitable[Ran]]


async def test_a_table_is_for_people(door: Door) -> None:
    ran = await door.run("cards")
    assert (ran.status, ran.err) == (0, "")
    assert "Dr. [Adler]" in ran.out
    assert "\x1b[" not in ran.out


async def test_json_carries_its_schema(door: Door) -> None:
    document = (await door.run("cards", "--format", "json")).document
    assert (document["schema"], document["kind"], len(document["cards"])) == (1, "cards", 3)


async def test_cards_are_filtered_by_type(door: Door) -> None:
    document = (await door.run("cards", "--type", "hba", "--format", "json")).document
    assert [card["name"] for card in document["cards"]] == ["cards/c-hba1", "cards/c-hba2"]


@pytest.mark.parametrize("text", ["smc-b", "SMCB", "0101", "praxis", "c-smcb", "cards/c-smcb"])
async def test_a_card_is_found_by_what_people_say(door: Door, text: str) -> None:
    ran = await door.run("pin", "status", text, "--context", "empfang")
    assert ran.status == 0
    assert door.asked[-1][1] == {"card": "cards/c-smcb", "context": "contexts/empfang", "pin": "PIN_SMC"}
    assert "nicht freigeschaltet" in ran.out


async def test_status_says_what_is_disturbed_why_and_who_must_act_whatever_names_contain(door: Door) -> None:
    locked = {**PIN_STATE, "context": "contexts/kim"}
    condition = {
        "reason": "REASON_KONNEKTOR_CONTEXT_REFUSED",
        "title": "Der Konnektor kennt den Aufrufkontext [/kim] nicht.",
        "nextStep": "Bitte den Techniker rufen.",
        "owner": "OWNER_TECHNICIAN",
        "konnektorCode": 4004,
    }
    door.answers |= {
        "GetSystem": {"system": {"boxId": "box-1"}},
        "ListKonnektors": {
            "konnektors": [
                {
                    "name": "konnektors/k1",
                    "vendor": "[/Werk]",
                    "linkState": "LINK_STATE_DEGRADED",
                    "condition": condition,
                }
            ]
        },
        "ListCards": {
            "cards": [
                {
                    **CARDS[0],
                    "holder": "Praxis [/b]",
                    "pinStates": [locked],
                    "condition": {
                        "reason": "REASON_CERTIFICATE_EXPIRES_SOON",
                        "title": "Das Zertifikat der Karte läuft bald ab.",
                        "nextStep": "Bitte eine Folgekarte bestellen.",
                    },
                }
            ]
        },
    }
    ran = await door.run("status")
    assert (ran.status, ran.err) == (1, "")
    for words in (
        "Konnektor k1  [/Werk]: eingeschränkt",
        "[/kim] nicht.",
        "Grund KONNEKTOR_CONTEXT_REFUSED · Konnektor-Code 4004 · zuständig: Techniker",
        "SMC-B Praxis [/b]: PIN.SMC im Kontext kim nicht freigeschaltet, PIN nötig",
        "SMC-B Praxis [/b]: Das Zertifikat der Karte läuft bald ab.\n  → Bitte eine Folgekarte bestellen.",
    ):
        assert words in ran.out


async def test_status_tells_of_the_pins_on_which_somebody_has_to_act_and_of_no_others(door: Door) -> None:
    states = [
        {"context": "contexts/empfang", "pin": pin, "status": f"PIN_STATUS_{status}"}
        for pin, status in (("PIN_CH", "VERIFIABLE"), ("PIN_QES", "TRANSPORT_PIN"))
    ]
    patients = {"context": "contexts/empfang", "pin": "PIN_MRPIN_NFD", "status": "PIN_STATUS_BLOCKED"}
    door.answers |= {
        "GetSystem": {"system": {"boxId": "box-1"}},
        "ListKonnektors": {},
        "ListCards": {
            "cards": [
                {**CARDS[0], "pinStates": [PIN_STATE]},
                {**CARDS[1], "pinStates": states},
                {"name": "cards/c-egk", "type": "CARD_TYPE_EGK", "pinStates": [patients]},
            ]
        },
    }
    told = [line for line in (await door.run("status")).out.splitlines() if "PIN." in line]
    assert told == [
        "SMC-B Praxis: PIN.SMC im Kontext empfang nicht freigeschaltet, PIN nötig",
        "HBA Dr. [Adler]: PIN.QES im Kontext empfang noch Transport-PIN",
    ]


async def test_two_cards_of_a_type_are_not_guessed(door: Door) -> None:
    ran = await door.run("pin", "status", "hba")
    assert (ran.status, ran.out) == (2, "")
    assert "c-hba1" in ran.err
    assert "c-hba2" in ran.err


async def test_a_card_that_is_not_there_is_not_found(door: Door) -> None:
    assert (await door.run("pin", "status", "zod")).status == 4


async def test_progress_goes_to_stderr_and_the_end_decides_the_status(door: Door) -> None:
    door.answers["VerifyPin"] = {"job": {**JOB, "state": "JOB_STATE_SENT"}}
    ended = {
        **JOB,
        "state": "JOB_STATE_SUCCEEDED",
        "progress": [PADS],
        "verifyPin": {"outcome": "PIN_OUTCOME_VERIFIED"},
    }
    door.answers["WatchJob"] = [{**JOB, "state": "JOB_STATE_SENT", "progress": [PADS]}, ended]
    ran = await door.run("pin", "verify", "smc-b", "--format", "json")
    assert ran.status == 0
    assert ran.err.count("Terminal Empfang fragt nach der PIN.SMC.") == 1
    assert ran.document["job"]["verifyPin"]["outcome"] == "PIN_OUTCOME_VERIFIED"


@pytest.mark.parametrize("taken", [True, False])
async def test_a_card_is_taken_out_and_then_asked_for_in_its_slot(door: Door, *, taken: bool) -> None:
    card = {**CARDS[1], "routes": [{"konnektor": "konnektors/k1", "terminal": "terminals/t-1", "slotId": 2}]}
    ended = {**JOB, "state": "JOB_STATE_SUCCEEDED", "cardResult": {"card": "cards/c-hba1"}}
    door.answers["ListCards"] = {"cards": [card]}
    stuck = {"reason": "REASON_CARD_NOT_TAKEN", "title": "Die Karte steckt noch.", "nextStep": "Bitte ziehen."}
    door.answers["EjectCard"] = {"job": ended if taken else {**ended, "state": "JOB_STATE_FAILED", "failure": stuck}}
    door.answers["RequestCard"] = {"job": ended}
    ran = await door.run("card", "reinsert", "hba", "--context", "empfang")
    verbs = [(method, body) for method, body in door.asked if method in ("EjectCard", "RequestCard")]
    assert [method for method, _ in verbs] == (["EjectCard", "RequestCard"] if taken else ["EjectCard"])
    assert ran.status == (0 if taken else 1)
    assert verbs[0][1]["card"] == "cards/c-hba1"
    if taken:
        asked = verbs[1][1]
        assert (asked["terminal"], asked["slotId"], asked["cardType"]) == ("terminals/t-1", 2, "CARD_TYPE_HBA")
        assert "Dr." not in asked["displayText"]


async def test_an_unknown_outcome_has_its_own_status_and_says_what_to_do(door: Door) -> None:
    ended = {**JOB, "state": "JOB_STATE_OUTCOME_UNKNOWN", "failure": UNKNOWN}
    door.answers["VerifyPin"] = {"job": ended}
    ran = await door.run("pin", "verify", "smc-b")
    assert (ran.status, ran.out) == (5, "")
    assert "Der Ausgang ist unbekannt." in ran.err
    assert "Sehen Sie nach." in ran.err


async def test_a_request_id_is_sent_as_given_and_must_be_one(door: Door) -> None:
    door.answers["VerifyPin"] = {"job": {**JOB, "state": "JOB_STATE_OUTCOME_UNKNOWN", "failure": UNKNOWN}}
    wanted = "0b0f6c4e-8a35-4e0c-9f3e-0a7c51c9e0d1"
    await door.run("pin", "verify", "smc-b", "--request-id", wanted)
    assert door.asked[-1][1]["requestId"] == wanted
    assert (await door.run("pin", "verify", "smc-b", "--request-id", "7")).status == 2


@pytest.mark.parametrize(
    ("code", "reason", "status"),
    [
        ("permission_denied", "ROLE_MISSING", 3),
        ("unauthenticated", "REVOKED", 3),
        ("not_found", "NOT_FOUND", 4),
        ("invalid_argument", "INVALID_ARGUMENT", 2),
        ("unavailable", "KONNEKTOR_UNREACHABLE", 1),
        ("unavailable", "AGENT_UNAVAILABLE", 6),
    ],
)
async def test_refusals_have_statuses(door: Door, code: str, reason: str, status: int) -> None:
    failure = failure_pb2.Failure(
        reason=failure_pb2.Reason.Value(f"REASON_{reason}"), title="So nicht.", next_step="Anders."
    )
    value = base64.b64encode(failure.SerializeToString()).decode()
    door.answers["ListCards"] = {
        "code": code,
        "details": [{"type": "kartenwart.api.failure.v1.Failure", "value": value}],
    }
    ran = await door.run("cards", "--format", "json")
    assert (ran.status, ran.out) == (status, "")
    error = json.loads(ran.err)
    assert (error["schema"], error["error"]["reason"], error["error"]["nextStep"]) == (1, reason, "Anders.")


async def test_without_socket_and_profile_the_next_step_is_to_enrol(tmp_path: Path) -> None:
    ran = await Door(tmp_path / "none.sock").run("cards", KARTENWART_SOCKET="", KARTENWART_PROFILE=str(tmp_path))
    assert ran.status == 3
    assert "kartenwart enrol" in ran.err


async def test_a_box_that_is_gone_is_unreachable(tmp_path: Path) -> None:
    ran = await Door(tmp_path / "none.sock").run("workstations", "list")
    assert ran.status == 6
    assert "kartenwart discover" in ran.err


async def test_no_role_is_made_up(door: Door) -> None:
    ran = await door.run("workstations", "approve", "123456", "--role", "king")
    assert ran.status == 2
    assert "signer" in ran.err


async def test_only_what_is_said_changes(door: Door) -> None:
    door.answers["UpdateWorkstation"] = {"workstation": {"name": "workstations/w-1", "label": "Empfang"}}
    assert (await door.run("workstations", "set", "w-1")).status == 2
    assert (await door.run("workstations", "set", "w-1", "--user", "adler")).status == 0
    asked = door.asked[-1][1]
    assert asked["updateMask"] == "scope.users"
    assert asked["workstation"] == {"name": "workstations/w-1", "scope": {"users": ["users/adler"]}}
