"""Follows a job to its end: each step is told once, and a person who leaves is told how to come back."""

import asyncio
from typing import TYPE_CHECKING

from kartenwart.api.job.v1 import job_pb2
from kartenwart.cli.output import Output
from kartenwart.cli.pin_words import step_outcome
from kartenwart.cli.words import JOB_STATES, JOB_STEPS, PINS, clock, short, word

if TYPE_CHECKING:
    from kartenwart.client import Kartenwart


class Following:
    """Tells a job's steps on stderr as they come."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._told = 0
        self._last = ""
        self._named = False

    def __call__(self, job: job_pb2.Job) -> None:
        """See the job's newest state."""
        if not self._named:
            self._named = True
            self._out.remark(f"Auftrag {short(job.name)}", style="dim")
        if self._told and len(job.progress) >= self._told and job.progress[self._told - 1].text != self._last:
            self._told -= 1  # how many documents are signed takes the place of how many were
        for step in job.progress[self._told :]:
            self._out.remark(_told(step), style="bold" if step.step == job_pb2.JOB_STEP_PIN_ENTRY else "")
        self._told = max(self._told, len(job.progress))
        self._last = job.progress[-1].text if job.progress else ""


def _told(step: job_pb2.JobProgress) -> str:
    text = step.text or word(JOB_STEPS, step.step)
    if step.terminal_label and step.terminal_label not in text:
        text += f" (Terminal {step.terminal_label})"
    return f"{clock(step.time)}  {text}{'  (erwartet)' if step.expected else ''}"


async def follow(box: "Kartenwart", out: Output, job: job_pb2.Job) -> job_pb2.Job:
    """Wait for the end of a job; whoever interrupts is told that it goes on."""
    try:
        with out.waiting("Auftrag läuft …"):
            return await box.jobs.follow(job, Following(out))
    except asyncio.CancelledError:
        out.remark(f"Der Auftrag läuft weiter; wieder anhängen: kartenwart jobs wait {short(job.name)}")
        raise


def _spent(job: job_pb2.Job) -> str:
    """Return where a job's time went, in seconds."""
    times = job.times
    parts = [("Warteschlange", times.queue), ("Konnektor und Karte", times.konnektor)]
    parts += [("Mensch am Terminal", times.person)] if times.HasField("person") else []
    parts += [("Prüfungen der Box", times.checks)]
    words = [f"{word} {part.ToTimedelta().total_seconds():.1f} s".replace(".", ",") for word, part in parts]
    untold = "" if times.HasField("person") else " (mit der PIN-Eingabe, falls es eine gab)"
    return " · ".join(words) + untold


def job_lines(job: job_pb2.Job, card: str = "") -> list[tuple[str, str]]:
    """Return what a person reads of a job; `card` is what people call its card."""
    lines = [("Auftrag", short(job.name)), ("Stand", word(JOB_STATES, job.state)), ("request_id", job.request_id)]
    lines += [("Karte", card or short(job.card)), ("Kontext", short(job.context)), ("Jobnummer", job.job_number)]
    lines += [(clock(step.time), _told(step).partition("  ")[2]) for step in job.progress]
    lines += [(f"{word(PINS, one.pin)} in {short(one.context)}", step_outcome(one)) for one in job.pin_steps.steps]
    if job.HasField("end_time"):
        lines.append(("Dauer", _spent(job)))
    if job.HasField("failure"):
        lines += [("Fehler", job.failure.title), ("Nächster Schritt", job.failure.next_step)]
    return lines
