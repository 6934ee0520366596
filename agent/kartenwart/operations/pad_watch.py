"""Tells those who watch a job which terminal asks for which PIN: what the Konnektor said, or what is expected."""

from collections.abc import Iterator
from contextlib import contextmanager

from kartenwart.domain.inventory import Pin
from kartenwart.domain.jobs import JobStep
from kartenwart.domain.pins import PIN_LABELS
from kartenwart.domain.ports.cards import BeforeSend
from kartenwart.domain.ports.observations import Notice, NoticeType
from kartenwart.domain.readers import Reader
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.pads import Pads
from kartenwart.operations.reach import Reach
from kartenwart.operations.work import Tell


class PadWatch:
    """Hears the notices of one card while a job's verb is on the wire."""

    def __init__(self, *, keeper: InventoryKeeper, pads: Pads, reach: Reach, pin: Pin | None, wish: str = "") -> None:
        self._keeper = keeper
        self._pads = pads
        self._reach = reach
        self._pin = pin
        self._wish = wish or (f"die {PIN_LABELS[pin]} eingeben" if pin else "")
        self._tell: Tell | None = None
        self._job_number = ""
        self._signed = 0
        self._of = 1

    @contextmanager
    def telling(self, tell: Tell, *, job_number: str = "", signed: int = 0, of: int = 1) -> Iterator[None]:
        """Tell of notices while the context is open; of signatures by their job number.

        `signed` documents of the `of` in the job are done already.
        """
        self._tell = tell
        self._job_number = job_number
        self._signed, self._of = signed, of
        with self._keeper.listening(self._hear):
            yield

    def expecting(self, before_send: BeforeSend, tell: Tell) -> BeforeSend:
        """Return a before_send that first tells where the PIN is expected to be asked for, if the picture knows."""

        async def sent_and_expected() -> None:
            pad = self._reach.pad.device
            if pad is not None and self._pin is not None:
                kind = "Kartenleser" if isinstance(pad, Reader) else "Kartenterminal"
                text = f"Gleich bitte am {kind} „{pad.label}“ {self._wish}."
                tell(JobStep.PIN_ENTRY, text, terminal=pad.name, terminal_label=pad.label, expected=True)
            await before_send()

        return sent_and_expected

    def _hear(self, notice: Notice) -> None:
        if self._tell is None:
            return
        if self._signed_one(notice):
            self._signed = min(self._signed + 1, self._of)
            one = "Die Karte hat das Dokument signiert."
            several = f"Die Karte hat {self._signed} von {self._of} Dokumenten signiert."
            self._tell(JobStep.DOCUMENT_SIGNED, one if self._of == 1 else several)
        if not self._concerns(notice):
            return
        if notice.type is NoticeType.PIN_ENTRY_STARTED:
            self._learn(notice)
            self._entry(notice, JobStep.PIN_ENTRY, "Bitte jetzt am Kartenterminal „{pad}“ {wish}.")
        if notice.type is NoticeType.PIN_ENTRY_FINISHED:
            self._entry(
                notice, JobStep.PIN_ENTRY_FINISHED, "Die Eingabe der {pin} am Kartenterminal „{pad}“ ist beendet."
            )

    def _signed_one(self, notice: Notice) -> bool:
        """Tell whether it says that this job has another signature; each subscription of ours hears it, one counts."""
        mine = bool(self._job_number) and notice.detail == self._job_number
        return notice.type is NoticeType.DOCUMENT_SIGNED and mine and notice.context in ("", self._reach.context.name)

    def _concerns(self, notice: Notice) -> bool:
        reach = self._reach
        return (
            self._pin is not None
            and notice.konnektor == reach.context.konnektor
            and notice.handle == reach.call.handle
            and notice.context in ("", reach.context.name)
            and notice.pin in (None, self._pin)
        )

    def _learn(self, notice: Notice) -> None:
        pad = self._keeper.picture.inventory.terminal(notice.konnektor, notice.ct_id)
        if pad is not None:
            self._pads.heard(self._reach.card, self._reach.context, pad)

    def _entry(self, notice: Notice, step: JobStep, text: str) -> None:
        if self._tell is None or self._pin is None:
            return
        pad = self._keeper.picture.inventory.terminal(notice.konnektor, notice.ct_id)
        label = pad.label if pad else notice.ct_id
        words = text.format(pad=label, pin=PIN_LABELS[self._pin], wish=self._wish)
        self._tell(step, words, terminal=pad.name if pad else "", terminal_label=label)
