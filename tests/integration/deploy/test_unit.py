"""The unit, held against systemd's own tools (none of them needs a running systemd)."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kartenwart.settings import Box, Listen
from tests.processes import REPOSITORY

MOST_EXPOSURE = 1.5
Told = Callable[[str], list[str]]
DROP_INS = sorted((REPOSITORY / "deploy" / "examples").glob("*.conf"))


def exposure(unit: Path) -> float:
    """systemd's own figure: 0 is locked in, 10 is open."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stdout
    return float(found.group(1))


def complaints(unit: Path, place: Path) -> str:
    """What `systemd-analyze verify` finds, for a unit whose program lies in this repository's interpreter."""
    text = unit.read_text(encoding="utf-8").replace("/opt/kartenwart/current/bin/python", "/usr/bin/python3")
    (place / unit.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=one", place / unit.name],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr if done.returncode or done.stderr else ""


def test_the_unit_is_locked_in(unit: Path) -> None:
    assert exposure(unit) <= MOST_EXPOSURE


def test_the_measure_sees_an_open_unit(unit: Path, tmp_path: Path) -> None:
    weaker = tmp_path / unit.name
    weaker.write_text(
        unit.read_text(encoding="utf-8").replace("ProtectSystem=strict\n", "").replace("PrivateTmp=", "#")
    )

    assert exposure(weaker) > MOST_EXPOSURE


def test_systemd_knows_every_word_of_the_unit(unit: Path, tmp_path: Path) -> None:
    assert complaints(unit, tmp_path) == ""


def test_verify_sees_a_word_that_systemd_does_not_know(unit: Path, tmp_path: Path) -> None:
    misspelt = tmp_path / "misspelt"
    misspelt.mkdir()
    wrong = misspelt / unit.name
    wrong.write_text(unit.read_text(encoding="utf-8").replace("WatchdogSec=", "WatchdogSeconds="), encoding="utf-8")

    assert "WatchdogSeconds" in complaints(wrong, tmp_path)


@pytest.mark.parametrize("drop_in", DROP_INS, ids=[path.name for path in DROP_INS])
def test_the_example_drop_ins_fit_the_unit(unit: Path, tmp_path: Path, drop_in: Path) -> None:
    folder = tmp_path / "kartenwart.service.d"
    folder.mkdir()
    (folder / drop_in.name).write_text(drop_in.read_text(encoding="utf-8"), encoding="utf-8")

    assert complaints(unit, tmp_path) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Type", "notify"),
        ("NotifyAccess", "main"),
        ("User", "kartenwart"),
        ("LimitCORE", "0"),
        ("UMask", "0077"),
        ("Restart", "on-failure"),
        ("RestartPreventExitStatus", "78"),
        ("StateDirectoryMode", "0700"),
        ("PrivateUsers", "no"),
    ],
)
def test_what_the_agent_and_its_data_rely_on_stands_there(told: Told, name: str, value: str) -> None:
    assert told(name) == [value]


def test_the_watchdog_waits_for_several_beats_and_restarts_are_bounded(told: Told) -> None:
    assert 20 <= int(told("WatchdogSec")[0]) <= 120
    assert int(told("StartLimitBurst")[0]) <= 20
    assert told("StartLimitIntervalSec")


def test_the_folders_of_the_unit_are_those_of_the_settings(told: Told) -> None:
    states = [f"/var/lib/{name}" for name in told("StateDirectory")[0].split()]

    assert states == [str(Box().state_directory), str(Box().anchor_directory)]
    assert f"/run/{told('RuntimeDirectory')[0]}" == str(Listen().socket.parent)
    assert told("Group") == [Listen().socket_group]
