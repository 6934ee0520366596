"""A practice for whole stories: the simulator, an agent, and people who type the real command."""

import json
import os
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.demo_practice import Agent, Simulator, environment
from tests.processes import REPOSITORY

COMMAND_SECONDS = 60.0
_SOURCES = os.pathsep.join(str(REPOSITORY / source) for source in ("agent", "firmware-sim"))


@dataclass(kw_only=True)
class Ran:
    """How a command ended and what it said."""

    status: int
    out: str
    err: str

    def document(self, kind: str) -> dict[str, Any]:
        """The JSON document of this kind from stdout."""
        found = [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]
        return next(one for one in found if one["kind"] == kind)

    @property
    def error(self) -> dict[str, Any]:
        """The JSON error from stderr."""
        documents = [json.loads(line) for line in self.err.splitlines() if line.startswith("{")]
        error: dict[str, Any] = documents[-1]["error"]
        return error


@dataclass(kw_only=True)
class Under:
    """A command under way."""

    process: "subprocess.Popen[str]"
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    _readers: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err)):
            reader = threading.Thread(target=_keep, args=(stream, lines), daemon=True)
            reader.start()
            self._readers.append(reader)

    def line(self, part: str, seconds: float = 30.0) -> str:
        """The first line of stdout or stderr that contains `part`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in (*self.out, *self.err):
                if part in line:
                    return line
            if self.process.poll() is not None and not any(reader.is_alive() for reader in self._readers):
                break
            time.sleep(0.02)
        raise AssertionError(f"no line with {part!r}:\n" + "\n".join((*self.out, *self.err)))

    def ended(self, seconds: float = COMMAND_SECONDS) -> Ran:
        """Wait for the end."""
        status = self.process.wait(seconds)
        for reader in self._readers:
            reader.join(5)
        return Ran(status=status, out="\n".join(self.out), err="\n".join(self.err))

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(5)
        for reader in self._readers:
            reader.join(5)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def _keep(stream: Iterable[str], lines: list[str]) -> None:
    for line in stream:  # one by one: whoever waits for a line looks at the list meanwhile
        lines.append(line.rstrip("\n"))  # noqa: PERF401


@dataclass(kw_only=True)
class Seat:
    """Somebody with an environment: a workplace with its profile, or the technician at the box."""

    folder: Path
    places: dict[str, Path]
    started: list[Under] = field(default_factory=list)

    def begin(self, *words: str) -> Under:
        """Start a command that waits for people; its result is JSON. Ctrl-C reaches it also where ours is ignored."""
        process = subprocess.Popen(
            ["env", "--default-signal=INT", sys.executable, "-m", "kartenwart", *words, "--format", "json"],
            cwd=self.folder,
            env={**environment(**self.places), "PYTHONPATH": _SOURCES},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(Under(process=process))
        return self.started[-1]

    def run(self, *words: str) -> Ran:
        """Run a command to its end; its result is JSON."""
        under = self.begin(*words)
        try:
            return under.ended()
        finally:
            under.stop()

    def stop(self) -> None:
        for under in self.started:
            under.stop()


@dataclass(kw_only=True)
class Practice:
    """Simulator and agent in one folder."""

    folder: Path
    simulator: Simulator
    agent: Agent
    seats: list[Seat] = field(default_factory=list)

    @property
    def technician(self) -> Seat:
        """At the box itself."""
        return self._seat(socket=self.agent.socket)

    def workplace(self, name: str) -> Seat:
        """At a workplace that may be enrolled or not."""
        return self._seat(profile=self.folder / name)

    def enrolled(self, name: str, role: str, *scope: str) -> Seat:
        """A workplace enrolled by a token."""
        seat = self.workplace(name)
        if not (self.folder / name / "profile.json").exists():
            made = self.technician.run("workstations", "token", "--role", role, *scope).document("token")["token"]
            ran = seat.run(
                *("enrol", "--address", self.enrol_address, "--grpc-port", str(self.agent.ready["grpc_port"])),
                *("--token", made["token"], "--fingerprint", made["siteFingerprint"], "--label", name),
            )
            assert ran.status == 0, ran
        return seat

    @property
    def enrol_address(self) -> str:
        return f"127.0.0.1:{self.agent.ready['enrol_port']}"

    def asked(self, under: Under) -> dict[str, Any]:
        """The pad that asks because of a command under way."""
        return self.simulator.prompt(under.process)

    def type(self, pad: dict[str, Any], pin: str = "") -> None:
        """Type a PIN at a pad; without one, the right one."""
        prompt = pad["prompt"]
        self.simulator.do(f"/pads/{pad['terminal']}/type", pin=pin or self.pins[(prompt["card"], prompt["pin"])])

    @property
    def pins(self) -> dict[tuple[str, str], str]:
        """The PINs of the default world, by card and PIN."""
        from firmware_sim.world.reading import default_text

        world = tomllib.loads(default_text())
        return {(card["name"], pin["reference"]): pin["pin"] for card in world["cards"] for pin in card["pins"]}

    def counts(self, card: str = "") -> dict[str, Any]:
        """The simulator's own counts, in total or of a card."""
        counts = self.simulator.ask("/counts")
        found: dict[str, Any] = counts["cards"][card] if card else counts["total"]
        return found

    def _seat(self, **places: Path) -> Seat:
        self.seats.append(Seat(folder=self.folder, places=places))
        return self.seats[-1]


def until(seen: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait until something is seen."""
    end = time.monotonic() + seconds
    while not seen():
        if time.monotonic() > end:
            raise AssertionError(f"not seen within {seconds} s")
        time.sleep(0.05)


def openssl(practice: Practice, cms: Path, content: Path) -> "subprocess.CompletedProcess[str]":
    """Let the openssl command verify a detached signature against the simulator's root."""
    about = practice.simulator.about
    command: Sequence[str] = (
        *("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(cms), "-content", str(content)),
        *("-CAfile", about["card_root_pem"], "-certfile", about["card_ca_pem"], "-purpose", "any"),
        *("-out", str(practice.folder / "verified.bin")),
    )
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
