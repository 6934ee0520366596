"""Small files that are there whole or not at all, readable by their owner only."""

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

OWNER_ONLY = 0o600


def replace_file(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a power cut leaves the old content or the new one; OSError when it fails."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write(fresh, content)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    _sync_folder(path.parent)


def place_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make `folder` with these files in one step; when it exists already, its content stays.

    OSError when it cannot be made.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    fresh.mkdir(mode=0o700)
    try:
        for name, content in files.items():
            _write(fresh / name, content)
        _sync_folder(fresh)
        _rename_unless_there(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    _sync_folder(folder.parent)


def _rename_unless_there(fresh: Path, folder: Path) -> None:
    try:
        fresh.rename(folder)  # refused by the system when `folder` holds files
    except OSError:
        if not folder.is_dir():
            raise


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
