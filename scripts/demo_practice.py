"""The processes of the demo: the simulator, the agent, and what they are told. Each is stopped by its own pid."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from ssl import PEM_cert_to_DER_cert
from typing import Any

START_SECONDS = 60.0
STOP_SECONDS = 10.0
CONTROL_SECONDS = 30.0


class DemoFailed(Exception):
    """The story cannot go on; the message says where and what was seen."""


def wait_for(path: Path, process: "subprocess.Popen[bytes]", log: Path) -> dict[str, Any]:
    """Return the JSON that a starting process writes; fails when the process ends or takes too long."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if path.exists():
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return document
        if process.poll() is not None:
            raise DemoFailed(f"{path.stem}: der Prozess endete mit {process.returncode}\n{tail(log)}")
        time.sleep(0.05)
    raise DemoFailed(f"{path.stem}: nach {START_SECONDS:.0f} s noch nicht bereit\n{tail(log)}")


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]) if log.exists() else ""


def free_ports(number: int) -> list[int]:
    """Return TCP ports on 127.0.0.1 that nobody listened on a moment ago."""
    probes = [socket.socket() for _ in range(number)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@dataclass(kw_only=True)
class Simulator:
    """A running `kartenwart-sim`, and the control door by which the demo plays the people."""

    folder: Path
    process: "subprocess.Popen[bytes]"
    about: dict[str, Any]

    @classmethod
    def start(cls, folder: Path) -> "Simulator":
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "sim.json").unlink(missing_ok=True)
        log = folder / "sim.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "firmware_sim", "run", "--state", str(folder), "--quiet"],
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        return cls(folder=folder, process=process, about=wait_for(folder / "sim.json", process, log))

    @property
    def konnektor(self) -> dict[str, Any]:
        first: dict[str, Any] = self.about["konnektors"][0]
        return first

    def ask(self, path: str) -> dict[str, Any]:
        """GET from the control door."""
        with urllib.request.urlopen(self.about["control"] + path, timeout=CONTROL_SECONDS) as answer:  # noqa: S310  # our own door on loopback
            document: dict[str, Any] = json.load(answer)
            return document

    def do(self, path: str, **body: object) -> dict[str, Any]:
        """POST to the control door."""
        request = urllib.request.Request(  # noqa: S310  # as above
            self.about["control"] + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=CONTROL_SECONDS) as answer:  # noqa: S310  # as above
            document: dict[str, Any] = json.load(answer)
            return document

    def prompt(self, waiting: "subprocess.Popen[str]", seconds: float = 30.0) -> dict[str, Any]:
        """Wait until some pad asks for a PIN and return that pad; `waiting` is the command that must make it ask."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and waiting.poll() is None:
            for terminal in self.ask("/state")["terminals"]:
                if terminal["prompt"]:
                    found: dict[str, Any] = terminal
                    return found
            time.sleep(0.1)
        raise DemoFailed("kein Terminal fragt nach einer PIN")


@dataclass(kw_only=True)
class Agent:
    """A running `kartenwart agent run`, on ports that stay the same when it is started again."""

    folder: Path
    process: "subprocess.Popen[bytes] | None" = None
    ready: dict[str, Any] = field(default_factory=dict)

    @property
    def socket(self) -> Path:
        return self.folder / "kartenwart.sock"

    def configure(self, simulator: Simulator) -> Path:
        """Write the configuration as a technician would."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "kartenwart.toml"
        path.write_text(configuration(simulator, free_ports(3)), encoding="utf-8")
        return path

    def start(self) -> None:
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        log = self.folder / "agent.log"
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "kartenwart", "agent", "run", "--config", str(self.folder / "kartenwart.toml")],
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.ready = wait_for(ready, self.process, log)

    def kill(self) -> int:
        """End it as a power cut would; returns the pid that was."""
        pid = self.pid
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(STOP_SECONDS)
        return pid

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0


def configuration(simulator: Simulator, ports: list[int]) -> str:
    """Return the agent's TOML for the simulated practice."""
    konnektor = simulator.konnektor
    certificate = Path(konnektor["server_cert_pem"]).read_text(encoding="utf-8")
    pin = sha256(PEM_cert_to_DER_cert(certificate)).hexdigest()
    client = konnektor["clients"]["kartenwart"]
    return f"""\
[box]
state_directory = "state"
anchor_directory = "anchor"

[listen]
address = "127.0.0.1"
grpc_port = {ports[0]}
json_port = {ports[1]}
enrol_port = {ports[2]}
socket = "kartenwart.sock"
socket_group = ""
mdns_interface = "127.0.0.1"
ready_file = "ready.json"

[konnektors.k1]
url = "https://{konnektor["host"]}:{konnektor["port"]}"
trust_pin = "{pin}"
client_p12 = "{client["p12"]}"
client_p12_password_file = "{client["p12_password_file"]}"
cetp_listen = "127.0.0.1:0"
event_sources = ["{konnektor["address"]}"]

[contexts.empfang]
konnektor = "k1"
mandant = "m1"
client_system = "kartenwart"
workplace = "empfang"

[contexts.sprechzimmer]
konnektor = "k1"
mandant = "m1"
client_system = "kartenwart"
workplace = "sprechzimmer"
"""


def stop(process: "subprocess.Popen[bytes] | None") -> None:
    """Ask a process to end, then end it."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)


def environment(**places: Path) -> Mapping[str, str]:
    """Return an environment in which `kartenwart` finds its socket or its profile, and nothing else of this machine."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KARTENWART_")}
    return {**inherited, **{f"KARTENWART_{name.upper()}": str(place) for name, place in places.items()}}
