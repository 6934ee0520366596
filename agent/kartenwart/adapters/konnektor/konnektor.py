"""The adapter itself: one configured Konnektor as `KonnektorPort`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from typing import Self

from kartenwart.adapters.konnektor import card_keys, cards, certificates, comfort, patients, pins
from kartenwart.adapters.konnektor.configuration import CetpConfiguration, KonnektorConfiguration
from kartenwart.adapters.konnektor.link import Link
from kartenwart.adapters.konnektor.listener import CetpListener
from kartenwart.adapters.konnektor.nearness import Nearness
from kartenwart.adapters.konnektor.notices import BOOTED, notice_of
from kartenwart.adapters.konnektor.observing import observe
from kartenwart.adapters.konnektor.sources import Sources, own_address
from kartenwart.adapters.konnektor.subscriptions import Subscriptions
from kartenwart.adapters.konnektor.surveying import survey
from kartenwart.adapters.konnektor.verifying import verify_document
from kartenwart.adapters.konnektor.wire import Wire
from kartenwart.codecs.soap.subscriptions import CetpEvent
from kartenwart.domain.catalogue import failure
from kartenwart.domain.certificates import CertificateCheck
from kartenwart.domain.clock import Clock
from kartenwart.domain.comfort import SignatureMode
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.information_model import Authentication
from kartenwart.domain.inventory import CertificateReference, Context, KeyAlgorithm, Pin
from kartenwart.domain.jobs import VerifyPinResult
from kartenwart.domain.model_check import ContextSurvey
from kartenwart.domain.patients import CardData
from kartenwart.domain.ports.card_keys import AuthenticateOrder, EncryptOrder
from kartenwart.domain.ports.cards import BeforeSend, CardCall, PinReading, PinWish
from kartenwart.domain.ports.konnektor import CardEjection, CardRequest, RequestedCard, Signed, SignOrder
from kartenwart.domain.ports.observations import Notice, Observation, ObservedExpiration
from kartenwart.domain.verification import Verification, VerificationOrder
from kartenwart.transport.credentials import ClientCertificate, validity_doubt

_WAITING_NOTICES = 1000
_FAREWELL_SECONDS = 2.0
_ANY_HOST = ("", "0.0.0.0", "::")  # noqa: S104  # only compared with

_log = logging.getLogger(__name__)


class Konnektor:
    """A Konnektor while its block runs: connections are kept and, where configured, events are listened to.

    Entering raises OSError where the port for events is taken and ValueError for certificates that cannot be loaded;
    an unreachable Konnektor is no error here.
    """

    def __init__(self, configuration: KonnektorConfiguration, clock: Clock) -> None:
        self._configuration = configuration
        self._clock = clock
        self._stack = AsyncExitStack()
        self._wire = Wire(configuration, clock)
        self._link = Link(configuration, self._wire, clock)
        self._nearness = Nearness(self._link)
        self._sources = Sources(configuration.cetp.sources if configuration.cetp else (), configuration.directory.host)
        self._listener: CetpListener | None = None
        self._subscriptions: Subscriptions | None = None
        self._event_to = ""
        self._waiting: asyncio.Queue[Notice | None] = asyncio.Queue(_WAITING_NOTICES)
        self._told_drops = 0
        self._told_doubts: set[tuple[str, str]] = set()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._wire)
        if self._configuration.cetp is not None:
            listener = CetpListener(self._configuration.cetp, self._sources, self._take)
            self._listener = await self._stack.enter_async_context(listener)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._queue(None)
        if self._subscriptions is not None:
            with suppress(WorldError, TimeoutError):
                async with asyncio.timeout(_FAREWELL_SECONDS):
                    await self._subscriptions.end()
        await self._stack.aclose()

    @property
    def name(self) -> str:
        """Return "konnektors/{k}"."""
        return self._configuration.name

    @property
    def events_dropped(self) -> dict[str, int]:
        """Return how many events or connections were not taken, by cause."""
        return dict(self._listener.dropped) if self._listener else {}

    async def observe(self) -> Observation:
        """Poll everything."""
        try:
            seen = await observe(
                self._link,
                self._clock,
                self._nearness,
                name=self.name,
                contexts=self._configuration.contexts,
                events_subscribed=self._subscriptions is not None and self._subscriptions.complete,
            )
        except WorldError:
            if self._subscriptions is not None:
                self._subscriptions.doubt()
            self._tell_validity()
            raise
        if seen.konnektor.condition is not None:
            self._tell_validity()
        return seen

    def authentication(self, client_system: str) -> Authentication:
        """Return how a client system proves itself there, as configured."""
        return self._configuration.authentication_of(client_system)

    async def survey(self, contexts: Sequence[Context]) -> tuple[ContextSurvey, ...]:
        """Ask in each context what the Konnektor lets it do."""
        return await survey(self._link, contexts)

    async def subscribe(self) -> None:
        """Make sure that every context has live subscriptions; without a CETP configuration there is nothing to do."""
        if self._configuration.cetp is None or self._listener is None:
            return
        await self._sources.refresh()
        event_to = await self._address(self._configuration.cetp, self._listener.port)
        if self._subscriptions is None or event_to != self._event_to:
            self._event_to = event_to
            self._subscriptions = Subscriptions(self._link, self._clock, self._configuration.contexts, event_to)
        self._tell_drops(self._listener)
        await self._subscriptions.ensure()

    async def notices(self) -> AsyncIterator[Notice]:
        """Yield notices, one reader only; ends when the block ends."""
        while (notice := await self._waiting.get()) is not None:
            yield notice

    async def pin_status(self, call: CardCall, pin: Pin) -> PinReading:
        """Ask GetPinStatus."""
        return await pins.pin_status(self._link, call, pin)

    async def read_certificate(self, call: CardCall, reference: CertificateReference, algorithm: KeyAlgorithm) -> bytes:
        """Return the certificate, DER."""
        return await cards.read_certificate(self._link, call, reference, algorithm)

    async def expirations(
        self, context: Context, handle: str = "", algorithm: KeyAlgorithm | None = None
    ) -> tuple[ObservedExpiration, ...]:
        """Return when certificates end."""
        return await certificates.expirations(self._link, context, handle, algorithm)

    async def verify_certificate(self, context: Context, der: bytes, at: datetime | None) -> CertificateCheck:
        """Return the Konnektor's word on a certificate."""
        return await certificates.verify_certificate(self._link, context, der, at)

    async def job_number(self, context: Context) -> str:
        """Ask GetJobNumber."""
        return await cards.job_number(self._link, context)

    async def pin_verb(self, call: CardCall, wish: PinWish, before_send: BeforeSend) -> VerifyPinResult:
        """Let a person carry out a verb on a PIN, once."""
        return await pins.pin_verb(self._link, call, wish, before_send)

    async def authenticate(self, call: CardCall, order: AuthenticateOrder, before_send: BeforeSend) -> bytes:
        """Let the card sign a hash with C.AUT, once."""
        return await card_keys.authenticate(self._link, call, order, before_send)

    async def encrypt(self, context: Context, order: EncryptOrder) -> bytes:
        """Encrypt a document, once."""
        return await card_keys.encrypt(self._link, context, order)

    async def decrypt(self, call: CardCall, document: bytes) -> bytes:
        """Open a document with a card's key, once."""
        return await card_keys.decrypt(self._link, call, document)

    async def sign(self, call: CardCall, order: SignOrder, before_send: BeforeSend) -> Signed:
        """Let the card sign, once."""
        return await cards.sign(self._link, call, order, before_send)

    async def signature_mode(self, call: CardCall) -> SignatureMode:
        """Ask GetSignatureMode."""
        return await comfort.signature_mode(self._link, call)

    async def activate_comfort(self, call: CardCall, before_send: BeforeSend) -> None:
        """Let a person type PIN.QES and begin a comfort session, once."""
        await comfort.activate(self._link, call, before_send)

    async def deactivate_comfort(self, context: Context, handle: str) -> bool:
        """End all comfort sessions of a card."""
        return await comfort.deactivate(self._link, context, handle)

    async def verify_document(self, context: Context, order: VerificationOrder) -> Verification:
        """Ask VerifyDocument."""
        return await verify_document(self._link, context, order)

    async def stop_signature(self, call: CardCall, job_number: str) -> None:
        """Ask a running SignDocument to stop."""
        await cards.stop_signature(self._link, call, job_number)

    async def read_vsd(
        self, call: CardCall, authority: CardCall, *, check_online: bool, read_receipt: bool
    ) -> CardData:
        """Read an eGK, once."""
        return await patients.read_vsd(
            self._link, call, authority, check_online=check_online, read_receipt=read_receipt
        )

    async def read_kvk(self, call: CardCall) -> CardData:
        """Read an old card, once."""
        return await patients.read_kvk(self._link, call)

    async def request_card(self, context: Context, wish: CardRequest, before_send: BeforeSend) -> RequestedCard:
        """Let a person insert a card, once."""
        return await patients.request_card(self._link, context, wish, before_send)

    async def eject_card(self, call: CardCall, wish: CardEjection, before_send: BeforeSend) -> None:
        """Let a person take a card out, once."""
        await patients.eject_card(self._link, call, wish, before_send)

    def _take(self, event: CetpEvent) -> bool:
        """Queue the notice of an event that is ours; tell whether it was."""
        context: str | None = ""
        if event.topic != BOOTED or event.subscription_id:
            context = self._subscriptions.context_of(event.subscription_id) if self._subscriptions else None
        if context is None:
            return False
        if event.topic == BOOTED:
            self._link.forget_services()
            self._nearness.forget()
            if self._subscriptions is not None:
                self._subscriptions.forget()
        self._queue(notice_of(event, self.name, context))
        return True

    def _queue(self, notice: Notice | None) -> None:
        """Queue; where nobody reads, the oldest go: a poll finds what they told."""
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(notice)

    async def _address(self, cetp: CetpConfiguration, port: int) -> str:
        if cetp.advertised_url:
            return cetp.advertised_url
        host = cetp.listen_host
        if host in _ANY_HOST:
            directory = self._configuration.directory
            try:
                host = await own_address(directory.host, directory.port)
            except OSError:
                raise WorldError(failure(Reason.KONNEKTOR_UNREACHABLE), sent=False) from None
        return f"cetp://[{host}]:{port}" if ":" in host else f"cetp://{host}:{port}"

    def _tell_validity(self) -> None:
        """Say once in the journal, when a poll is in trouble, which of our certificates has run out since the start."""
        for client_system in ("", *self._configuration.logins):
            login = self._configuration.login_of(client_system)
            doubt = validity_doubt(login, self._clock.now()) if isinstance(login, ClientCertificate) else ""
            if doubt and (client_system, doubt) not in self._told_doubts:
                self._told_doubts.add((client_system, doubt))
                fields = {"konnektor": self.name, "login": client_system, "doubt": doubt}
                _log.warning("konnektor.certificate_validity", fields)

    def _tell_drops(self, listener: CetpListener) -> None:
        dropped = listener.dropped.total()
        if dropped != self._told_drops:
            _log.warning("cetp_dropped", {"konnektor": self.name, **listener.dropped})
            self._told_drops = dropped
