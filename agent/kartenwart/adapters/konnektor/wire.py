"""SOAP exchanges over HTTP: where a call is repeated and where never, and every trouble as a WorldError."""

import asyncio
import base64
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Self

from kartenwart.adapters.konnektor.configuration import KonnektorConfiguration, Login
from kartenwart.adapters.konnektor.faults import answer_invalid, from_transport
from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.directory import DIRECTORY_LIMIT
from kartenwart.codecs.soap.exchange import Answer as Value
from kartenwart.codecs.soap.exchange import Exchange
from kartenwart.codecs.soap.fault import Fault
from kartenwart.domain.catalogue import failure
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.ports.cards import BeforeSend
from kartenwart.transport.credentials import BasicLogin, ClientCertificate
from kartenwart.transport.endpoint import Endpoint
from kartenwart.transport.http import Connection, Request
from kartenwart.transport.messages import Answer
from kartenwart.transport.pool import Pool
from kartenwart.transport.troubles import CutError, TransportError
from kartenwart.transport.trust import TlsClient, tls_client

# What may be sent a second time when the connection broke before any answer: reading, and what means the same twice.
# Everything else, above all what asks a person or uses a card's key, is sent once.
REPEATABLE = frozenset(
    {
        "connector.sds",
        "GetCardTerminals",
        "GetCards",
        "GetResourceInformation",
        "GetSubscription",
        "Subscribe",
        "RenewSubscriptions",
        "GetPinStatus",
        "ReadCardCertificate",
        "CheckCertificateExpiration",
        "VerifyCertificate",
        "GetJobNumber",
        "GetSignatureMode",
    }
)

_THREAD_FROM_BYTES = 1024 * 1024
_NOT_ADMITTED = (401, 403)
_NOT_THERE = (404, 405, 410)


class Wire:
    """Connections to one Konnektor, one pool per login; `skew` is how far its HTTP clock is ahead, None untold."""

    def __init__(self, configuration: KonnektorConfiguration, clock: Clock) -> None:
        self._configuration = configuration
        self._clock = clock
        self._pools: dict[str, Pool] = {}
        self._stack = AsyncExitStack()
        self.skew: timedelta | None = None

    async def __aenter__(self) -> Self:
        for client_system in {"", *self._configuration.logins}:
            pool = Pool(
                self._tls(self._configuration.login_of(client_system)),
                connect_seconds=self._configuration.short_seconds,
                monotonic=self._clock.monotonic,
            )
            self._pools[client_system] = await self._stack.enter_async_context(pool)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def directory(self) -> bytes:
        """Return connector.sds as it came."""
        endpoint = self._configuration.directory
        request = Request(method="GET", path=endpoint.path, headers=self._headers(""))
        answer = await self._repeated("connector.sds", "", endpoint, request, DIRECTORY_LIMIT)
        _judge_status(answer)
        if answer.status != 200:
            raise answer_invalid()
        return answer.body

    async def call(self, exchange: Exchange[Value], client_system: str, endpoint: Endpoint) -> Value | Fault:
        """Make a call that asks nobody; repeated at most once, and only where the table above allows it."""
        request = self._request(exchange, client_system, endpoint)
        answer = await self._repeated(exchange.operation, client_system, endpoint, request, exchange.answer_limit)
        return await _decode(exchange, answer)

    async def once(
        self,
        exchange: Exchange[Value],
        client_system: str,
        endpoint: Endpoint,
        before_send: BeforeSend,
    ) -> Value | Fault:
        """Make a call that may cost a try or a signature: on a connection of its own, never repeated.

        `before_send` is awaited when connection and trust stand; if it raises, nothing is sent.
        """
        request = self._request(exchange, client_system, endpoint)
        try:
            connection = await self._pool(client_system).fresh(endpoint)
        except TransportError as error:
            raise from_transport(error) from None
        try:
            await before_send()
            answer = await self._sent(connection, request, self._configuration.card_seconds, exchange.answer_limit)
        except TransportError as error:
            raise from_transport(error) from None
        finally:
            await connection.close()
        return await _decode(exchange, answer)

    async def _repeated(
        self, operation: str, client_system: str, endpoint: Endpoint, request: Request, limit: int
    ) -> Answer:
        try:
            return await self._attempt(client_system, endpoint, request, limit, fresh=operation not in REPEATABLE)
        except CutError as error:
            if error.answered or operation not in REPEATABLE:
                raise from_transport(error) from None
        except TransportError as error:
            raise from_transport(error) from None
        try:
            return await self._attempt(client_system, endpoint, request, limit, fresh=True)
        except TransportError as error:
            raise from_transport(error) from None

    async def _attempt(
        self, client_system: str, endpoint: Endpoint, request: Request, limit: int, *, fresh: bool
    ) -> Answer:
        pool = self._pool(client_system)
        connection = (None if fresh else await pool.take(endpoint)) or await pool.fresh(endpoint)
        try:
            return await self._sent(connection, request, self._configuration.short_seconds, limit)
        finally:
            await pool.put(endpoint, connection)

    async def _sent(self, connection: Connection, request: Request, seconds: float, limit: int) -> Answer:
        answer = await connection.exchange(request, seconds=seconds, limit=limit)
        self._note_clock(answer.headers)
        return answer

    def _note_clock(self, headers: Mapping[str, str]) -> None:
        try:
            told = parsedate_to_datetime(headers.get("date", ""))
        except ValueError:
            return
        self.skew = (told if told.tzinfo else told.replace(tzinfo=UTC)) - self._clock.now()

    def _request(self, exchange: Exchange[Value], client_system: str, endpoint: Endpoint) -> Request:
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "Accept": "text/xml",
            "SOAPAction": f'"{exchange.action}"',
            **self._headers(client_system),
        }
        return Request(method="POST", path=endpoint.path, headers=headers, body=exchange.body)

    def _headers(self, client_system: str) -> dict[str, str]:
        login = self._configuration.login_of(client_system)
        if not isinstance(login, BasicLogin):
            return {}
        token = base64.b64encode(f"{login.user}:{login.password}".encode()).decode("ascii")
        return {"Authorization": f"Basic {token}"}

    def _pool(self, client_system: str) -> Pool:
        return self._pools.get(client_system) or self._pools[""]

    def _tls(self, login: Login | None) -> TlsClient | None:
        trust = self._configuration.trust
        return tls_client(trust, login if isinstance(login, ClientCertificate) else None) if trust else None


async def _decode(exchange: Exchange[Value], answer: Answer) -> Value | Fault:
    _judge_status(answer)
    try:
        if len(answer.body) > _THREAD_FROM_BYTES:
            value = await asyncio.to_thread(exchange.decode, answer.body)
        else:
            value = exchange.decode(answer.body)
    except MalformedError:
        raise answer_invalid() from None
    if answer.status != 200 and not isinstance(value, Fault):
        raise answer_invalid()
    return value


def _judge_status(answer: Answer) -> None:
    """Raise for statuses with which a server says that it has not looked at the request."""
    if answer.status in _NOT_ADMITTED:
        raise WorldError(failure(Reason.KONNEKTOR_CREDENTIALS_REFUSED), sent=False)
    if answer.status in _NOT_THERE:
        raise WorldError(failure(Reason.KONNEKTOR_SERVICE_MISSING), sent=False)
