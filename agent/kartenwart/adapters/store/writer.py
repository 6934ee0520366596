"""The one writer: a thread that commits what waits in one transaction.

On an SD card the sync to disk is what costs; writes that wait at the same time share one. Nobody is told of success
before the commit, and a write that fails takes none of its neighbours with it.
"""

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

GROUP = 64  # writes that share a transaction at most


@dataclass(slots=True, kw_only=True)
class _Order:
    """A write that waits; `alone` runs outside any transaction (VACUUM, checkpoint)."""

    work: Callable[[sqlite3.Connection], Any]
    alone: bool
    answer: "asyncio.Future[Any]"
    result: Any = None
    error: Exception | None = None


class WriterClosed(Exception):
    """A write came after the store was closed."""


class Writer:
    """Runs works on its connection in its own thread, in the order in which they came.

    A work may run twice when the first transaction was lost; so it must do nothing but use the connection.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._waiting: deque[_Order] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction and return its result once it is on disk; raises what `work` or commit raised.

        A caller that is cancelled leaves the write to be done.
        """
        result: T = await self._enqueue(work, alone=False)
        return result

    async def alone(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` outside a transaction, after all writes that came before."""
        result: T = await self._enqueue(work, alone=True)
        return result

    def close(self) -> None:
        """Do what waits, then end the thread (blocks)."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    async def _enqueue(self, work: Callable[[sqlite3.Connection], Any], *, alone: bool) -> Any:
        order = _Order(work=work, alone=alone, answer=asyncio.get_running_loop().create_future())
        with self._wake:
            if self._closing:
                raise WriterClosed
            self._waiting.append(order)
            self._wake.notify()
        return await order.answer

    def _run(self) -> None:
        while orders := self._take():
            if orders[0].alone:
                _do(orders[0], self._connection)
            else:
                self._commit(orders)
            _answer(orders)

    def _take(self) -> list[_Order]:
        with self._wake:
            self._wake.wait_for(lambda: self._waiting or self._closing)
            orders: list[_Order] = []
            while self._waiting and len(orders) < GROUP and not (orders and self._waiting[0].alone):
                orders.append(self._waiting.popleft())
                if orders[0].alone:
                    break
            return orders

    def _commit(self, orders: list[_Order]) -> None:
        """Commit all in one transaction; where that is lost as a whole, each in one of its own."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for order in orders:
                self._within_savepoint(order)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            if len(orders) == 1:
                orders[0].result, orders[0].error = None, error
                return
            for order in orders:
                self._commit([order])

    def _within_savepoint(self, order: _Order) -> None:
        self._connection.execute("SAVEPOINT one")
        _do(order, self._connection)
        if order.error is not None:
            if not self._connection.in_transaction:  # a full or broken disk: SQLite has rolled back everything
                raise sqlite3.OperationalError("transaction lost") from order.error
            self._connection.execute("ROLLBACK TO one")
        self._connection.execute("RELEASE one")

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")


def _do(order: _Order, connection: sqlite3.Connection) -> None:
    order.result = order.error = None
    try:
        order.result = order.work(connection)
    except Exception as error:  # noqa: BLE001  # it goes to whoever ordered the work
        order.error = error


def _answer(orders: list[_Order]) -> None:
    for loop in {order.answer.get_loop() for order in orders}:
        of_loop = [order for order in orders if order.answer.get_loop() is loop]
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve, of_loop)


def _resolve(orders: list[_Order]) -> None:
    for order in orders:
        if order.answer.done():
            continue  # the caller has left
        if order.error is None:
            order.answer.set_result(order.result)
        else:
            order.answer.set_exception(order.error)
