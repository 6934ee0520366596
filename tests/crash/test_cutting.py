"""The library that cuts writes, held against a small program whose calls are known."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.cutting import Action, Cut, Cutter, library, points

PROGRAM = """
import os, sys
folder = sys.argv[1]
for number in range(2):
    try:
        descriptor = os.open(f"{folder}/{number}.new", os.O_RDWR | os.O_CREAT)
        os.write(descriptor, b"0123456789")
        os.pwrite(descriptor, b"ab", 0)
        os.ftruncate(descriptor, 8)
        os.fsync(descriptor)
        os.fdatasync(descriptor)
        os.close(descriptor)
        os.rename(f"{folder}/{number}.new", f"{folder}/{number}")
        os.link(f"{folder}/{number}", f"{folder}/{number}.too")
        os.chdir(folder)
        os.unlink(f"{number}.too")
        os.mkdir(f"{folder}/{number}.folder")
        for useless in (lambda: os.unlink("nothing"), lambda: os.mkdir(folder)):
            try:
                useless()
            except (FileNotFoundError, FileExistsError):
                pass
        print("done", flush=True)
    except OSError as error:
        print(error.strerror, flush=True)
"""
KINDS = "wwtffrlum"


@pytest.fixture(scope="module")
def lib(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("library"))


def run(folder: Path, lib: Path, cut: Cut | None) -> tuple[int, list[str], Cutter]:
    """Run the program with its files under `folder`/ours; its status, its lines, and what was counted."""
    cutter, ours = Cutter(folder, lib), folder / "ours"
    ours.mkdir()
    if cut:
        cutter.arm(cut)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, ours],
        env={**os.environ, **cutter.environment(ours)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return done.returncode, done.stdout.splitlines(), cutter


def test_every_call_is_counted_and_nothing_else(tmp_path: Path, lib: Path) -> None:
    status, lines, cutter = run(tmp_path, lib, None)
    assert (status, lines, cutter.kinds(), cutter.struck) == (0, ["done", "done"], KINDS * 2, 0)


@pytest.mark.parametrize(("at", "what"), [(1, "write 0.new"), (5, "fdatasync 0.new"), (6, "rename 0.new")])
def test_a_kill_comes_before_the_call(tmp_path: Path, lib: Path, at: int, what: str) -> None:
    status, lines, cutter = run(tmp_path, lib, Cut(at=at, action=Action.KILL))
    assert (status, lines, cutter.what, cutter.calls) == (-signal.SIGKILL, [], what, at)
    assert not (tmp_path / "ours" / "0").exists()
    assert (tmp_path / "ours" / "0.new").read_bytes() == (b"" if at == 1 else b"ab234567")


@pytest.mark.parametrize(("at", "left"), [(1, b"01234"), (2, b"a123456789")])
def test_a_torn_write_is_done_by_half(tmp_path: Path, lib: Path, at: int, left: bytes) -> None:
    status, _, _ = run(tmp_path, lib, Cut(at=at, action=Action.TEAR))
    assert status == -signal.SIGKILL
    assert (tmp_path / "ours" / "0.new").read_bytes() == left


@pytest.mark.parametrize("at", range(1, len(KINDS) + 1))
def test_an_error_comes_once_or_until_there_is_space(tmp_path: Path, lib: Path, at: int) -> None:
    for action, words in (
        (Action.EIO, ["Input/output error", "done"]),
        (Action.ENOSPC, ["No space left on device"] * 2),
    ):
        folder = tmp_path / action.name
        folder.mkdir()
        status, lines, cutter = run(folder, lib, Cut(at=at, action=action))
        assert (status, lines) == (0, words)
        assert cutter.struck == (1 if action is Action.EIO else 2)
        assert cutter.what
        cutter.disarm()
        assert cutter.struck == 0
        cutter.arm(Cut(at=100, action=action))
        assert not cutter.what


def test_every_call_is_killed_and_fails_and_writes_are_torn() -> None:
    assert points("wf") == [
        *(Cut(at=1, action=action) for action in Action),
        *(Cut(at=2, action=action) for action in Action if action is not Action.TEAR),
    ]
