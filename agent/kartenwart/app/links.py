"""From settings to the Konnektor adapters: trust, logins, events, contexts."""

import logging
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from kartenwart.adapters.konnektor import CetpConfiguration, KonnektorConfiguration
from kartenwart.app import kon_files
from kartenwart.app.contexts import contexts
from kartenwart.domain.inventory import Context
from kartenwart.edge.identity import ServerIdentity
from kartenwart.settings import Konnektor, Login, Settings, SettingsError
from kartenwart.transport.credentials import (
    BasicLogin,
    ClientCertificate,
    CredentialsError,
    check_usage,
    from_pem,
    from_pkcs12,
    validity_doubt,
)
from kartenwart.transport.trust import AuthorityTrust, PinTrust, Trust

_log = logging.getLogger(__name__)


def current_certificate(identity: Callable[[], ServerIdentity]) -> Callable[[], ClientCertificate]:
    """Return the box's own certificate as it is at each call, read anew only when it has changed."""

    @lru_cache(maxsize=1)
    def read(chain_pem: bytes, key_pem: bytes) -> ClientCertificate:
        return from_pem(chain_pem, key_pem)

    def current() -> ClientCertificate:
        now = identity()
        return read(now.chain_pem, now.key_pem)

    return current


def configurations(settings: Settings, server: Callable[[], ClientCertificate]) -> dict[str, KonnektorConfiguration]:
    """Return one configuration per Konnektor that has a context; `server` is what its events' TLS is served with.

    Raises SettingsError that names the place in the settings.
    """
    known = contexts(settings).values()
    used = {key: tuple(one for one in known if one.konnektor == f"konnektors/{key}") for key in settings.konnektors}
    return {
        f"konnektors/{key}": _configuration(key, settings.konnektors[key], mine, server)
        for key, mine in used.items()
        if mine
    }


def _configuration(
    key: str, told: Konnektor, contexts: tuple[Context, ...], server: Callable[[], ClientCertificate]
) -> KonnektorConfiguration:
    place = f"konnektors.{key}"
    host, _, port = told.cetp_listen.rpartition(":")
    try:
        return KonnektorConfiguration(
            name=f"konnektors/{key}",
            url=told.url,
            contexts=contexts,
            trust=_trust(place, told),
            login=_login(place, told),
            logins={
                name: one for name, login in told.logins.items() if (one := _login(f"{place}.logins.{name}", login))
            },
            rewrite_endpoints=told.rewrite_endpoints,
            short_seconds=told.short_timeout,
            card_seconds=told.card_timeout,
            cetp=CetpConfiguration(
                listen_host=host,
                listen_port=int(port),
                advertised_url=told.cetp_advertise,
                sources=told.event_sources,
                certificate=server if told.cetp_tls else None,
                authorities_pem=_authorities(f"{place}.cetp_trust_ca", told.cetp_trust_ca),
            ),
        )
    except ValueError as error:
        raise SettingsError(f"{place}: {error}") from None


def _trust(place: str, told: Konnektor) -> Trust | None:
    if told.trust_pin:
        return PinTrust(sha256=told.trust_pin)
    if told.trust_ca:
        pem = _authorities(f"{place}.trust_ca", told.trust_ca)
        return AuthorityTrust(certificates_pem=pem, expected_name=told.expected_name)
    if told.kon and told.url.startswith("https"):
        return kon_files.trust(f"{place}.kon", told.kon, told.expected_name)
    return None


def _authorities(place: str, file: Path | None) -> str:
    if file is None:
        return ""
    pem = _read(place, file).decode(errors="replace")
    try:
        ssl.create_default_context(cadata=pem)
    except ssl.SSLError:
        raise SettingsError(f"{place}: {file} holds no certificates in PEM form") from None
    return pem


def _login(place: str, told: Login) -> ClientCertificate | BasicLogin | None:
    """Return how a client system proves itself; a certificate whose time is wrong is used and complained about."""
    try:
        found = _presented(place, told)
        if isinstance(found, ClientCertificate):
            check_usage(found)
            if doubt := validity_doubt(found, datetime.now(UTC)):
                _log.warning("konnektor.certificate_validity", {"place": place, "doubt": doubt})
    except CredentialsError as error:
        raise SettingsError(f"{place}: {error}") from None
    return found


def _presented(place: str, told: Login) -> ClientCertificate | BasicLogin | None:
    if told.client_p12 and told.client_p12_password_file:
        password = _secret(f"{place}.client_p12_password_file", told.client_p12_password_file)
        return from_pkcs12(_read(f"{place}.client_p12", told.client_p12), password)
    if told.client_cert and told.client_key:
        certificate = _read(f"{place}.client_cert", told.client_cert)
        return from_pem(certificate, _read(f"{place}.client_key", told.client_key))
    if told.user and told.password_file:
        return BasicLogin(user=told.user, password=_secret(f"{place}.password_file", told.password_file))
    return kon_files.login(f"{place}.kon", told.kon) if told.kon else None


def _secret(place: str, file: Path) -> str:
    return _read(place, file).decode(errors="replace").rstrip("\r\n")


def _read(place: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{place}: {file} cannot be read ({error.strerror})") from None
