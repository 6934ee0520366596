"""What a workstation keeps: whole or not at all, and for its owner's eyes only."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from kartenwart.client import EnrolmentRefused, Pending, Profile, ProfileInvalid
from tests.unit.client.conftest import profile_of
from tests.unit.client.site import Site


@pytest.fixture(scope="module")
def site() -> Site:
    return Site()


def test_a_profile_comes_back_as_it_was(site: Site, tmp_path: Path) -> None:
    profile = profile_of(site, 4711)
    stored = profile.save(tmp_path / "state")
    assert Profile.load(tmp_path / "state") == profile == stored
    assert Profile.load(tmp_path / "state").folder == tmp_path / "state"


def test_only_the_owner_reads_it(site: Site, tmp_path: Path) -> None:
    profile_of(site, 1).save(tmp_path / "state")
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "state" / "profile.json").stat().st_mode) == 0o600


def test_the_key_is_not_shown(site: Site) -> None:
    assert "PRIVATE" not in repr(profile_of(site, 1))


def test_saving_leaves_no_other_files(site: Site, tmp_path: Path) -> None:
    for port in range(3):
        profile_of(site, port).save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["profile.json"]


def test_a_full_disk_leaves_the_old_profile(site: Site, tmp_path: Path) -> None:
    old = profile_of(site, 1).save(tmp_path)
    program = """
import resource, signal, sys
from dataclasses import replace
from pathlib import Path
from kartenwart.client import Address, Profile
profile = Profile.load(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    profile.at(Address(host="192.0.2.1")).save(Path(sys.argv[1]))
except OSError:
    print("refused")
"""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    words, env = [sys.executable, "-c", program, str(tmp_path)], {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(words, capture_output=True, text=True, env=env, timeout=30, check=False)
    assert done.stdout.strip() == "refused", done.stderr
    assert Profile.load(tmp_path) == old
    assert [file.name for file in tmp_path.iterdir()] == ["profile.json"]


def test_a_folder_without_profile_says_so(tmp_path: Path) -> None:
    with pytest.raises(ProfileInvalid, match="no profile"):
        Profile.load(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', '{"schema": 2}', "null", "3"])
def test_a_broken_profile_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "profile.json").write_text(text)
    with pytest.raises(ProfileInvalid):
        Profile.load(tmp_path)


def test_a_broken_key_is_found_when_loading(site: Site, tmp_path: Path) -> None:
    profile_of(site, 1).save(tmp_path)
    document = json.loads((tmp_path / "profile.json").read_text())
    (tmp_path / "profile.json").write_text(json.dumps({**document, "key_pem": "-----BEGIN NOTHING-----"}))
    with pytest.raises(ProfileInvalid):
        Profile.load(tmp_path)


def test_the_right_code_makes_the_held_profile_the_profile(site: Site, tmp_path: Path) -> None:
    Pending(profile=profile_of(site, 9), code="004213").hold(tmp_path)
    assert not Profile.exists(tmp_path)
    assert Pending.confirm("004-213", tmp_path) == profile_of_saved(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["profile.json"]


def test_a_wrong_code_throws_the_held_profile_away(site: Site, tmp_path: Path) -> None:
    Pending(profile=profile_of(site, 9), code="004213").hold(tmp_path)
    with pytest.raises(EnrolmentRefused):
        Pending.confirm("004214", tmp_path)
    assert not Profile.exists(tmp_path)
    with pytest.raises(ProfileInvalid):
        Pending.confirm("004213", tmp_path)


def test_the_held_profile_is_for_the_owner_only(site: Site, tmp_path: Path) -> None:
    Pending(profile=profile_of(site, 9), code="004213").hold(tmp_path)
    assert stat.S_IMODE((tmp_path / "pending.json").stat().st_mode) == 0o600


def test_exported_files_are_what_curl_wants(site: Site, tmp_path: Path) -> None:
    profile = profile_of(site, 9)
    files = profile.export(tmp_path)
    assert {file.name: file.read_text() for file in files} == {
        "key.pem": profile.key_pem,
        "certificate.pem": profile.certificate_pem,
        "root.pem": profile.root_pem,
    }
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600


def profile_of_saved(folder: Path) -> Profile:
    return Profile.load(folder)
