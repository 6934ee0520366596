"""Becoming known to a box, and no longer being known."""

import json

from tests.e2e.practice import Practice, Seat, Under


def asking(practice: Practice, seat: Seat, label: str) -> tuple[Under, str]:
    """A workplace that shows its code and waits."""
    under = seat.begin(
        *("enrol", "--address", practice.enrol_address, "--grpc-port", str(practice.agent.ready["grpc_port"])),
        *("--role", "signer", "--label", label),
    )
    return under, json.loads(under.line('"kind": "code"'))["code"]


def test_codes_are_compared_on_both_sides(practice: Practice, technician: Seat) -> None:
    seat = practice.workplace("by-code")
    assert technician.run("workstations", "open").status == 0
    under, code = asking(practice, seat, "Sprechzimmer 9")
    waiting = technician.run("workstations", "pending").document("enrolments")["enrolments"]
    assert [one["label"] for one in waiting] == ["Sprechzimmer 9"]
    assert code not in json.dumps(waiting)
    approved = technician.run("workstations", "approve", code, "--role", "workstation", "--context", "empfang")
    shown = approved.document("approval")["approval"]["code"]
    assert shown == code
    assert under.ended().status == 0
    assert seat.run("cards").status == 3  # approved, and not yet confirmed by its own user
    assert seat.run("enrol", "--confirm", shown).status == 0
    status = seat.run("status").document("status")["status"]
    assert status["system"]["callerRole"] == "WORKSTATION"
    assert status["system"]["contexts"] == ["contexts/empfang"]
    assert technician.run("workstations", "close").status == 0


def test_a_code_that_the_box_did_not_show_ends_it(practice: Practice, technician: Seat) -> None:
    seat = practice.workplace("wrong-code")
    technician.run("workstations", "open")
    under, code = asking(practice, seat, "Sprechzimmer 8")
    technician.run("workstations", "approve", code, "--context", "empfang")
    assert under.ended().status == 0
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert seat.run("enrol", "--confirm", wrong).status == 3
    assert seat.run("enrol", "--confirm", code).status == 3
    assert not (practice.folder / "wrong-code" / "profile.json").exists()
    technician.run("workstations", "close")


def test_a_rejected_workplace_gets_nothing(practice: Practice, technician: Seat) -> None:
    technician.run("workstations", "open")
    under, _ = asking(practice, practice.workplace("rejected"), "Fremd")
    waiting = technician.run("workstations", "pending").document("enrolments")["enrolments"]
    name = next(one["name"] for one in waiting if one["label"] == "Fremd")
    assert technician.run("workstations", "reject", name.removeprefix("enrolments/")).status == 0
    assert under.ended().status == 3
    technician.run("workstations", "close")


def test_a_closed_box_takes_nobody(practice: Practice, technician: Seat) -> None:
    technician.run("workstations", "close")
    ran = practice.workplace("closed").run("enrol", "--address", practice.enrol_address)
    assert (ran.status, ran.error["reason"]) == (3, "ENROLMENT_CLOSED")


def test_a_token_works_once(practice: Practice, technician: Seat) -> None:
    token = technician.run("workstations", "token", "--role", "viewer", "--context", "empfang").document("token")[
        "token"
    ]
    words = (
        *("enrol", "--address", practice.enrol_address, "--grpc-port", str(practice.agent.ready["grpc_port"])),
        *("--token", token["token"], "--fingerprint", token["siteFingerprint"]),
    )
    assert practice.workplace("by-token").run(*words).status == 0
    assert practice.workplace("by-token").run("cards").status == 0
    again = practice.workplace("by-token-again").run(*words)
    assert (again.status, again.error["reason"]) == (3, "ENROLMENT_TOKEN_INVALID")


def test_a_token_does_not_go_to_another_root(practice: Practice, technician: Seat) -> None:
    token = technician.run("workstations", "token", "--role", "viewer", "--context", "empfang").document("token")[
        "token"
    ]
    words = ("enrol", "--address", practice.enrol_address, "--token", token["token"], "--fingerprint")
    assert practice.workplace("other-root").run(*words, "ab" * 32).status == 7
    assert practice.workplace("other-root").run(*words, token["siteFingerprint"]).status == 0


def test_a_revoked_workplace_is_out_at_once(practice: Practice, technician: Seat) -> None:
    seat = practice.enrolled("revoked", "viewer", "--context", "empfang")
    watching = seat.begin("watch", "inventory")
    watching.line('"kind": "inventory"')
    known = technician.run("workstations", "list").document("workstations")["workstations"]
    name = next(one["name"] for one in known if one["label"] == "revoked")
    assert technician.run("workstations", "revoke", name.removeprefix("workstations/")).status == 0
    ended = watching.ended(5.0)
    assert (ended.status, ended.error["reason"]) == (3, "REVOKED")
    ran = seat.run("cards")
    assert (ran.status, ran.error["reason"]) == (3, "REVOKED")


def test_changed_rights_hold_at_once_and_streams_go_on(practice: Practice, technician: Seat) -> None:
    seat = practice.enrolled("changed", "viewer", "--context", "empfang")
    watching = seat.begin("watch", "inventory", "--count", "2")
    watching.line('"kind": "inventory"')
    known = technician.run("workstations", "list").document("workstations")["workstations"]
    name = next(one["name"] for one in known if one["label"] == "changed")
    assert (
        technician.run("workstations", "set", name.removeprefix("workstations/"), "--role", "workstation").status == 0
    )
    assert watching.ended(10.0).status == 0
    assert seat.run("status").document("status")["status"]["system"]["callerRole"] == "WORKSTATION"


def test_a_viewer_only_looks(practice: Practice) -> None:
    seat = practice.enrolled("viewer", "viewer", "--context", "empfang")
    before = practice.counts()
    ran = seat.run("pin", "verify", "smc-b")
    assert (ran.status, ran.error["reason"]) == (3, "ROLE_MISSING")
    assert practice.counts()["verify_pin_calls"] == before["verify_pin_calls"]
    assert seat.run("workstations", "list").status == 3
