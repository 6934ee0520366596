"""The Konnektor's TLS listener: who connects, and the faults that only a connection can suffer."""

import asyncio
import base64
import binascii
import hmac
import logging
import socket
import ssl
from collections.abc import Mapping
from datetime import UTC
from email.utils import format_datetime
from pathlib import Path

from aiohttp import web

from firmware_sim.konnektor.directory import service_directory
from firmware_sim.konnektor.dispatch import Answer, Dispatcher
from firmware_sim.konnektor.profiles import answered_by_path, profile_of
from firmware_sim.konnektor.xml import serialise
from firmware_sim.pki import ServerIdentity
from firmware_sim.world.configuration import KonnektorConfiguration
from firmware_sim.world.device import Device

_log = logging.getLogger(__name__)
MOST_BYTES = 400 * 1024 * 1024
_XML = "text/xml"


class Unauthorized(Exception):
    """No valid name and password."""


class Listener:
    """HTTPS on one address, in SOAP4 plain HTTP too. Ports stay when the certificate changes or the Konnektor boots.

    `certificates` maps a client certificate (DER) to its client system; `passwords` maps user to (client system,
    password) for Basic.
    """

    def __init__(
        self,
        device: Device,
        dispatcher: Dispatcher,
        certificates: Mapping[bytes, str],
        passwords: Mapping[str, tuple[str, str]],
        tls_root: Path,
    ) -> None:
        self._device = device
        self._dispatcher = dispatcher
        self._certificates = certificates
        self._passwords = passwords
        self._tls_root = tls_root
        self._site: web.BaseSite | None = None
        self._plain: web.BaseSite | None = None
        self._answered = answered_by_path(device.configuration)
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_get(f"{device.configuration.path_prefix}/connector.sds", self._directory)
        for path in self._answered:
            app.router.add_post(path, self._operation)
        app.on_response_prepare.append(self._date)
        self._app = app
        self._runner: web.AppRunner | None = None
        self.port = self._bound = device.configuration.port
        self.plain_port = device.configuration.plain_port

    @property
    def address(self) -> str:
        """The address on which it listens."""
        return self._device.configuration.address

    @property
    def base(self) -> str:
        """Where it listens."""
        return f"https://{self._device.configuration.address}:{self.port}"

    @property
    def plain_base(self) -> str:
        """Where it listens without TLS; empty where TLS is mandatory."""
        configuration = self._device.configuration
        return "" if configuration.tls_mandatory else f"http://{configuration.address}:{self.plain_port}"

    @property
    def sds_url(self) -> str:
        """Where the service directory lies."""
        return f"{self.base}{self._device.configuration.path_prefix}/connector.sds"

    @property
    def plain_sds_url(self) -> str:
        """The same without TLS; empty where TLS is mandatory."""
        prefix = self._device.configuration.path_prefix
        return f"{self.plain_base}{prefix}/connector.sds" if self.plain_base else ""

    async def open(self, identity: ServerIdentity) -> None:
        """Start to listen, or listen anew with another certificate; open connections stay."""
        runner = self._runner
        if runner is None:
            runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0.5)
            await runner.setup()
            self._runner = runner
        if self._site is not None:
            await self._site.stop()
        context = server_context(self._device.configuration, identity, self._tls_root)
        self._site, self._bound = await self._listen(runner, self._bound, context)
        self.port = self.port or self._bound
        if self._plain is None and not self._device.configuration.tls_mandatory:
            self._plain, self.plain_port = await self._listen(runner, self.plain_port, None)

    async def move(self, identity: ServerIdentity, port: int) -> int:
        """Listen with TLS on another port (0: a free one) and cut what is open; what clients are told stays.

        Returns that port. A listener that is closed opens there.
        """
        self._bound = port
        if self._runner is not None:
            await self.open(identity)
            _cut(self._runner)
        return self._bound

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        runner, self._runner, self._site, self._plain = self._runner, None, None, None
        if runner is not None:
            _cut(runner)
            await runner.cleanup()

    async def _listen(self, runner: web.AppRunner, port: int, tls: ssl.SSLContext | None) -> tuple[web.BaseSite, int]:
        listening = socket.create_server((self._device.configuration.address, port))
        site = web.SockSite(runner, listening, ssl_context=tls)
        await site.start()
        taken: int = listening.getsockname()[1]
        return site, taken

    async def _date(self, _: web.Request, response: web.StreamResponse) -> None:
        """Every answer carries the Konnektor's own idea of the time."""
        response.headers["Date"] = format_datetime(self._device.now().astimezone(UTC), usegmt=True)

    async def _directory(self, request: web.Request) -> web.StreamResponse:
        if not self._device.configuration.directory_open:
            try:
                self._identity(request)
            except Unauthorized:
                return _ask_password()
        configuration = self._device.configuration
        told = configuration.advertise or profile_of(configuration).advertise or self.base
        document = serialise(service_directory(self._device, told, self.plain_base))
        return web.Response(body=document, content_type=_XML, charset="utf-8")

    async def _operation(self, request: web.Request) -> web.StreamResponse:
        try:
            identity = self._identity(request)
        except Unauthorized:
            return _ask_password()
        answer = await self._dispatcher.answer(await request.read(), identity, self._answered[request.path])
        if answer.fault is not None and answer.fault.kind in ("cut", "silent"):
            return self._break_off(request, answer)
        return web.Response(status=answer.status, body=answer.body, content_type=_XML, charset="utf-8")

    def _break_off(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        """Send the first bytes of the answer (none for "silent") and cut the connection."""
        transport = request.transport
        if transport is not None and answer.fault is not None:
            head = f"HTTP/1.1 {answer.status} X\r\nContent-Type: text/xml\r\nContent-Length: {len(answer.body)}\r\n\r\n"
            sent = (head.encode() + answer.body)[: answer.fault.bytes] if answer.fault.kind == "cut" else b""
            transport.write(sent)
            transport.close()
        raise asyncio.CancelledError

    def _identity(self, request: web.Request) -> str | None:
        mode = self._device.configuration.authentication
        if mode == "none":
            return None
        if mode == "basic":
            return self._by_password(request.headers.get("Authorization", ""))
        transport = request.transport
        tls = transport.get_extra_info("ssl_object") if transport is not None else None
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        # A certificate of our own root that was exported for no client system authenticates as nobody.
        return self._certificates.get(certificate or b"", "?")

    def _by_password(self, header: str) -> str:
        kind, _, encoded = header.partition(" ")
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise Unauthorized from None
        client_system, expected = self._passwords.get(user, ("", ""))
        if kind.lower() != "basic" or not expected or not hmac.compare_digest(password.encode(), expected.encode()):
            raise Unauthorized
        return client_system


def _cut(runner: web.AppRunner) -> None:
    for connection in list(runner.server.connections) if runner.server is not None else ():
        if connection.transport is not None:
            connection.transport.abort()


def _ask_password() -> web.Response:
    return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="Konnektor"'})


class _Telling(ssl.SSLObject):
    """Lets the alert out with which a handshake ends, as devices do; asyncio cuts the connection with it unsent."""

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLZeroReturnError, ssl.SSLEOFError):
            raise
        except ssl.SSLError as error:
            if self._told:
                raise
            self._told = True
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "the alert goes out first") from error

    _told = False


def server_context(configuration: KonnektorConfiguration, identity: ServerIdentity, tls_root: Path) -> ssl.SSLContext:
    """TLS as this Konnektor speaks it; brainpool keys exist in TLS 1.2 only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.sslobject_class = _Telling
    context.load_cert_chain(identity.cert_pem, identity.key_pem)
    if configuration.authentication == "certificate":
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(tls_root)
    return context


def event_context(identity: ServerIdentity) -> ssl.SSLContext:
    """TLS towards a subscriber (CETP1): the Konnektor shows its certificate when asked and checks none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(identity.cert_pem, identity.key_pem)
    return context
