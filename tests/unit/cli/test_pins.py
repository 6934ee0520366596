"""What a team reads of its PINs: the matrix, guided unlocking, and a PIN's life."""

import pytest
from google.protobuf.json_format import ParseDict

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.pin.v1 import pin_service_pb2 as pins
from kartenwart.cli.pin_words import matrix_rows, step_outcome
from tests.unit.cli.test_commands import JOB, Door, door

__all__ = ["door"]

NOT_KNOWN = {"reason": "REASON_PIN_ATTEMPTS_UNKNOWN", "title": "Wie oft, ist nicht bekannt.", "nextStep": "Nachsehen."}
STEP = {"verb": "PIN_VERB_VERIFY", "card": "cards/c-smcb", "pin": "PIN_SMC"}
STEPS = [
    {**STEP, "context": "contexts/pvs", "outcome": "PIN_OUTCOME_ALREADY_VERIFIED"},
    {**STEP, "context": "contexts/kim", "outcome": "PIN_OUTCOME_NOT_ASKED", "failure": NOT_KNOWN},
    {**STEP, "context": "contexts/empfang", "outcome": "PIN_OUTCOME_REJECTED", "attemptsLeft": 2},
]
CONTEXTS = {"contexts": [{"name": "contexts/pvs", "purpose": "pvs"}, {"name": "contexts/kim", "purpose": "kim"}]}
ENDED = {**JOB, "state": "JOB_STATE_SUCCEEDED", "pinSteps": {"steps": STEPS[:1]}}


@pytest.fixture(autouse=True)
def _contexts(door: Door) -> None:
    door.answers["ListContexts"] = CONTEXTS


async def test_unlocking_shows_each_step_and_ends_with_its_failure(door: Door) -> None:
    failed = {**ENDED, "state": "JOB_STATE_FAILED", "failure": NOT_KNOWN, "pinSteps": {"steps": STEPS}}
    door.answers["UnlockPracticeCards"] = {"job": failed}
    ran = await door.run("unlock", "--context", "pvs", "--only", "--accept-unknown-attempts")
    assert ran.status == 1
    rows = [line.split("  ") for line in ran.out.splitlines() if "Praxis" in line]
    assert [[cell.strip() for cell in row if cell.strip()][2:] for row in rows] == [
        ["pvs (PVS)", "freischalten", "war schon freigeschaltet, niemand wurde gefragt"],
        ["kim (KIM)", "freischalten", "Wie oft, ist nicht bekannt."],
        ["empfang", "freischalten", "falsche PIN (noch 2 Versuche)"],
    ]
    assert "Nachsehen." in ran.err
    (asked,) = [body for method, body in door.asked if method == "UnlockPracticeCards"]
    assert asked.pop("requestId")
    assert asked == {"context": "contexts/pvs", "onlyThisContext": True, "acceptUnknownAttempts": True}


@pytest.mark.parametrize(
    ("verb", "outcome", "left", "words"),
    [
        ("VERIFY", "REJECTED", 2, "falsche PIN (noch 2 Versuche)"),
        ("CHANGE", "REJECTED", 1, "falsche PIN (noch 1 Versuch)"),
        ("VERIFY", "BLOCKED", 0, "gesperrt, PUK nötig"),
        ("UNBLOCK", "REJECTED", 1, "falscher PUK (noch 1 Versuch)"),
        ("UNBLOCK", "BLOCKED", 0, "PUK verbraucht, Ersatzkarte nötig"),
        ("UNBLOCK", "DONE", None, "erledigt"),
        ("UNBLOCK", "NOT_ASKED", 1, "Wie oft, ist nicht bekannt."),
    ],
)
def test_a_puk_is_called_a_puk(verb: str, outcome: str, left: int | None, words: str) -> None:
    step: dict[str, object] = {"verb": f"PIN_VERB_{verb}", "outcome": f"PIN_OUTCOME_{outcome}"}
    step |= {"attemptsLeft": left} if left is not None else {}
    step |= {"failure": NOT_KNOWN} if outcome == "NOT_ASKED" else {}
    assert step_outcome(ParseDict(step, job_pb2.PinStep())) == words


async def test_a_job_shows_its_steps(door: Door) -> None:
    asked = {
        "step": "JOB_STEP_PIN_ENTRY",
        "text": "Gleich bitte am Kartenterminal „Empfang“ eingeben.",
        "expected": True,
    }
    left = {"card": "cards/c-smcb", "progress": [asked], "pinSteps": {"steps": STEPS}}
    door.answers["GetJob"] = {"job": {**ENDED, **left}}
    ran = await door.run("jobs", "show", "j-1")
    assert "SMC-B Praxis" in ran.out
    assert "„Empfang“ eingeben.  (erwartet)" in ran.out
    assert "PIN.SMC in kim" in ran.out
    assert "falsche PIN (noch 2 Versuche)" in ran.out


@pytest.mark.parametrize(
    ("arguments", "method", "body"),
    [
        (("change", "smc-b"), "ChangePin", {"card": "cards/c-smcb", "pin": "PIN_SMC"}),
        (
            ("change", "adler", "--transport-pin", "--user", "adler"),
            "ChangePin",
            {"card": "cards/c-hba1", "user": "users/adler", "transportPin": True},
        ),
        (
            ("change", "adler", "--pin", "PIN.QES", "--user", "adler"),
            "ChangePin",
            {"card": "cards/c-hba1", "user": "users/adler", "pin": "PIN_QES"},
        ),
        (
            ("unblock", "smc-b", "--set-new-pin", "--accept-last-attempt"),
            "UnblockPin",
            {"card": "cards/c-smcb", "pin": "PIN_SMC", "setNewPin": True, "acceptLastAttempt": True},
        ),
        (
            ("enable", "smc-b", "--pin", "mrpin.nfd"),
            "EnablePin",
            {"card": "cards/c-smcb", "pin": "PIN_MRPIN_NFD"},
        ),
        (("disable", "smc-b", "--pin", "pin.amts_rep"), "DisablePin", {"card": "cards/c-smcb", "pin": "PIN_AMTS_REP"}),
    ],
)
async def test_what_is_asked_of_the_box(
    door: Door, arguments: tuple[str, ...], method: str, body: dict[str, object]
) -> None:
    door.answers[method] = {"job": ENDED}
    assert (await door.run("pin", *arguments)).status == 0
    (asked,) = [sent for name, sent in door.asked if name == method]
    del asked["requestId"]
    assert asked == body


async def test_a_pin_that_nobody_knows_is_refused_with_those_there_are(door: Door) -> None:
    ran = await door.run("pin", "enable", "smc-b", "--pin", "mrpin.xyz")
    assert ran.status == 2
    assert "mrpin.nfd_read" in ran.err


def cell(context: str, **more: object) -> pins.PinCell:
    found = {"card": "cards/c-smcb", "context": f"contexts/{context}", "pin": "PIN_SMC", **more}
    return ParseDict(found, pins.PinCell())


def test_the_matrix_says_why_attempts_are_unknown_and_where_nobody_is_asked() -> None:
    at_hand = {"certainty": "PAD_CERTAINTY_SURE", "terminalLabel": "Empfang"}
    nowhere = {"title": "Kein Terminal.", "konnektorCode": 4092}
    cells = [
        cell("a", state={"status": "PIN_STATUS_VERIFIED"}, pad=at_hand),
        cell("b", state={"status": "PIN_STATUS_VERIFIABLE"}, pad={"certainty": "PAD_CERTAINTY_UNKNOWN"}),
        cell("c", state={"status": "PIN_STATUS_VERIFIABLE", "attemptsLeft": 2}, pad=at_hand),
        cell("d", failure={"title": "Abgelehnt."}, pad={"certainty": "PAD_CERTAINTY_NOWHERE", "failure": nowhere}),
    ]
    cards = {"cards/c-smcb": card_pb2.Card(type=card_pb2.CARD_TYPE_SMC_B, holder="Praxis")}
    rows = [row[3:] for row in matrix_rows(cells, cards, {"contexts/a": "a (PVS)"})]
    assert rows == [
        ("freigeschaltet", "", "Empfang"),
        (
            "nicht freigeschaltet, PIN nötig (freigeschaltet in a (PVS))",
            "unbekannt",
            "zeigt sich erst bei der Eingabe",
        ),
        ("nicht freigeschaltet, PIN nötig", "2", "Empfang"),
        ("nicht zu erfahren: Abgelehnt.", "unbekannt", "nirgends: Kein Terminal. (4092)"),
    ]
    (alone,) = matrix_rows(cells[1:2], cards, {})
    assert alone[3] == "nicht freigeschaltet, PIN nötig (wohl in einem anderen Programm freigeschaltet)"
