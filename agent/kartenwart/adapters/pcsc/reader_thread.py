"""The thread that alone talks to one reader, and the gate through which a verb passes once."""

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from kartenwart.adapters.pcsc.slot import Slot
from kartenwart.cards.refusal import CardRefusal
from kartenwart.domain.catalogue import failure, halted
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.ports.cards import BeforeSend

T = TypeVar("T")

_GATE_SECONDS = 30.0
_UNANSWERED = frozenset(
    {Reason.CARD_REMOVED, Reason.CARD_FAULT, Reason.READER_FAULT, Reason.READER_GONE, Reason.READER_SERVICE_DOWN}
)
_LINGER_SECONDS = 0.2  # connecting anew costs as much as reading a certificate


class Gate:
    """Stands between a verb that is ready in the reader's thread and its first byte."""

    def __init__(self, before_send: BeforeSend) -> None:
        self._before_send = before_send
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._shut = False
        self._passed = False

    def __call__(self) -> None:
        """Await before_send in the loop, then pass; raises what it raised, CANCELLED where nobody waits any more."""
        asked = asyncio.run_coroutine_threadsafe(_awaited(self._before_send()), self._loop)
        try:
            asked.result(_GATE_SECONDS)
        except TimeoutError:
            asked.cancel()
            raise halted(Reason.AGENT_UNAVAILABLE) from None
        with self._lock:
            if self._shut:
                raise halted(Reason.CANCELLED)
            self._passed = True

    def shut(self) -> bool:
        """Let nothing through from now on; True where the verb has passed already."""
        with self._lock:
            self._shut = True
            return self._passed


@dataclass(slots=True, kw_only=True)
class _Order:
    """A work that waits for its turn; nobody waits for it any more once its answer is cancelled, nor without one.

    `overdue`: it took longer than it may.
    """

    work: Callable[[Slot], Any]
    answer: "asyncio.Future[Any] | None" = None
    overdue: bool = False


class ReaderThread:
    """Runs works on one reader's slot, one after the other."""

    def __init__(self, reader: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._slot = Slot(reader)
        self._running: _Order | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="pcsc-reader", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[Slot], T], seconds: float) -> T:
        """Run `work` and return its result; READER_FAULT where reader or card hang, `sent` is not told then.

        A work that nobody waits for any more is not begun; one that has begun goes on.
        """
        running = self._running
        if self._closed or (running is not None and running.overdue):
            raise halted(Reason.READER_GONE if self._closed else Reason.READER_FAULT)
        answer: asyncio.Future[T] = self._loop.create_future()
        order = _Order(work=work, answer=answer)
        self._orders.put(order)
        try:
            async with asyncio.timeout(seconds):
                result = await answer
        except TimeoutError:
            order.overdue = True
            raise WorldError(failure(Reason.READER_FAULT)) from None
        return result

    async def verb(self, work: Callable[[Slot, Gate], T], before_send: BeforeSend, seconds: float) -> T:
        """Run a verb once; a WorldError says whether anything was sent.

        OUTCOME_UNKNOWN where it was sent, and reader or pcscd failed instead of a card that answered: PC/SC does not
        tell whether the card had it already.
        """
        gate = Gate(before_send)
        try:
            return await self.run(lambda slot: work(slot, gate), seconds)
        except WorldError as error:
            error.sent = gate.shut() and error.sent
            if error.sent and error.failure.reason in _UNANSWERED and not isinstance(error, CardRefusal):
                raise WorldError(failure(Reason.OUTCOME_UNKNOWN)) from error
            raise
        finally:
            gate.shut()

    def tell(self, work: Callable[[Slot], None]) -> None:
        """Have something done for which nobody waits."""
        if not self._closed:
            self._orders.put(_Order(work=work))

    def close(self) -> None:
        """Let the thread end after what it does now; what waits is refused."""
        if not self._closed:
            self._closed = True
            self._orders.put(None)

    def join(self, within: float) -> None:
        """Wait for its end, so many seconds; a reader that hangs keeps its thread."""
        self._thread.join(within)

    def _run(self) -> None:
        while (order := self._next()) is not None:
            if self._closed:
                self._settle(order, None, halted(Reason.READER_GONE))
            elif order.answer is None or not order.answer.cancelled():
                self._running = order
                self._do(order)
                self._running = None
        self._slot.close()

    def _next(self) -> _Order | None:
        """Wait for what comes next; a card is let go when nothing follows at once."""
        try:
            return self._orders.get(timeout=_LINGER_SECONDS if self._slot.restless else None)
        except queue.Empty:
            self._slot.rest()
            return self._orders.get()

    def _do(self, order: _Order) -> None:
        try:
            result = order.work(self._slot)
        except Exception as error:  # noqa: BLE001  # whoever waits gets it
            self._settle(order, None, error)
        else:
            self._settle(order, result, None)

    def _settle(self, order: _Order, result: Any, error: Exception | None) -> None:
        def settle() -> None:
            answer = order.answer
            if answer is None or answer.done():
                return
            if error is None:
                answer.set_result(result)
            else:
                answer.set_exception(error)

        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(settle)


async def _awaited(waiting: Awaitable[None]) -> None:
    await waiting
