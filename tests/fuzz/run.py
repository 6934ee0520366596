"""Runs one target in libFuzzer:  python -m tests.fuzz.run TARGET SECONDS ROOM [NEW]

Starts from tests/fuzz/corpus/TARGET. A finding is written to ROOM/found and ends the run with a status other than 0;
the rest of ROOM is scratch. Inputs that reach new places are added to the folder NEW where one is given.
"""

import importlib
import sys
import tempfile
from pathlib import Path

import atheris

from tests.fuzz.target import CORPUS, NAMES

MOST_BYTES = 4096
MOST_MIB = 1024
LONGEST_SECONDS = 5  # for one input


def main(name: str, seconds: int, room: Path, new: Path | None = None) -> None:
    """Fuzz for so many seconds; never returns: libFuzzer ends the process, without a chance to tidy up."""
    if name not in NAMES:
        raise SystemExit(f"fuzz: there is no {name}; there are {', '.join(NAMES)}")
    tempfile.tempdir = str(room)
    with atheris.instrument_imports(include=["kartenwart"], enable_loader_override=False):
        judge = importlib.import_module(f"tests.fuzz.fuzz_{name}").judge
    found, scratch = room / "found", room / "scratch"
    found.mkdir(exist_ok=True)
    scratch.mkdir(exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={MOST_BYTES}",
        f"-rss_limit_mb={MOST_MIB}",
        f"-timeout={LONGEST_SECONDS}",
        f"-artifact_prefix={found}/{name}-",
        "-print_final_stats=1",
    ]
    words = CORPUS / f"{name}.dict"
    if words.exists():
        options.append(f"-dict={words}")
    # libFuzzer writes into the first folder and only reads the others.
    atheris.Setup([sys.argv[0], *options, str(new or scratch), str(CORPUS / name)], judge)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), *map(Path, sys.argv[4:5]))
