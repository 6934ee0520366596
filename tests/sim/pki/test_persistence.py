"""What was issued stays, whole, and for the owner only."""

import stat
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.pki import CardKeys, Pki
from firmware_sim.pki.vault import folder_name, following, latest, place


def an_hba(pki: Pki, holder: str = "Dr. Anna Beispiel") -> CardKeys:
    return pki.issue_card("hba", kind="hba", holder=holder, iccsn="80276001010000000001", telematik_id="1-T")


def open_and_issue(folder: Path, _attempt: int) -> tuple[bytes, bytes, bytes]:
    pki = Pki.open(folder)
    return pki.card_root_pem.read_bytes(), an_hba(pki).certificate("C.QES"), pki.client("pvs").certificate_der


def test_a_second_start_finds_the_same(folder: Path) -> None:
    first, second = Pki.open(folder), Pki.open(folder)
    assert an_hba(first).certificates == an_hba(second).certificates
    assert an_hba(first).private_key("C.QES").private_numbers() == an_hba(second).private_key("C.QES").private_numbers()
    assert first.server(["127.0.0.2"]) == second.server(["127.0.0.2"])
    assert first.client("pvs") == second.client("pvs")
    assert first.card_ca_pem.read_bytes() == second.card_ca_pem.read_bytes()


def test_processes_that_start_at_once_agree(folder: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        outcomes = set(pool.map(partial(open_and_issue, folder), range(4)))
    assert len(outcomes) == 1
    assert not list(folder.rglob(".draft-*"))


def test_a_card_with_other_particulars_is_a_new_card_and_stays_one(folder: Path) -> None:
    pki = Pki.open(folder)
    old = an_hba(pki)
    new = an_hba(pki, holder="Dr. Berta Beispiel")
    assert new.certificate("C.QES") != old.certificate("C.QES")
    assert an_hba(Pki.open(folder), holder="Dr. Berta Beispiel").certificates == new.certificates


def test_two_practices_share_nothing(tmp_path: Path) -> None:
    one, other = Pki.open(tmp_path / "one"), Pki.open(tmp_path / "other")
    assert one.card_root_pem.read_bytes() != other.card_root_pem.read_bytes()


def test_only_the_owner_may_read_the_keys(folder: Path) -> None:
    pki = Pki.open(folder)
    an_hba(pki)
    pki.client("pvs")
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_damaged_folder_is_named_and_not_replaced(folder: Path) -> None:
    pki = Pki.open(folder)
    an_hba(pki)
    (key,) = folder.rglob("C.QES.key")
    key.write_bytes(b"")
    with pytest.raises(ValueError, match="damaged"):
        an_hba(pki)
    pki.card_root_pem.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="damaged"):
        Pki.open(folder)


def test_a_whole_practice_is_issued_within_two_seconds(folder: Path) -> None:
    start = time.monotonic()
    pki = Pki.open(folder)
    for number in range(6):
        pki.issue_card(f"card-{number}", kind="hba", holder="Dr. A", iccsn=f"8027600101000000000{number}")
    for client_system in ("pvs", "kim", "kartenwart"):
        pki.client(client_system)
    pki.server(["127.0.0.2", "konnektor.praxis.test"])
    pki.server(["127.0.0.2"], key="brainpool")
    assert time.monotonic() - start < 2


@given(st.text(max_size=80), st.text(max_size=80))
def test_every_name_has_a_safe_folder_of_its_own(one: str, other: str) -> None:
    folder = folder_name(one)
    assert Path(folder).name == folder
    assert folder.strip(".")
    assert len(folder.encode()) < 100
    assert (folder == folder_name(other)) == (one == other)


def test_an_issue_that_exists_is_never_overwritten(tmp_path: Path) -> None:
    place(tmp_path / "a" / "1", {"x": b"first"})
    place(tmp_path / "a" / "1", {"x": b"second"})
    assert (tmp_path / "a" / "1" / "x").read_bytes() == b"first"


def test_the_tenth_issue_follows_the_ninth(tmp_path: Path) -> None:
    for _ in range(11):
        place(following(tmp_path), {"x": b""})
    assert latest(tmp_path) == tmp_path / "11"
    assert latest(tmp_path / "none") is None


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        place(tmp_path / "file" / "1", {"x": b""})
