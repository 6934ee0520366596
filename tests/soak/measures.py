"""What may not grow in this process: descriptors, threads, tasks, lines to pcscd, memory."""

import asyncio
import gc
import os
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

MOST_GROWTH = 0.05
"""Of resident memory, as a share of what it was."""
_MIB = 1024 * 1024
_SOCKET = "pcscd.comm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """One moment. `contexts` are lines to pcscd; memory is the resident one, in bytes."""

    descriptors: int
    python_threads: int
    threads: int
    tasks: int
    contexts: int
    memory: int

    def __str__(self) -> str:
        counts = ", ".join(f"{one.name} {getattr(self, one.name)}" for one in fields(self) if one.name != "memory")
        return f"{counts}, memory {self.memory / _MIB:.1f} MiB"


def measure() -> Measures:
    """Count now."""
    gc.collect()
    return Measures(
        descriptors=sum(1 for _ in Path("/proc/self/fd").iterdir()),
        python_threads=threading.active_count(),
        threads=sum(1 for _ in Path("/proc/self/task").iterdir()),
        tasks=len(asyncio.all_tasks()),
        contexts=_contexts(),
        memory=int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"),
    )


def growth(before: Measures, after: Measures) -> list[str]:
    """What has grown more than it may, in words."""
    grown = [
        f"{one.name} {getattr(before, one.name)} -> {getattr(after, one.name)}"
        for one in fields(before)
        if one.name != "memory" and getattr(after, one.name) > getattr(before, one.name)
    ]
    if after.memory > before.memory * (1 + MOST_GROWTH):
        grown.append(f"memory {before.memory / _MIB:.1f} -> {after.memory / _MIB:.1f} MiB")
    return grown


def _contexts() -> int:
    """Count our descriptors whose other end has the name of pcscd's socket."""
    found = 0
    for one in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the folder itself is gone by now; others have no other end
            if str(one.readlink()).startswith("socket:"):
                with socket.socket(fileno=os.dup(int(one.name))) as line:
                    found += str(line.getpeername()).endswith(_SOCKET)
    return found
