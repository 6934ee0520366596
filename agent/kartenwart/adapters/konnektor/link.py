"""Calls by operation: finds the service, sends, and turns faults into WorldErrors."""

from datetime import timedelta
from typing import TypeVar

from kartenwart.adapters.konnektor.configuration import KonnektorConfiguration
from kartenwart.adapters.konnektor.faults import answer_invalid, from_fault, not_sent
from kartenwart.adapters.konnektor.services import Service, Services, choose
from kartenwart.adapters.konnektor.wire import Wire
from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.directory import read_directory
from kartenwart.codecs.soap.exchange import CallContext, Exchange
from kartenwart.codecs.soap.fault import Fault
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import Context
from kartenwart.domain.ports.cards import BeforeSend

Value = TypeVar("Value")

_ENDPOINT_TROUBLE = (Reason.KONNEKTOR_UNREACHABLE, Reason.KONNEKTOR_SERVICE_MISSING)


class Link:
    """The way to one Konnektor: cached service directory and calls."""

    def __init__(self, configuration: KonnektorConfiguration, wire: Wire, clock: Clock) -> None:
        self._configuration = configuration
        self._wire = wire
        self._clock = clock
        self._services: Services | None = None
        self._loaded_at = 0.0
        self._directory_skew = timedelta()

    @property
    def skew(self) -> timedelta:
        """Return how far the Konnektor's clock is ahead: by HTTP Date, or by InformationDate where no Date came.

        InformationDate is the time of the query by its schema, but some devices tell when a firmware was made.
        """
        return self._directory_skew if self._wire.skew is None else self._wire.skew

    async def services(self, *, not_older_than: float | None = None) -> Services:
        """Return the services; the directory is loaded where none is cached or it is older than so many seconds."""
        age = self._clock.monotonic() - self._loaded_at
        if self._services is None or (not_older_than is not None and age > not_older_than):
            self._services = await self._load()
        return self._services

    def forget_services(self) -> None:
        """Load the directory anew before the next call: after a boot or trouble with an endpoint."""
        self._services = None

    async def call(self, exchange: Exchange[Value], context: Context) -> Value:
        """Make a call that asks nobody; a fault is raised as WorldError."""
        service = (await self.services()).of(exchange.service)
        try:
            answer = await self._wire.call(exchange, context.client_system, service.endpoint)
        except WorldError as error:
            self._note(error)
            raise
        if isinstance(answer, Fault):
            raise from_fault(answer)
        return answer

    async def verb_service(self, name: str) -> Service:
        """Return a service for a verb of which nothing has been sent yet, whatever goes wrong here."""
        try:
            return (await self.services()).of(name)
        except WorldError as error:
            raise not_sent(error) from None

    async def once(
        self, exchange: Exchange[Value], service: Service, context: Context, before_send: BeforeSend
    ) -> Value | Fault:
        """Make a call that may cost a try or a signature, once; a fault is returned, since it may be a result."""
        try:
            return await self._wire.once(exchange, context.client_system, service.endpoint, before_send)
        except WorldError as error:
            self._note(error)
            raise

    def _note(self, error: WorldError) -> None:
        if error.failure.reason in _ENDPOINT_TROUBLE:
            self.forget_services()

    async def _load(self) -> Services:
        data = await self._wire.directory()
        try:
            directory = read_directory(data)
        except MalformedError:
            raise answer_invalid() from None
        self._loaded_at = self._clock.monotonic()
        self._directory_skew = directory.read_at - self._clock.now() if directory.read_at else timedelta()
        return choose(directory, self._configuration.directory, rewrite=self._configuration.rewrite_endpoints)


async def nothing_first() -> None:
    """Nothing has to be durable before a call that is no job."""


def call_context(context: Context, user_id: str = "") -> CallContext:
    """Return a configured context as the codecs want it."""
    return CallContext(
        mandant=context.mandant,
        client_system=context.client_system,
        workplace=context.workplace,
        user_id=user_id,
    )
