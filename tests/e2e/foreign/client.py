"""A client in another language as a process: what the tests type into it and read from it."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.practice import Practice, Ran, Under

CALL_SECONDS = 20
GRANTED = {"contexts": ["contexts/sprechzimmer", "contexts/empfang"], "users": ["users/adler"]}


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """A client: its command, the port that it calls, the proto bundle, and the folder of its enrolment."""

    name: str
    command: tuple[str, ...]
    port: str
    protos: Path
    folder: Path
    practice: Practice

    def begin(self, word: str, *words: str, folder: Path | None = None) -> Under:
        """Start it; whoever does must `enter` something, at least nothing."""
        port = self.practice.agent.ready["enrol_port" if word.startswith("enrol") else self.port]
        places = {"HOST": "127.0.0.1", "FOLDER": str(folder or self.folder), "PROTOS": str(self.protos)}
        process = subprocess.Popen(
            [*self.command, word, str(port), *words],
            env={**os.environ, **{f"KARTENWART_{name}": value for name, value in places.items()}},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return Under(process=process)

    def run(self, word: str, *words: str, typed: str = "", folder: Path | None = None) -> Ran:
        """Run it to its end."""
        under = self.begin(word, *words, folder=folder)
        enter(under, typed)
        return ended(under)


def enter(under: Under, typed: str = "") -> None:
    """Type a line at a client, and leave its keyboard."""
    assert under.process.stdin is not None
    with under.process.stdin as keyboard:
        keyboard.write(typed + "\n")


def ended(under: Under) -> Ran:
    """Wait for its end."""
    try:
        return under.ended()
    finally:
        under.stop()


def told(ran: Ran) -> dict[str, Any]:
    """The last thing that a client said that went well."""
    assert ran.status == 0, ran
    document: dict[str, Any] = json.loads(ran.out.splitlines()[-1])
    return document


def refused(ran: Ran) -> str:
    """The reason with which a client failed; empty where the box gave none."""
    assert ran.status != 0, ran
    reason: str = json.loads(ran.err.splitlines()[-1])["reason"]
    return reason


def at_the_box(practice: Practice, method: str, message: dict[str, Any]) -> dict[str, Any]:
    """What the technician does at the box, as docs/api.md shows it."""
    command = (
        *("curl", "--silent", "--show-error", "--fail-with-body", "--max-time", str(CALL_SECONDS)),
        *("--unix-socket", str(practice.agent.socket), "-H", "Content-Type: application/json", "--data-binary", "@-"),
        f"http://box/kartenwart.api.{method}",
    )
    asked = subprocess.run(command, input=json.dumps(message), capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked
    answer: dict[str, Any] = json.loads(asked.stdout)
    return answer
