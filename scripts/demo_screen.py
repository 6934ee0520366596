"""What the demo's audience sees: numbered steps, commands as they are typed, and the pad beside the workplace."""

import json
import queue
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import HEAVY, ROUNDED
from rich.columns import Columns
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

from scripts.demo_practice import DemoFailed, Simulator

WORKPLACE, TECHNICIAN, ANYBODY = "arbeitsplatz", "technik", "openssl"
_PROMPTS = {
    WORKPLACE: "[bold cyan]praxis@arbeitsplatz $[/]",
    TECHNICIAN: "[bold magenta]technik@box $[/]",
    ANYBODY: "[bold green]irgendwo $[/]",
}
COMMAND_SECONDS = 90.0
_LOOK_SECONDS = 0.8


class Screen:
    """Tells the story on stdout."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
        self._step = 0

    def title(self, text: str) -> None:
        self.console.print(Panel(text, box=HEAVY, style="bold", expand=False))

    def step(self, title: str, *explanation: str) -> None:
        self._step += 1
        self.console.print()
        self.console.rule(f"[bold]{self._step}  {title}[/]", align="left", style="blue")
        for line in explanation:
            self.console.print(f"[dim]{line}[/]")

    def say(self, markup: str) -> None:
        self.console.print(markup)

    def typed(self, who: str, command: Sequence[str]) -> None:
        self.console.print(f"\n{_PROMPTS[who]} {escape(shlex.join(command))}", soft_wrap=True)

    def beside(self, lines: Sequence[str], pad: Mapping[str, Any]) -> None:
        """Show what the workplace reads beside what the terminal's display shows."""
        width = min(self.console.width, 118)
        left = Panel(Text("\n".join(lines)), title="Arbeitsplatz", box=ROUNDED, width=width * 3 // 5)
        display = Text(str(pad["display"]), style="bold black on green", justify="center")
        right = Panel(display, title=f"Kartenterminal {pad['terminal']}", box=HEAVY, width=width * 2 // 5 - 2)
        self.console.print(Columns([left, right]))


@dataclass(kw_only=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    lines: list[str]

    def document(self, kind: str) -> dict[str, Any]:
        """Return the JSON document of this kind from stdout."""
        for line in self.out.splitlines():
            found: dict[str, Any] = json.loads(line)
            if found.get("kind") == kind:
                return found
        raise DemoFailed(f"die Antwort enthält kein „{kind}“:\n{self.out}\n" + "\n".join(self.lines))


class Shell:
    """Types commands for people: shows them, runs the real ones, and reads what they say."""

    def __init__(self, screen: Screen, folder: Path, environments: Mapping[str, Mapping[str, str]]) -> None:
        self.screen = screen
        self.folder = folder
        self.environments = environments

    def run(self, who: str, *command: str, expect: int | None = 0, shown: bool = True) -> Ran:
        """Run a `kartenwart` command to its end; its output is shown as it is, or kept for the story (JSON)."""
        self.screen.typed(who, ["kartenwart", *command])
        words = [*command] if shown else [*command, "--format", "json"]
        done = subprocess.run(
            [sys.executable, "-m", "kartenwart", *words],
            stdout=None if shown else subprocess.PIPE,
            stderr=None if shown else subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env=dict(self.environments[who]),
            cwd=self.folder,
            timeout=COMMAND_SECONDS,
            check=False,
            text=True,
        )
        ran = Ran(status=done.returncode, out=done.stdout or "", lines=(done.stderr or "").splitlines())
        if expect is not None and ran.status != expect:
            raise DemoFailed(f"„kartenwart {command[0]}“ endete mit {ran.status}\n" + "\n".join(ran.lines))
        return ran

    def begin(self, who: str, *command: str) -> "Typing":
        """Start a `kartenwart` command that will wait for people."""
        self.screen.typed(who, ["kartenwart", *command])
        return Typing(command, self.folder, self.environments[who])


class Typing:
    """A command under way whose lines are read as they come."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.lines: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kartenwart", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=dict(environment),
            cwd=folder,
            text=True,
        )
        threading.Thread(target=self._read, args=(self.process.stdout or (),), daemon=True).start()

    def until(self, part: str, seconds: float = COMMAND_SECONDS) -> str:
        """Return the first line that contains `part`."""
        end = time.monotonic() + seconds
        for line in self.lines:
            if part in line:
                return line
        while (left := end - time.monotonic()) > 0:
            heard = self._next(left)
            if heard is None:
                break
            if part in heard:
                return heard
        raise DemoFailed(f"keine Zeile mit „{part}“:\n" + "\n".join(self.lines))

    def ended(self, seconds: float = COMMAND_SECONDS) -> int:
        """Wait for the end; returns the exit status."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self._next(left) is not None:
            pass
        try:
            return self.process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise DemoFailed("der Befehl endet nicht:\n" + "\n".join(self.lines)) from None

    def _next(self, seconds: float) -> str | None:
        try:
            line = self._queue.get(timeout=seconds)
        except queue.Empty:
            return None
        if line is not None:
            self.lines.append(line)
        return line

    def _read(self, said: Iterable[str]) -> None:
        for line in said:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)


class Pads:
    """The people at the terminals: the demo reads the displays and types the PINs of the fictional practice."""

    def __init__(self, screen: Screen, simulator: Simulator, pins: Mapping[tuple[str, str], str]) -> None:
        self._screen = screen
        self._simulator = simulator
        self._pins = pins

    def asked(self, typing: Typing) -> dict[str, Any]:
        """Wait until a pad asks and the workplace was told, and show both beside each other."""
        try:
            pad = self._simulator.prompt(typing.process)
        except DemoFailed as error:
            typing.ended(1.0)
            raise DemoFailed("\n".join([str(error), *typing.lines])) from None
        try:
            typing.until("Bitte jetzt", 5.0)
        except DemoFailed:
            self._screen.say("[yellow]Der Arbeitsplatz hat (noch) nichts vom Terminal erfahren.[/]")
        self._screen.beside(typing.lines, pad)
        time.sleep(_LOOK_SECONDS)
        return pad

    def type(self, pad: Mapping[str, Any], who: str) -> None:
        """Type the right PIN at the pad."""
        prompt = pad["prompt"]
        pin = self._pins[(prompt["card"], prompt["pin"])]
        self._screen.say(f"[dim]{who} tippt am Terminal[/] [bold]{'•' * len(pin)}[/] [dim]und bestätigt.[/]")
        self._simulator.do(f"/pads/{pad['terminal']}/type", pin=pin)

    def serve(self, typing: Typing, who: str) -> None:
        """Answer one prompt and show how the command ends."""
        before = self.asked(typing)
        told = len(typing.lines)
        self.type(before, who)
        status = typing.ended()
        for line in typing.lines[told:]:
            self._screen.say(escape(line))
        if status:
            raise DemoFailed(f"der Befehl endete mit {status}:\n" + "\n".join(typing.lines))


def verified_by_openssl(screen: Screen, signed: Path, original: Path, simulator: Simulator, folder: Path) -> None:
    """Let the openssl command verify a signature against the simulator's root; nothing of ours takes part."""
    from scripts.demo_pdf import extract

    if signed.suffix.lower() == ".pdf":
        screen.say("[dim]Aus dem PDF werden nur /ByteRange und /Contents ausgeschnitten:[/]")
        content, cms = extract(signed, folder)
    else:
        content, cms = original, signed
    root, issuer = (Path(simulator.about[key]) for key in ("card_root_pem", "card_ca_pem"))
    files = [str(file.relative_to(folder)) for file in (cms, content, root, issuer)]
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", files[0], "-content", files[1]]
    command += ["-CAfile", files[2], "-certfile", files[3], "-purpose", "any", "-out", "verified.bin"]
    screen.typed(ANYBODY, command)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    screen.say(escape(done.stderr.strip()))
    if done.returncode != 0:
        raise DemoFailed("openssl nimmt die Signatur nicht an")
    if (folder / "verified.bin").read_bytes() != content.read_bytes():
        raise DemoFailed("openssl hat anderes geprüft als das Dokument")
