"""The thread that waits for readers and cards to come and go, and comes back when pcscd was away."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kartenwart.adapters.pcsc.conditions import CANCELLED, UNKNOWN_READER, PcscError
from kartenwart.adapters.pcsc.pcscd import PLUG_AND_PLAY, Context, SlotStatus
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Failure, Reason

_LOOK_SECONDS = 2.0  # a reader that came between two questions is found then
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 2.0
_UNAWARE = 0
_GONE_MEANWHILE = (CANCELLED, UNKNOWN_READER)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All slots by reader, or why none can be seen."""

    slots: Mapping[str, SlotStatus] = field(default_factory=dict)
    condition: Failure | None = None


class StatusThread:
    """Tells by `tell`, from its own thread, how the readers stand: at its start and after each change.

    Nothing is told twice in a row. After each failure all begins anew: whoever listens forgets all slots then.
    """

    def __init__(self, tell: Callable[[Status], None]) -> None:
        self._tell = tell
        self._told: Status | None = None
        self._context: Context | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pcsc-status", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self, within: float) -> None:
        """End the thread; blocks for so many seconds at most."""
        self._stopping.set()
        # In a thread of its own: it asks pcscd, which may be the one that hangs.
        threading.Thread(target=self._cancel, name="pcsc-cancel", daemon=True).start()
        self._thread.join(within)

    def _cancel(self) -> None:
        with self._lock:
            if self._context is not None:
                self._context.cancel()

    def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            try:
                with Context() as context:
                    pause = _FIRST_PAUSE_SECONDS
                    self._follow(context)
            except PcscError as error:
                self._say(Status(condition=error.failure))
            except Exception:  # noqa: BLE001  # whatever it is: a thread that is gone would tell nothing ever again
                _log.exception("the watch over readers begins anew")
                self._say(Status(condition=failure(Reason.READER_FAULT)))
            self._stopping.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _follow(self, context: Context) -> None:
        self._offer(context)
        try:
            slots: dict[str, SlotStatus] = {}
            while not self._stopping.is_set():
                slots = self._look(context, slots)
                self._say(Status(slots=slots))
        finally:
            self._offer(None)

    def _offer(self, context: Context | None) -> None:
        """Say which context `stop` may cancel."""
        with self._lock:
            self._context = context

    def _look(self, context: Context, before: Mapping[str, SlotStatus]) -> dict[str, SlotStatus]:
        """Wait for a change of what is known; a reader that is new does not wait."""
        names = context.readers()
        known = {name: before[name].flags if name in before else _UNAWARE for name in names}
        try:
            found = context.changes({**known, PLUG_AND_PLAY: _UNAWARE}, _LOOK_SECONDS)
        except PcscError as error:
            if error.code not in _GONE_MEANWHILE:
                raise
            return {name: before[name] for name in context.readers() if name in before}
        found.pop(PLUG_AND_PLAY, None)
        return found

    def _say(self, status: Status) -> None:
        if not self._stopping.is_set() and status != self._told:
            self._told = status
            self._tell(status)
