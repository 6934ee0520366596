"""The story of scripts/demo: real processes, real wires, and openssl as the judge of the signature."""

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.demo_practice import Agent, DemoFailed, Simulator, environment, stop, tail
from scripts.demo_screen import TECHNICIAN, WORKPLACE, Pads, Screen, Shell, Typing, verified_by_openssl

UNKNOWN = 5  # exit status of `kartenwart` for an unknown outcome
DOCTOR, ASSISTANT = "Dr. Adler", "Die MFA"


class Story:
    """One run: the practice, the box, the workplace, and a folder in which everything happens."""

    def __init__(self, folder: Path, letter: Path | None) -> None:
        self.folder = folder
        self.own_letter = letter is not None
        self.letter = letter or folder / "arztbrief.pdf"
        self.screen = Screen()
        self.simulator: Simulator | None = None
        self.agent = Agent(folder=folder / "box")
        self.profile = folder / "arbeitsplatz"
        at_the_box = environment(socket=self.agent.socket)
        at_the_workplace = environment(profile=self.profile)
        self.shell = Shell(self.screen, folder, {TECHNICIAN: at_the_box, WORKPLACE: at_the_workplace})
        self.typing: Typing | None = None
        self.box_id = ""
        self.way: tuple[str, ...] = ()

    def tell(self) -> None:
        """Tell it from the first process to the last count."""
        self.screen.title("Kartenwart: ein Tag in der simulierten Praxis am Markt")
        simulator = self.simulator = self.practice_starts()
        pads = Pads(self.screen, simulator, pins_of_the_world())
        self.agent_starts(simulator)
        self.workplace_enrols()
        self.everybody_looks(simulator)
        self.card_is_unlocked(pads)
        self.doctor_is_bound(pads)
        signed = self.letter_is_signed(pads)
        self.screen.step("openssl prüft die Signatur", "Nicht unsere Bibliothek, gegen die Wurzel des Simulators:")
        verified_by_openssl(self.screen, signed, self.letter, simulator, self.folder)
        self.agent_dies_and_returns(pads, simulator)

    def practice_starts(self) -> Simulator:
        """Start the simulator and show what it is made of."""
        self.screen.step(
            "Eine Praxis entsteht", "kartenwart-sim spielt Konnektor, Terminals und Karten auf 127.0.0.0/8."
        )
        writing = None
        if not self.own_letter:
            command = [sys.executable, "-m", "firmware_sim", "sample-pdf", str(self.letter), "--kind", "pdfa2"]
            writing = subprocess.Popen(command)
        simulator = Simulator.start(self.folder / "praxis")
        if writing is not None and writing.wait(60):
            raise DemoFailed("der Arztbrief wurde nicht geschrieben")
        world = simulator.ask("/state")
        self.screen.say(f"Konnektor  {simulator.konnektor['sds_url']}  (TLS mit Client-Zertifikat)")
        for terminal in world["terminals"]:
            cards = ", ".join(f"{slot}: {card}" for slot, card in terminal["slots"].items() if card)
            self.screen.say(f"Terminal   {terminal['name']}  ({cards})")
        return simulator

    def agent_starts(self, simulator: Simulator) -> None:
        """Configure and start the agent, and find it."""
        self.screen.step("Der Agent verbindet sich", "Die Box der Praxis; Arbeitsplätze finden sie durch mDNS.")
        config = self.agent.configure(simulator)
        self.screen.typed(TECHNICIAN, ["kartenwart", "agent", "run", "--config", str(config.relative_to(self.folder))])
        self.agent.start()
        self.box_id = self.agent.ready["box_id"]
        found = self.shell.run(WORKPLACE, "discover", "--interface", "127.0.0.1", "--timeout", "1", expect=None)
        self.way = ("--box", self.box_id, "--interface", "127.0.0.1")
        if found.status:
            self.screen.say("[yellow]Dieser Rechner kann auf 127.0.0.1 kein mDNS; dann eben mit der Adresse.[/]")
            ports = self.agent.ready
            self.way = ("--address", f"127.0.0.1:{ports['enrol_port']}", "--grpc-port", str(ports["grpc_port"]))
        self.shell.run(TECHNICIAN, "status", expect=None)

    def workplace_enrols(self) -> None:
        """Enrol by comparing codes."""
        self.screen.step(
            "Ein Arbeitsplatz meldet sich an", "Beide Seiten rechnen denselben Code; Menschen vergleichen ihn."
        )
        self.shell.run(TECHNICIAN, "users", "create", "adler", "--label", "Dr. Anna Adler")
        self.shell.run(TECHNICIAN, "workstations", "open")
        asking = self.begin("enrol", *self.way, "--role", "signer", "--label", "Sprechzimmer 1")
        code = "".join(character for character in asking.until("Code dieses") if character.isdigit())
        self.screen.say(f"Der Arbeitsplatz zeigt [bold]{code[:3]} {code[3:]}[/]; der Techniker tippt ihn an der Box:")
        scope = ("--role", "signer", "--context", "empfang", "--context", "sprechzimmer", "--user", "adler")
        approved = self.shell.run(TECHNICIAN, "workstations", "approve", code, *scope, shown=False)
        shown = approved.document("approval")["approval"]["code"]
        self.screen.say(f"Die Box zeigt [bold]{shown[:3]} {shown[3:]}[/]. Gleich? Dann erst gilt ihre Wurzel hier:")
        if asking.ended():
            raise DemoFailed("\n".join(asking.lines))
        self.shell.run(WORKPLACE, "enrol", "--confirm", shown)

    def everybody_looks(self, simulator: Simulator) -> None:
        """Look at terminals and cards, and see for whom the SMC-B is locked."""
        self.screen.step("Was steckt wo?")
        self.shell.run(WORKPLACE, "terminals")
        self.shell.run(WORKPLACE, "cards")
        self.screen.step(
            "Die SMC-B ist freigeschaltet – und auch nicht", "Der PIN-Zustand gehört zu Karte und Kontext."
        )
        for session in simulator.ask("/state")["konnektors"][0]["sessions"]:
            state = "freigeschaltet" if "PIN.SMC" in session["verified"] else "gesperrt"
            self.screen.say(f"Simulator: {session['card']} ist für {session['client_system']} {state}")
        self.shell.run(WORKPLACE, "pin", "status", "smc-b", "--context", "empfang")

    def card_is_unlocked(self, pads: Pads) -> None:
        """Unlock the practice card, context by context, in one job."""
        self.screen.step(
            "Die SMC-B freischalten", "Die PIN geht nie durch unsere Leitungen: Ein Mensch tippt sie am Terminal."
        )
        order = ("unlock", "--context", "empfang")
        self.shell.run(WORKPLACE, *order, expect=1)
        self.screen.say(
            "Niemand wurde gefragt: Das PVS hat die Karte freigeschaltet, und dann nennt der Konnektor den anderen "
            "keine Zahl der Versuche. Also bewusst:"
        )
        pads.serve(self.begin(*order, "--accept-unknown-attempts"), ASSISTANT)

    def doctor_is_bound(self, pads: Pads) -> None:
        """Bind the doctor to her HBA."""
        self.screen.step(
            "Die Ärztin zeigt, dass es ihr HBA ist", "Erst die PIN.CH der Karte bindet den Benutzer an sie."
        )
        pads.serve(self.begin("users", "bind", "adler", "adler", "--context", "sprechzimmer"), DOCTOR)

    def letter_is_signed(self, pads: Pads) -> Path:
        """Sign the letter and return the signature's file."""
        self.screen.step(
            "Ein Brief wird qualifiziert signiert", "PAdES für PDF/A-1 und -2, sonst CAdES neben der Datei."
        )
        typing = self.begin("sign", self.letter.name, "--user", "adler", "--context", "sprechzimmer")
        pads.serve(typing, DOCTOR)
        inside = self.letter.with_name(f"{self.letter.stem}-signiert{self.letter.suffix}")
        return inside if inside.exists() else self.letter.with_name(f"{self.letter.name}.p7s")

    def agent_dies_and_returns(self, pads: Pads, simulator: Simulator) -> None:
        """Kill the agent while the pad asks, start it again, and count."""
        self.screen.step(
            "Der Agent stirbt mitten in der zweiten Signatur", "kill -9, während das Terminal nach der PIN fragt."
        )
        before = simulator.ask("/counts")["total"]
        request = str(uuid.uuid4())
        second = self.folder / f"zweiter{self.letter.suffix}"
        shutil.copyfile(self.letter, second)
        order = ("sign", second.name, "--user", "adler", "--context", "sprechzimmer", "--request-id", request)
        typing = self.begin(*order)
        pad = pads.asked(typing)
        self.screen.say(
            f"\n[bold red]kill -9 {self.agent.kill()}[/]  der Agent ist weg, der Konnektor arbeitet weiter."
        )
        pads.type(pad, DOCTOR)
        time.sleep(1.0)
        self.screen.say("Der Agent wird wieder gestartet; der Arbeitsplatz hat gewartet und hängt sich an:")
        told = len(typing.lines)
        self.agent.start()
        status = typing.ended()
        for line in typing.lines[told:]:
            self.screen.console.print(line, markup=False)
        if status != UNKNOWN:
            raise DemoFailed(f"erwartet war Status {UNKNOWN} (Ausgang unbekannt), es kam {status}")
        self.screen.say("Dieselbe Anfrage noch einmal:")
        self.shell.run(WORKPLACE, *order, expect=UNKNOWN)
        self._counted(before, simulator.ask("/counts")["total"])

    def _counted(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        self.screen.step("Was der Simulator gezählt hat", "Seine eigenen Zähler, nicht unsere.")
        names = {
            "sign_document_calls": "SignDocument-Aufrufe",
            "pin_prompts": "PIN-Abfragen",
            "signatures": "Signaturen",
        }
        for key, name in names.items():
            self.screen.say(f"{name:22} vorher {before[key]}, jetzt {after[key]}")
        if after["sign_document_calls"] != before["sign_document_calls"] + 1:
            raise DemoFailed("es wurde doppelt gesendet")
        self.screen.say("[bold green]Nichts wurde zweimal gesendet.[/]")

    def begin(self, *command: str) -> Typing:
        self.typing = self.shell.begin(WORKPLACE, *command)
        return self.typing

    def stop(self) -> None:
        """Stop every process by its own pid."""
        stop(self.typing.process if self.typing else None)  # type: ignore[arg-type]  # text or bytes, both stop
        stop(self.agent.process)
        stop(self.simulator.process if self.simulator else None)

    def keep(self) -> None:
        """Say what to try next, and how to stop."""
        if self.simulator is None:
            return
        bin_folder = Path(sys.executable).parent
        self.screen.step("Alles läuft weiter. Was jetzt?")
        lines = [
            f"export PATH={bin_folder}:$PATH KARTENWART_SOCKET={self.agent.socket} KARTENWART_PROFILE={self.profile}",
            "kartenwart status",
            "kartenwart watch inventory          # und in einem zweiten Fenster:",
            f"kartenwart-sim pull egk-muster --state {self.simulator.folder}",
            f"kartenwart-sim pad kt-sprechzimmer --state {self.simulator.folder}   # selbst am Terminal tippen",
            f"kartenwart sign {self.letter} --user adler --context sprechzimmer",
            "kartenwart audit list",
            "kartenwart audit verify",
            f"kill {self.agent.pid} {self.simulator.process.pid}; rm -r {self.folder}      # beenden",
        ]
        for line in lines:
            self.screen.console.print(line, soft_wrap=True, markup=False)


def pins_of_the_world() -> dict[tuple[str, str], str]:
    """Return the PINs of the fictional practice, by card and PIN, from the simulator's own world file."""
    command = [sys.executable, "-m", "firmware_sim", "world"]
    world = tomllib.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout)
    return {(card["name"], pin["reference"]): pin["pin"] for card in world["cards"] for pin in card.get("pins", ())}


def main() -> int:
    """Read the arguments and tell the story."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description="Ein Tag in einer simulierten Praxis.")
    parser.add_argument("pdf", nargs="?", type=Path, help="eigenes PDF statt des mitgebrachten Arztbriefs")
    parser.add_argument("--keep", action="store_true", help="alles laufen lassen und zeigen, was man versuchen kann")
    arguments = parser.parse_args()
    if arguments.pdf is not None and not arguments.pdf.is_file():
        parser.error(f"{arguments.pdf} gibt es nicht")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="kartenwart-demo-"))
    letter = copied(arguments.pdf, folder)
    story = Story(folder, letter)
    return ended(story, keep=arguments.keep, own=arguments.pdf)


def copied(pdf: Path | None, folder: Path) -> Path | None:
    """Work on a copy of the user's file; the result is laid beside the caller at the end."""
    return None if pdf is None else Path(shutil.copyfile(pdf, folder / pdf.name))


def ended(story: Story, *, keep: bool, own: Path | None) -> int:
    """Tell the story to its end and clean up, whatever happened."""
    started = time.monotonic()
    kept = False
    try:
        story.tell()
        story.screen.say(f"\n[bold]Fertig nach {time.monotonic() - started:.0f} s.[/]")
        if own is not None:
            bring_back(story, own)
        if keep:
            story.keep()
            kept = True
    except (DemoFailed, KeyboardInterrupt, subprocess.SubprocessError, OSError, ValueError) as error:
        story.screen.say("\n[bold red]Die Demo brach ab.[/]")
        story.screen.console.print(str(error) or type(error).__name__, markup=False)
        story.screen.console.print(tail(story.agent.folder / "agent.log"), markup=False, style="dim")
        return 1
    finally:
        if not kept:
            story.stop()
            shutil.rmtree(story.folder, ignore_errors=True)
    return 0


def bring_back(story: Story, own: Path) -> None:
    """Lay the signature of the user's own file into the folder from which the demo was called."""
    made = [story.folder / f"{own.stem}-signiert{own.suffix}", story.folder / f"{own.name}.p7s"]
    for file in made:
        if file.exists():
            target = Path(shutil.copyfile(file, Path.cwd() / file.name))
            story.screen.say(f"Die Signatur liegt in {target} (Testkarte, ohne Rechtswert).")


if __name__ == "__main__":
    raise SystemExit(main())
