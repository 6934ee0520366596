"""Where a process is cut: a small library (cut.c), built once, that counts its writes and strikes at one of them."""

import errno
import mmap
import shutil
import struct
import subprocess
from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from tests.lacking import lacking

SOURCE = Path(__file__).parent / "cut.c"
COMPILE = ("-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-ldl")
# struct page of cut.c: calls, cut_at, action, error, struck, what, kinds
_CALLS, _ORDER, _STRUCK, _WHAT, _KINDS = 0, 8, 32, 40, 96
_KINDS_SIZE = 16384
_PAGE_SIZE = _KINDS + _KINDS_SIZE
_NAMES = {
    "w": "writes",
    "f": "syncs",
    "t": "truncations",
    "r": "renames",
    "l": "links",
    "u": "removals",
    "m": "new folders",
}


class Action(IntEnum):
    """What happens at a cut point; the numbers are those of cut.c."""

    KILL = 1
    TEAR = 2  # half of the write is done, then the process is killed
    EIO = 3  # this call fails, once
    ENOSPC = 4  # this call and all later ones fail, until there is space again


@dataclass(frozen=True, kw_only=True, order=True)
class Cut:
    """One cut: the number of the call (from 1), of the day's step or else of the start, and what happens there."""

    at: int
    action: Action
    step: str = ""

    def __str__(self) -> str:
        return f"{self.action.name} at {self.at}{f' of {self.step}' if self.step else ''}"


def library(folder: Path) -> Path:
    """Build the library in `folder`; in CI a missing compiler fails the test, elsewhere it is skipped by name."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        lacking("needs a C compiler (gcc) for the library that cuts writes")
    built = folder / "cut.so"
    subprocess.run([compiler, "-o", built, SOURCE, *COMPILE], check=True, timeout=60)
    return built


class Cutter:
    """The page that a process under test shares with us: what it counted, and what is to happen where."""

    def __init__(self, folder: Path, library: Path) -> None:
        self._file = folder / "cut.page"
        self._file.write_bytes(bytes(_PAGE_SIZE))
        self._library = library
        with self._file.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), _PAGE_SIZE)

    def environment(self, *under: Path) -> dict[str, str]:
        """Return what a process must be started with so that its writes under these folders count."""
        folders = ":".join(str(folder.resolve()) for folder in under)
        return {"LD_PRELOAD": str(self._library), "CUT_PAGE": str(self._file), "CUT_UNDER": folders}

    def arm(self, cut: Cut) -> None:
        """Let it happen, counted from now; what an earlier one hit is forgotten."""
        self.disarm()
        self.forget()
        number = {Action.EIO: errno.EIO, Action.ENOSPC: errno.ENOSPC}.get(cut.action, 0)
        self._page[_ORDER:_STRUCK] = struct.pack("=QQQ", self.calls + cut.at, cut.action, number)

    def forget(self) -> None:
        """Forget what was cut before."""
        self._page[_WHAT:_KINDS] = bytes(_KINDS - _WHAT)

    def disarm(self) -> None:
        """Let nothing more happen: the power is back, the disk has space."""
        self._page[_ORDER:_WHAT] = bytes(_WHAT - _ORDER)

    @property
    def calls(self) -> int:
        """How many calls were counted since the page was made, over all starts."""
        return self._number(_CALLS)

    @property
    def struck(self) -> int:
        """How many calls were cut since the last `disarm`."""
        return self._number(_STRUCK)

    @property
    def what(self) -> str:
        """The call that was cut since `arm` or `forget`, and the name of its file; empty where none was."""
        return self._page[_WHAT:_KINDS].split(b"\0")[0].decode(errors="replace")

    def kinds(self, after: int = 0) -> str:
        """Return the kind of each call behind the first `after` by its first letter, in their order."""
        return self._page[_KINDS + 1 + after : _KINDS + 1 + self.calls].decode("ascii")

    def close(self) -> None:
        """Give the page back."""
        self._page.close()

    def _number(self, offset: int) -> int:
        found: tuple[int] = struct.unpack_from("=Q", self._page, offset)
        return found[0]


def points(kinds: str, step: str = "") -> list[Cut]:
    """Return every cut for a step's calls of these kinds: all are killed or fail, writes are torn too."""
    return [
        Cut(at=number, action=action, step=step)
        for number, kind in enumerate(kinds, start=1)
        for action in Action
        if action is not Action.TEAR or kind == "w"
    ]


def described(kinds: str) -> str:
    """Return the calls of a day in words: "12 cut points (8 writes, 4 syncs)"."""
    counted = Counter(_NAMES.get(kind, "others") for kind in kinds)
    return f"{len(kinds)} cut points ({', '.join(f'{number} {name}' for name, number in counted.most_common())})"
