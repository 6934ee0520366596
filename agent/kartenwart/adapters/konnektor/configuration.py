"""How to reach one Konnektor, as a value; what cannot work is refused with German words at set-up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_network

from kartenwart.codecs.cetp import DEFAULT_LIMIT
from kartenwart.domain.information_model import Authentication
from kartenwart.domain.inventory import Context
from kartenwart.transport.credentials import BasicLogin, ClientCertificate
from kartenwart.transport.endpoint import Endpoint, parse_endpoint
from kartenwart.transport.trust import Trust

Login = ClientCertificate | BasicLogin


@dataclass(frozen=True, slots=True, kw_only=True)
class CetpConfiguration:
    """Where events arrive and from whom they are taken.

    `listen_port` 0 takes any free port. `advertised_url` ("cetp://host:port") is what the Konnektor is told; "" means
    the address we have towards it: name it where NAT or a VPN lies between. `sources` are networks ("192.0.2.0/24");
    without any, only the Konnektor's own addresses count. `certificate` makes the listener a TLS server (CETP1) that
    shows what it returns at each handshake, without it is plain TCP (CETP2); with `authorities_pem` the Konnektor must
    show a certificate of these.
    """

    listen_host: str = "0.0.0.0"  # noqa: S104  # events come from the practice's network; sources are checked
    listen_port: int = 0
    advertised_url: str = ""
    sources: tuple[str, ...] = ()
    certificate: Callable[[], ClientCertificate] | None = None
    authorities_pem: str = ""
    frame_limit: int = DEFAULT_LIMIT
    connection_limit: int = 16
    frame_seconds: float = 10.0
    idle_seconds: float = 300.0

    def __post_init__(self) -> None:
        for source in self.sources:
            ip_network(source)
        if self.advertised_url and not self.advertised_url.startswith("cetp://"):
            raise ValueError("Die Adresse für Ereignisse beginnt mit cetp://.")


@dataclass(frozen=True, slots=True, kw_only=True)
class KonnektorConfiguration:
    """One Konnektor ("konnektors/{k}") and the contexts in which it is called.

    `url` is its base address, with a path where a gateway puts one before, or that of its connector.sds. `login` serves
    every client system that `logins` does not name: a Konnektor knows a client system by its certificate or password.
    Seconds: `short_seconds` for connecting and for calls that ask nobody, `card_seconds` for those that wait for a
    person.
    """

    name: str
    url: str
    contexts: tuple[Context, ...]
    trust: Trust | None = None
    login: Login | None = None
    logins: Mapping[str, Login] = field(default_factory=dict)
    rewrite_endpoints: bool = False
    short_seconds: float = 10.0
    card_seconds: float = 300.0
    cetp: CetpConfiguration | None = None

    def __post_init__(self) -> None:
        tls = parse_endpoint(self.url).tls
        if tls and self.trust is None:
            raise ValueError("Für https muss ein Fingerabdruck oder eine Zertifizierungsstelle angegeben sein.")
        if not tls and (self.trust or self.login or self.logins):
            raise ValueError("Zertifikat, Kennwort und Fingerabdruck gibt es nur mit https.")
        if not self.contexts:
            raise ValueError("Für den Konnektor ist kein Aufrufkontext eingerichtet.")

    @property
    def directory(self) -> Endpoint:
        """Return the address of connector.sds."""
        given = parse_endpoint(self.url)
        if given.path.endswith(".sds"):
            return given
        return replace(given, path=f"{given.path.rstrip('/')}/connector.sds")

    def login_of(self, client_system: str) -> Login | None:
        """Return how a client system proves itself."""
        return self.logins.get(client_system, self.login)

    def authentication_of(self, client_system: str) -> Authentication:
        """Return the kind of that login."""
        login = self.login_of(client_system)
        if login is None:
            return Authentication.NONE
        return Authentication.PASSWORD if isinstance(login, BasicLogin) else Authentication.CERTIFICATE
