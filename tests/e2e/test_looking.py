"""What a workplace sees, and what it does not."""

import json
from pathlib import Path

from scripts.demo_practice import Agent, stop
from tests.e2e.practice import Practice, Seat, until


def test_terminals_and_cards_of_the_own_mandant(signer: Seat) -> None:
    terminals = signer.run("terminals").document("terminals")["terminals"]
    assert sorted(one["label"] for one in terminals) == ["Empfang", "Sprechzimmer"]
    cards = signer.run("cards").document("cards")["cards"]
    kinds = sorted((card["type"], card["iccsnTail"]) for card in cards)
    assert ("CARD_TYPE_SMC_B", "0101") in kinds
    assert ("CARD_TYPE_SMC_B", "0102") not in kinds  # the other practice's
    assert {kind for kind, _ in kinds} == {"CARD_TYPE_SMC_B", "CARD_TYPE_HBA", "CARD_TYPE_EGK"}


def test_a_pulled_card_is_seen_by_whoever_watches(practice: Practice, signer: Seat) -> None:
    watching = signer.begin("watch", "events", "--all")

    def newest() -> str:
        types = [json.loads(line)["event"]["event"]["type"] for line in watching.out]
        return next((one for one in reversed(types) if one.startswith("EVENT_TYPE_CARD_")), "")

    until(lambda: newest() == "EVENT_TYPE_CARD_INSERTED")
    practice.simulator.do("/cards/egk-muster/pull")
    until(lambda: newest() == "EVENT_TYPE_CARD_REMOVED")
    practice.simulator.do("/cards/egk-muster/insert", terminal="kt-empfang", slot=1)
    until(lambda: newest() == "EVENT_TYPE_CARD_INSERTED")


def test_a_watched_picture_changes_with_the_practice(practice: Practice, signer: Seat) -> None:
    watching = signer.begin("watch", "inventory")
    watching.line("Erika Erfunden")
    pictures = len(watching.out)
    practice.simulator.do("/cards/egk-muster/pull")
    until(lambda: any("Erika Erfunden" not in picture for picture in watching.out[pictures:]))
    practice.simulator.do("/cards/egk-muster/insert", terminal="kt-empfang", slot=1)


def test_the_certificate_says_whose_it_is(practice: Practice, signer: Seat) -> None:
    shown = signer.run("certificate", "read", "smc-b", "aut", "--out", "aut.der").document("certificate")["certificate"]
    assert shown["telematikId"] == "1-20000000101"
    assert (practice.folder / "aut.der").read_bytes()[0] == 0x30


def test_status_says_that_all_is_well(signer: Seat) -> None:
    ran = signer.run("status")
    assert ran.status == 0
    assert ran.document("status")["status"]["konnektors"][0]["linkState"] == "LINK_STATE_UP"


def test_another_box_is_not_trusted(practice: Practice, signer: Seat) -> None:
    rogue = Agent(folder=practice.folder / "rogue")
    rogue.configure(practice.simulator)
    rogue.start()
    try:
        assert signer.run("cards").status == 0
        ran = signer.run("cards", "--address", f"127.0.0.1:{rogue.ready['grpc_port']}")
        assert ran.status == 7
    finally:
        stop(rogue.process)
    assert signer.run("cards", "--address", f"127.0.0.1:{rogue.ready['grpc_port']}").status == 6


def test_nothing_secret_is_in_the_journal(practice: Practice, signer: Seat) -> None:
    signer.run("cards")
    journal = (practice.agent.folder / "agent.log").read_text(encoding="utf-8")
    secrets = [*practice.pins.values(), "X000000012", "Erfunden", "80276001011699900101"]
    assert [secret for secret in secrets if secret in journal] == []
    profile = json.loads((practice.folder / "signer" / "profile.json").read_text(encoding="utf-8"))
    assert Path(practice.folder / "signer" / "profile.json").stat().st_mode & 0o077 == 0
    assert profile["key_pem"].startswith("-----BEGIN PRIVATE KEY-----")


def test_the_audit_is_whole_and_names_who_did_it(technician: Seat, signer: Seat) -> None:
    signer.run("certificate", "read", "smc-b", "aut")
    assert technician.run("audit", "verify").document("verdict")["verdict"]["intact"] is True
    records = technician.run("audit", "list", "--number", "1000").document("records")["records"]
    assert any(one["action"].endswith("ReadCardCertificate") for one in records)
    assert all(one["actor"] for one in records)
