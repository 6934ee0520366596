"""Logging in, signing a hash, encrypting and opening with the real command; openssl and the token's reader agree."""

import base64
import json
import subprocess
from pathlib import Path

from tests.e2e.practice import Practice, Seat

HBA = ("--card", "adler", "--user", "adler", "--context", "sprechzimmer")


def unlocked(practice: Practice, seat: Seat) -> None:
    """Make sure that PIN.CH of adler's HBA is verified; it is asked for only where it is not."""
    under = seat.begin("pin", "verify", "adler", "--user", "adler", "--context", "sprechzimmer")
    if under.process.poll() is None and "ALREADY" not in "".join(under.out):
        ended = under.ended()
        assert ended.document("job")["job"]["verifyPin"]["outcome"].endswith("VERIFIED")


def test_a_challenge_becomes_a_token_and_a_hash_a_signature(practice: Practice, bound: Seat, tmp_path: Path) -> None:
    unlocked(practice, bound)
    challenge = tmp_path / "challenge"
    challenge.write_text("eyJhbGciOiJCUDI1NlIxIn0.e30.c2ln\n", encoding="ascii")
    ran = bound.run("login-token", str(challenge), *HBA)
    assert ran.status == 0, ran
    header, payload, _ = ran.document("loginToken")["loginToken"]["jws"].split(".")
    told = json.loads(base64.urlsafe_b64decode(header + "=="))
    assert (told["alg"], told["cty"]) == ("BP256R1", "NJWT")
    assert json.loads(base64.urlsafe_b64decode(payload + "=="))["njwt"] == "eyJhbGciOiJCUDI1NlIxIn0.e30.c2ln"
    (tmp_path / "signer.der").write_bytes(base64.b64decode(told["x5c"][0]))
    text = tmp_path / "text"
    text.write_bytes(b"a text")
    ran = bound.run("authenticate", str(text), *HBA)
    assert ran.status == 0, ran
    openssl(tmp_path, "x509", "-inform", "DER", "-in", "signer.der", "-pubkey", "-noout", "-out", "key.pem")
    openssl(tmp_path, "dgst", "-sha256", "-verify", "key.pem", "-signature", "text.sig", "text")


def test_a_file_is_encrypted_for_a_card_and_opened_with_it(
    practice: Practice, bound: Seat, letter: Path, tmp_path: Path
) -> None:
    unlocked(practice, bound)
    sealed, opened = tmp_path / "letter.pdf.p7m", tmp_path / "opened.pdf"
    ran = bound.run("encrypt", str(letter), *HBA, "--out", str(sealed))
    assert ran.status == 0, ran
    assert letter.read_bytes()[:200] not in sealed.read_bytes()
    ran = bound.run("decrypt", str(sealed), *HBA, "--out", str(opened))
    assert ran.status == 0, ran
    assert opened.read_bytes() == letter.read_bytes()
    (tmp_path / "no.p7m").write_bytes(b"no CMS")
    failed = bound.run("decrypt", str(tmp_path / "no.p7m"), *HBA)
    assert (failed.status, failed.error["reason"], failed.error["konnektorCode"]) == (1, "DECRYPTION_FAILED", 4107)


def test_what_cannot_work_is_said_before_the_box_is_asked(bound: Seat, letter: Path, tmp_path: Path) -> None:
    assert bound.run("encrypt", str(letter)).status == 2
    assert bound.run("encrypt", str(letter), "--for", str(letter)).status == 2
    (tmp_path / "there").write_bytes(b"x")
    (tmp_path / "there.p7m").write_bytes(b"x")
    assert bound.run("decrypt", str(tmp_path / "there.p7m"), *HBA).status == 2
    assert (tmp_path / "there").read_bytes() == b"x"


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=True, timeout=20)
