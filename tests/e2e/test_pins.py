"""PIN entry: a person at a terminal, counted by the simulator itself."""

import uuid

from tests.e2e.practice import Practice, Seat


def test_the_smcb_is_unlocked_once_and_nobody_is_asked_again(practice: Practice, signer: Seat) -> None:
    before = practice.counts("smcb-m1")["verify_pin_calls"]
    refused = signer.run("pin", "verify", "smc-b")
    assert (refused.status, refused.error["reason"]) == (1, "PIN_ATTEMPTS_UNKNOWN")
    assert practice.counts("smcb-m1")["verify_pin_calls"] == before
    under = signer.begin("pin", "verify", "smc-b", "--accept-unknown-attempts")
    pad = practice.asked(under)
    assert "Empfang" in under.line("PIN.SMC")
    practice.type(pad)
    ended = under.ended()
    assert ended.status == 0
    assert ended.document("job")["job"]["verifyPin"]["outcome"] == "PIN_OUTCOME_VERIFIED"
    state = signer.run("pin", "status", "smc-b").document("pinState")["pinState"]
    assert state["status"] == "PIN_STATUS_VERIFIED"
    again = signer.run("pin", "verify", "smc-b")
    assert again.document("job")["job"]["verifyPin"]["outcome"] == "PIN_OUTCOME_ALREADY_VERIFIED"
    assert practice.counts("smcb-m1")["verify_pin_calls"] == before + 1


def test_a_wrong_pin_tells_what_is_left_and_is_not_tried_again(practice: Practice, signer: Seat) -> None:
    words = ("pin", "verify", "brandt", "--context", "sprechzimmer", "--user", "brandt")
    before = practice.counts("hba-brandt")
    request = str(uuid.uuid4())
    under = signer.begin(*words, "--request-id", request)
    practice.type(practice.asked(under), "000000")
    ended = under.ended()
    assert (ended.status, ended.error["reason"], ended.error["attemptsLeft"]) == (1, "PIN_REJECTED", 2)
    same = signer.run(*words, "--request-id", request)
    assert (same.status, same.error["reason"], same.error["job"]) == (1, "PIN_REJECTED", ended.error["job"])
    after = practice.counts("hba-brandt")
    assert after["verify_pin_calls"] == before["verify_pin_calls"] + 1
    assert after["pin_tries_wrong"] == before["pin_tries_wrong"] + 1


def test_cancel_at_the_terminal_is_an_answer(practice: Practice, signer: Seat) -> None:
    under = signer.begin("pin", "verify", "brandt", "--context", "sprechzimmer", "--user", "brandt")
    pad = practice.asked(under)
    practice.simulator.do(f"/pads/{pad['terminal']}/type", keys="cancel")
    ended = under.ended()
    assert (ended.status, ended.error["reason"]) == (1, "PIN_ABORTED")


def test_a_request_id_with_other_content_is_refused(practice: Practice, signer: Seat) -> None:
    request = str(uuid.uuid4())
    words = ("pin", "verify", "brandt", "--context", "sprechzimmer", "--user", "brandt", "--request-id", request)
    under = signer.begin(*words)
    pad = practice.asked(under)
    other = signer.run(*words, "--force")
    assert (other.status, other.error["reason"]) == (2, "REQUEST_ID_REUSED")
    practice.simulator.do(f"/pads/{pad['terminal']}/type", keys="cancel")
    under.ended()
