"""What a workplace does all day, by programs that share no code with the box; the simulator counts."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.demo_pdf import extract
from tests.e2e.foreign.client import GRANTED, Foreign, at_the_box, ended, enter, refused, told
from tests.e2e.practice import Practice, Ran, openssl, until

SMCB, ADLER, BRANDT = "0101", "0201", "0202"  # the ends of the ICCSN of the practice's and the doctors' cards
CARDS = {SMCB, ADLER, BRANDT}
OTHERS = ["node", "java", "curl"]  # tests/e2e/test_enrolment.py asks the same of our own client


@pytest.fixture(scope="session")
def cards(client: Foreign) -> dict[str, str]:
    """The cards that the client lists, by the end of their ICCSN; an eGK tells none."""
    until(lambda: by_tail(at_the_box(client.practice, "card.v1.CardService/ListCards", {})).keys() >= CARDS)
    return by_tail(told(client.run("list")))


def by_tail(listed: dict[str, Any]) -> dict[str, str]:
    return {card["iccsnTail"]: card["name"] for card in listed.get("cards", ()) if card.get("iccsnTail")}


def test_cards_are_listed_and_a_refusal_has_its_reason(client: Foreign, cards: dict[str, str]) -> None:
    assert cards.keys() == CARDS  # and not the SMC-B of the other practice on the same premises
    assert refused(client.run("verify", "cards/none", "PIN_SMC")) == "REASON_NOT_FOUND"


def test_a_pulled_card_is_seen(client: Foreign, practice: Practice) -> None:
    watching = client.begin("watch", "3")
    enter(watching)
    until(lambda: any("CARD_TYPE_EGK" in line for line in watching.out))
    practice.simulator.do("/cards/egk-muster/pull")
    try:
        until(lambda: "CARD_TYPE_EGK" not in watching.out[-1])
    finally:
        practice.simulator.do("/cards/egk-muster/insert", terminal="kt-empfang", slot=1)
    ran = ended(watching)
    assert ran.status == 0, ran
    assert len(ran.out.splitlines()) == 3


def test_a_pin_is_entered_and_the_organisation_signs(
    client: Foreign, practice: Practice, cards: dict[str, str], letter: Path, tmp_path: Path
) -> None:
    card = cards[SMCB]
    before = practice.counts("smcb-m1")
    wrong = client.begin("verify", card, "PIN_SMC")
    enter(wrong)
    practice.type(practice.asked(wrong), "000000")
    assert refused(ended(wrong)) == "REASON_PIN_REJECTED"
    right = client.begin("verify", card, "PIN_SMC")
    enter(right)
    practice.type(practice.asked(right))
    assert told(ended(right))["outcome"] == "PIN_OUTCOME_VERIFIED"
    out = tmp_path / "letter.p7s"
    words = (card, str(letter), str(out), "application/pdf", "SIGNATURE_FORMAT_CADES_DETACHED")
    assert told(client.run("sign", *words))["state"] == "JOB_STATE_SUCCEEDED"
    assert openssl(practice, out, letter).returncode == 0
    after = practice.counts("smcb-m1")
    assert {name: after[name] - before[name] for name in ("verify_pin_calls", "pin_prompts", "signatures")} == {
        "verify_pin_calls": 2,
        "pin_prompts": 2,
        "signatures": 1,
    }


def test_a_doctor_signs(
    client: Foreign, practice: Practice, cards: dict[str, str], binding: None, letter: Path, tmp_path: Path
) -> None:
    out = tmp_path / "letter.pdf"
    words = (cards[ADLER], str(letter), str(out), "application/pdf", "SIGNATURE_FORMAT_PADES", "users/adler")
    before = practice.counts("hba-adler")
    signing = client.begin("sign", *words)
    enter(signing)
    pad = practice.asked(signing)
    practice.type(pad)
    assert told(ended(signing))["jobNumber"] == pad["prompt"]["job_number"]
    content, cms = extract(out, tmp_path)
    assert openssl(practice, cms, content).returncode == 0
    after = practice.counts("hba-adler")
    assert after["sign_document_calls"] == before["sign_document_calls"] + 1
    assert after["pin_prompts"] == before["pin_prompts"] + 1


@pytest.mark.parametrize("stranger", OTHERS, indirect=True)
def test_only_the_box_of_the_enrolment_is_called(client: Foreign, tmp_path: Path) -> None:
    shutil.copytree(client.folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "box-id").write_text("box-other")
    ran = client.run("list", folder=tmp_path)
    assert (refused(ran), ran.out) == ("", "")
    assert "box-other" in ran.err  # it says who should have answered


@pytest.mark.parametrize("stranger", OTHERS, indirect=True)
def test_a_token_works_once(client: Foreign, ticket: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "profile"
    again = client.run("enrol-token", ticket["siteFingerprint"], "Fremd", typed=ticket["token"], folder=folder)
    assert refused(again) == "REASON_ENROLMENT_TOKEN_INVALID"
    assert not (folder / "certificate.pem").exists()


@pytest.mark.parametrize("stranger", OTHERS, indirect=True)
def test_codes_are_compared_before_anything_is_stored(stranger: Foreign, practice: Practice, tmp_path: Path) -> None:
    at_the_box(practice, "enrolment.v1.EnrolmentService/OpenEnrolment", {})
    granted, ran = by_code(stranger, practice, tmp_path / "confirmed", lambda code: code)
    assert told(ran) == {"workstation": granted["name"]}
    assert stranger.run("list", folder=tmp_path / "confirmed").status == 0
    _, ran = by_code(stranger, practice, tmp_path / "other", lambda code: f"{(int(code) + 1) % 1_000_000:06d}")
    assert refused(ran) == ""
    assert not (tmp_path / "other").exists()
    at_the_box(practice, "enrolment.v1.EnrolmentService/CloseEnrolment", {})
    assert refused(stranger.run("enrol-code", "ROLE_SIGNER", "zu spät")) == "REASON_ENROLMENT_CLOSED"


def by_code(
    stranger: Foreign, practice: Practice, folder: Path, seen: Callable[[str], str]
) -> tuple[dict[str, Any], Ran]:
    """Enrol; the technician types what the client shows, its user what `seen` makes of what the box shows."""
    applying = stranger.begin("enrol-code", "ROLE_SIGNER", "Sprechzimmer Süd", folder=folder)
    code = json.loads(applying.line('"code"'))["code"]
    approval = {"code": code, "role": "ROLE_SIGNER", "scope": GRANTED}
    shown = at_the_box(practice, "enrolment.v1.EnrolmentService/ApproveEnrolment", approval)
    assert shown["code"] == code
    enter(applying, seen(shown["code"]))
    return shown["workstation"], ended(applying)
