"""Signatures that openssl verifies, and an agent that dies in the middle of one."""

import signal
import uuid
from pathlib import Path

from scripts.demo_pdf import extract
from tests.e2e.practice import Practice, Seat, openssl, until


def test_a_user_who_is_not_bound_cannot_sign(practice: Practice, signer: Seat, letter: Path) -> None:
    before = practice.counts()
    ran = signer.run("sign", letter.name, "--card", "brandt", "--user", "brandt", "--context", "sprechzimmer")
    assert (ran.status, ran.error["reason"]) == (3, "USER_NOT_BOUND")
    assert practice.counts()["pin_prompts"] == before["pin_prompts"]


def test_a_letter_is_signed_and_openssl_agrees(practice: Practice, bound: Seat, letter: Path, tmp_path: Path) -> None:
    out = tmp_path / "signed.pdf"
    under = bound.begin("sign", letter.name, "--user", "adler", "--context", "sprechzimmer", "--out", str(out))
    pad = practice.asked(under)
    number = pad["prompt"]["job_number"]
    practice.type(pad)
    ended = under.ended()
    assert ended.status == 0, ended
    signature = ended.document("signature")["signature"]
    assert (signature["form"], signature["job"]["jobNumber"]) == ("pades", number)
    assert out.read_bytes().startswith(letter.read_bytes())
    content, cms = extract(out, tmp_path)
    assert openssl(practice, cms, content).returncode == 0
    broken = bytearray(content.read_bytes())
    broken[100] ^= 1
    content.write_bytes(broken)
    assert openssl(practice, cms, content).returncode != 0


def test_what_is_no_pdfa_gets_its_signature_beside(practice: Practice, bound: Seat, tmp_path: Path) -> None:
    from firmware_sim.signing import make_pdf

    plain = tmp_path / "plain.pdf"
    plain.write_bytes(make_pdf("plain"))
    strict = bound.run("sign", str(plain), "--user", "adler", "--context", "sprechzimmer", "--signature", "pades")
    assert strict.error["reason"] == "DOCUMENT_NOT_PDFA"
    before = practice.counts("hba-adler")["pin_prompts"]
    under = bound.begin("sign", str(plain), "--user", "adler", "--context", "sprechzimmer")
    practice.type(practice.asked(under))
    ended = under.ended()
    assert ended.status == 0, ended
    assert "PDF/A" in ended.err
    assert openssl(practice, tmp_path / "plain.pdf.p7s", plain).returncode == 0
    assert practice.counts("hba-adler")["pin_prompts"] == before + 1


def test_a_killed_agent_never_signs_twice(practice: Practice, bound: Seat, letter: Path) -> None:
    request = str(uuid.uuid4())
    words = ("sign", letter.name, "--user", "adler", "--context", "sprechzimmer", "--request-id", request)
    before = practice.counts("hba-adler")
    under = bound.begin(*words, "--out", "never.pdf")
    pad = practice.asked(under)
    practice.agent.kill()
    practice.type(pad)
    until(lambda: practice.counts("hba-adler")["pin_tries_right"] > before["pin_tries_right"])
    practice.agent.start()
    ended = under.ended()
    assert (ended.status, ended.error["reason"]) == (5, "OUTCOME_UNKNOWN"), ended
    again = bound.run(*words)
    assert (again.status, again.error["job"]) == (5, ended.error["job"])
    listed = bound.run("jobs", "list", "--request-id", request).document("jobs")["jobs"]
    assert [job["state"] for job in listed] == ["JOB_STATE_OUTCOME_UNKNOWN"]
    after = practice.counts("hba-adler")
    assert after["sign_document_calls"] == before["sign_document_calls"] + 1
    assert after["pin_prompts"] == before["pin_prompts"] + 1
    assert not (practice.folder / "never.pdf").exists()


def test_the_same_file_under_another_content_is_not_taken_for_signed(
    practice: Practice, bound: Seat, letter: Path, tmp_path: Path
) -> None:
    request = str(uuid.uuid4())
    words = ("--user", "adler", "--context", "sprechzimmer", "--request-id", request)
    under = bound.begin("sign", letter.name, *words, "--out", str(tmp_path / "one.pdf"))
    practice.type(practice.asked(under))
    assert under.ended().status == 0
    other = tmp_path / "other.pdf"
    other.write_bytes(letter.read_bytes() + b"\n%changed\n")
    ran = bound.run("sign", str(other), *words)
    assert (ran.status, ran.error["reason"]) == (2, "REQUEST_ID_REUSED")


def test_a_result_that_could_not_be_written_is_fetched_again_without_a_person(
    practice: Practice, bound: Seat, letter: Path, tmp_path: Path
) -> None:
    words = ("sign", letter.name, "--user", "adler", "--context", "sprechzimmer", "--request-id", str(uuid.uuid4()))
    (tmp_path / "folder").mkdir()
    under = bound.begin(*words, "--out", str(tmp_path / "folder"))
    practice.type(practice.asked(under))
    assert under.ended().status == 2
    before = practice.counts("hba-adler")
    assert bound.run(*words, "--out", str(tmp_path / "signed.pdf")).status == 0
    assert (tmp_path / "signed.pdf").read_bytes().startswith(letter.read_bytes())
    assert practice.counts("hba-adler") == before
    gone = bound.run(*words, "--out", str(tmp_path / "again.pdf"))  # acknowledged: the box has deleted it
    assert (gone.status, gone.error["reason"]) == (4, "NOT_FOUND")


def test_nobody_is_asked_where_the_result_has_no_place(practice: Practice, bound: Seat, letter: Path) -> None:
    before = practice.counts("hba-adler")
    ran = bound.run("sign", letter.name, "--user", "adler", "--out", "nowhere/signed.pdf")
    assert ran.status == 2
    assert practice.counts("hba-adler") == before


def test_who_leaves_with_ctrl_c_finds_the_job_again(practice: Practice, bound: Seat, letter: Path) -> None:
    request = str(uuid.uuid4())
    words = ("sign", letter.name, "--user", "adler", "--context", "sprechzimmer", "--request-id", request)
    under = bound.begin(*words)
    pad = practice.asked(under)
    under.line("Bitte jetzt")
    under.process.send_signal(signal.SIGINT)
    left = under.ended()
    assert left.status == 130
    assert request in left.err
    practice.type(pad)
    before = practice.counts("hba-adler")["sign_document_calls"]
    assert bound.run(*words, "--out", "found-again.pdf").status == 0
    assert practice.counts("hba-adler")["sign_document_calls"] == before


def test_several_letters_are_one_job_and_one_pin(practice: Practice, bound: Seat, tmp_path: Path) -> None:
    from firmware_sim.signing import make_pdf

    letters = [tmp_path / f"brief-{number}.pdf" for number in range(3)]
    for letter in letters:
        letter.write_bytes(make_pdf("pdfa2"))
    before = practice.counts("hba-adler")["pin_prompts"]
    words = ("--user", "adler", "--context", "sprechzimmer", "--preset", "earztbrief")
    under = bound.begin("sign", *(str(letter) for letter in letters), *words)
    practice.type(practice.asked(under))
    ended = under.ended()
    assert ended.status == 0, ended
    told = ended.document("signatures")["signatures"]
    assert [(one["output"], one["failure"]) for one in told] == [
        (str(letter.with_name(f"{letter.stem}-signiert.pdf")), None) for letter in letters
    ]
    assert all(Path(one["output"]).read_bytes().startswith(letters[0].read_bytes()[:100]) for one in told)
    assert practice.counts("hba-adler")["pin_prompts"] == before + 1


def test_what_no_preset_takes_is_refused_before_anyone_is_asked(
    practice: Practice, bound: Seat, letter: Path, tmp_path: Path
) -> None:
    text = tmp_path / "notiz.txt"
    text.write_text("kein Brief")
    before = practice.counts("hba-adler")
    for files, option, reason in (
        ([str(text)], ("--preset", "erezept"), "DOCUMENT_TYPE_WRONG"),
        ([letter.name, str(text)], ("--signature", "cades"), "DOCUMENTS_MIXED"),
    ):
        ran = bound.run("sign", *files, "--user", "adler", "--context", "sprechzimmer", *option)
        assert ran.error["reason"] == reason
    assert practice.counts("hba-adler") == before


def test_the_konnektor_s_word_on_a_signature_and_its_report(
    practice: Practice, bound: Seat, letter: Path, tmp_path: Path
) -> None:
    signed, report = tmp_path / "wort.pdf", tmp_path / "bericht.xml"
    under = bound.begin("sign", letter.name, "--user", "adler", "--context", "sprechzimmer", "--out", str(signed))
    practice.type(practice.asked(under))
    assert under.ended().status == 0
    ran = bound.run("verify-document", str(signed), "--context", "sprechzimmer", "--report", str(report))
    assert ran.status == 0, ran
    verification = ran.document("verification")["verification"]
    assert (verification["result"], verification["reportFile"]) == ("VERIFICATION_RESULT_VALID", str(report))
    assert b"VerificationReport" in report.read_bytes()
    signed.write_bytes(signed.read_bytes() + b"\n%")
    assert bound.run("verify-document", str(signed), "--context", "sprechzimmer").status == 1
    named = bound.run("presets").document("presets")["presets"]
    assert [one["name"] for one in named] == ["earztbrief", "eau", "erezept"]
