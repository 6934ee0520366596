"""The settings as frozen values; each field names its check (checks.py)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated

from kartenwart.settings import checks

SecretPath = Annotated[Path | None, checks.path]
Port = Annotated[int, checks.whole(0, checks.LAST_PORT)]
konnektor_text = checks.text(least=1, most=64)
KonnektorText = Annotated[str, konnektor_text]
identifier = checks.matching(
    r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", "use 1 to 40 of a-z, 0-9 and '-' (it becomes part of a resource name)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where the box keeps its things, and what it is called."""

    state_directory: Annotated[Path, checks.path] = Path("/var/lib/kartenwart")
    anchor_directory: Annotated[Path, checks.path] = Path("/var/lib/kartenwart-anchor")
    job_retention_days: Annotated[int, checks.whole(1, 3650)] = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where the box listens. Port 0 takes a free one (then `ready_file` tells which)."""

    address: Annotated[str, checks.address] = "0.0.0.0"  # noqa: S104 - workstations must reach it; deploy/ narrows it to the practice's LAN
    grpc_port: Port = 8443
    json_port: Port = 8444
    enrol_port: Port = 8445
    host_names: Annotated[tuple[str, ...], checks.texts(checks.text())] = ()
    socket: Annotated[Path, checks.path] = Path("/run/kartenwart/kartenwart.sock")
    socket_group: Annotated[str, checks.text()] = "kartenwart"
    mdns: Annotated[bool, checks.switch] = True
    mdns_interface: Annotated[str, checks.address_or_none] = ""
    reflection: Annotated[bool, checks.switch] = False
    ready_file: Annotated[Path | None, checks.path] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How a client system proves itself: a certificate (PKCS#12 or PEM), or user and password, or not at all.

    `kon` names a .kon file; its credentials count where nothing else is written here.
    """

    client_p12: SecretPath = None
    client_p12_password_file: SecretPath = None
    client_cert: SecretPath = None
    client_key: SecretPath = None
    user: Annotated[str, checks.text()] = ""
    password_file: SecretPath = None
    kon: SecretPath = None

    def __post_init__(self) -> None:
        if (self.client_p12 is None) != (self.client_p12_password_file is None):
            raise ValueError("client_p12 and client_p12_password_file go together")
        if (self.client_cert is None) != (self.client_key is None):
            raise ValueError("client_cert and client_key go together")
        if bool(self.user) != (self.password_file is not None):
            raise ValueError("user and password_file go together")
        if sum((self.client_p12 is not None, self.client_cert is not None, bool(self.user))) > 1:
            raise ValueError("choose one: client_p12, client_cert or user")


@dataclass(frozen=True, slots=True, kw_only=True)
class Konnektor(Login):
    """One Konnektor: where it is, whom we trust there, who we are, and how its events reach us.

    The login written here serves every client system that has none of its own under `logins.<client system>`. The
    two limits count calls that ask nobody, on one SMC-B and in all.
    """

    url: Annotated[str, checks.matching(r"https?://[^/\s?#]+(/[^\s?#]*)?", "write https://HOST:PORT, without a query")]
    trust_pin: Annotated[
        str | None, checks.matching(r"([0-9a-fA-F]{2}:?){32}", "write the SHA-256 of its certificate, 64 hex digits")
    ] = None
    trust_ca: SecretPath = None
    expected_name: Annotated[str, checks.text()] = ""
    logins: Annotated[Mapping[str, Login], checks.tables(konnektor_text, Login)] = field(default_factory=dict)
    rewrite_endpoints: Annotated[bool, checks.switch] = False
    short_timeout: Annotated[float, checks.seconds(0.001, 120)] = 10.0
    card_timeout: Annotated[float, checks.seconds(0.001, 900)] = 300.0
    poll_interval: Annotated[float, checks.seconds(0.2, 600)] = 30.0
    calls_per_practice_card: Annotated[int, checks.whole(1, 100)] = 10
    calls_at_once: Annotated[int, checks.whole(1, 200)] = 20
    cetp_listen: Annotated[str, checks.with_port(r"[^\s:]+:[0-9]{1,5}", "write ADDRESS:PORT")] = "0.0.0.0:0"
    cetp_advertise: Annotated[str, checks.with_port(r"(cetp://[^\s/:]+:[0-9]{1,5})?", "write cetp://ADDRESS:PORT")] = ""
    cetp_tls: Annotated[bool, checks.switch] = True
    cetp_trust_ca: SecretPath = None
    event_sources: Annotated[tuple[str, ...], checks.texts(checks.text())] = ()

    def __post_init__(self) -> None:
        Login.__post_init__(self)  # slots: super() without arguments would name the class before it had them
        if self.url.startswith("https") and not (self.trust_pin or self.trust_ca or self.kon):
            raise ValueError("say whom to trust: trust_pin (SHA-256 of its certificate) or trust_ca (a PEM file)")
        if self.trust_pin and self.trust_ca:
            raise ValueError("choose one: trust_pin or trust_ca")
        if self.cetp_trust_ca and not self.cetp_tls:
            raise ValueError("cetp_trust_ca goes with cetp_tls: without TLS nobody shows a certificate")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSettings:
    """One way to call a Konnektor, as its administrator entered it, or to use the box's own readers.

    `readers` means the readers: a mandant's name goes with it, and nothing that a Konnektor would want to know.

    Which terminals the workplace needs (each by CtId, name or MAC address) may be said for `kartenwart konnektor`,
    which prints what has to be entered in the Konnektor and checks it; nothing else looks at them. `purpose` tells
    people which program calls so ("pvs", "kim", "agent" or another word): its PIN states are watched apart.
    """

    mandant: KonnektorText
    konnektor: Annotated[str, identifier] = ""
    client_system: KonnektorText = ""
    workplace: KonnektorText = ""
    readers: Annotated[bool, checks.switch] = False
    local_terminals: Annotated[tuple[str, ...], checks.texts(konnektor_text)] = ()
    remote_terminals: Annotated[tuple[str, ...], checks.texts(konnektor_text)] = ()
    remote_pin_terminal: Annotated[str, checks.text(most=64)] = ""
    purpose: Annotated[str, checks.matching(r"([a-z0-9][a-z0-9-]{0,19})?", 'write "pvs", "kim" or "agent"')] = ""

    def __post_init__(self) -> None:
        of_konnektor = {"konnektor": self.konnektor, "client_system": self.client_system, "workplace": self.workplace}
        missing = [name for name, told in of_konnektor.items() if not told]
        terminals = self.local_terminals or self.remote_terminals or self.remote_pin_terminal
        if self.readers and (len(missing) < len(of_konnektor) or terminals):
            raise ValueError("readers = true goes with mandant and purpose only: no Konnektor stands behind it")
        if not self.readers and missing:
            raise ValueError(f"{missing[0]} is missing; or write readers = true for the box's own readers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """How much to say."""

    level: Annotated[str, checks.choice("debug", "info", "warning", "error")] = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comfort:
    """When a comfort session's near end is announced: so many signatures or minutes before it."""

    warn_signatures: Annotated[int, checks.whole(0, 250)] = 10
    warn_minutes: Annotated[int, checks.whole(0, 1440)] = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Cards:
    """The last day on which cards may authenticate with RSA keys; qualified signatures and seals never use them."""

    rsa_until: Annotated[date, checks.day] = date(2026, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """What readers may do in a laboratory only. Neither is for a practice's work: what comes of it is no proof.

    `insurance_data`: ReadVSD reads an eGK or KVK without a Konnektor; that is no VSDM and not for billing. `qes`: a
    reader with a pad may let an HBA sign hashes; no call of the API makes use of it yet.
    """

    qes: Annotated[bool, checks.switch] = False
    insurance_data: Annotated[bool, checks.switch] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Card readers plugged into the box, by PC/SC; off unless `enabled`."""

    enabled: Annotated[bool, checks.switch] = False
    laboratory: Annotated[Laboratory, checks.section(Laboratory)] = Laboratory()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the agent is told, frozen."""

    box: Annotated[Box, checks.section(Box)] = Box()
    listen: Annotated[Listen, checks.section(Listen)] = Listen()
    log: Annotated[Log, checks.section(Log)] = Log()
    comfort: Annotated[Comfort, checks.section(Comfort)] = Comfort()
    cards: Annotated[Cards, checks.section(Cards)] = Cards()
    readers: Annotated[Readers, checks.section(Readers)] = Readers()
    konnektors: Annotated[Mapping[str, Konnektor], checks.tables(identifier, Konnektor)] = field(default_factory=dict)
    contexts: Annotated[Mapping[str, ContextSettings], checks.tables(identifier, ContextSettings)] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        for name, context in self.contexts.items():
            if context.readers and not self.readers.enabled:
                raise ValueError(f"contexts.{name}.readers: write enabled = true under [readers] too")
            if not context.readers and context.konnektor not in self.konnektors:
                raise ValueError(f"contexts.{name}.konnektor: there is no [konnektors.{context.konnektor}]")
        idle = self.konnektors.keys() - {context.konnektor for context in self.contexts.values()}
        if idle:
            raise ValueError(f"konnektors.{min(idle)}: no context uses it; write a [contexts.NAME] for it")
        taken: dict[str, str] = {}
        for name, konnektor in self.konnektors.items():
            place = konnektor.cetp_listen
            if not place.endswith(":0") and place in taken:
                whose = f"konnektors.{taken[place]}"
                raise ValueError(f"konnektors.{name}.cetp_listen: {place} is that of {whose}; give each its own port")
            taken[place] = name
