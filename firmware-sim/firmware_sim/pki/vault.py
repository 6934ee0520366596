"""Folders on disk that appear whole or not at all, so that a crash or a second process leaves nothing half made."""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

_PLAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def folder_name(name: str) -> str:
    """A file system name for any text: the text itself when harmless, else its harmless part and a digest."""
    if _PLAIN.fullmatch(name):
        return name
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{readable}.{digest}"  # the dot keeps it apart from every plain name


def place(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Make `folder` with these files, readable by the owner only; if it exists already, what is there stays.

    It survives a crash of the process, not of the machine: nothing here is worth an fsync per file.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    try:
        for name, content in files.items():
            path = draft / name
            path.touch(mode=0o600)
            path.write_bytes(content)
        draft.rename(folder)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not folder.is_dir():
            raise
    return folder


def latest(folder: Path) -> Path | None:
    """The newest issue in `folder`, whose issues are folders named 1, 2, 3 ...; None when there is none."""
    if not folder.is_dir():
        return None
    return max((issue for issue in folder.iterdir() if issue.name.isdecimal()), key=_number, default=None)


def following(folder: Path) -> Path:
    """Where the next issue belongs."""
    newest = latest(folder)
    return folder / str(_number(newest) + 1 if newest else 1)


def _number(issue: Path) -> int:
    return int(issue.name)
