"""What a world file says, as frozen values. Durations are seconds, counts are plain numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from firmware_sim.world.patient import PatientConfiguration

KeyKind = Literal["p256", "brainpool", "rsa"]
CardKind = Literal["smcb", "hsmb", "hba", "egk", "kvk", "gsmckt", "unknown"]
SMB: frozenset[CardKind] = frozenset({"smcb", "hsmb"})
ProfileName = Literal["simulator", "kocobox", "secunet", "rise", "ehex", "ti-gateway"]
Generation = Literal["PTV3", "PTV4", "PTV4+", "PTV5", "PTV6"]
CardGeneration = Literal["G2.0", "G2.1"]
PinStart = Literal["set", "transport", "empty", "blocked", "disabled"]
PadMode = Literal["interactive", "silent", "type_right", "type_wrong", "cancel"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PinConfiguration:
    """One PIN of a card, with the secrets that only the world knows."""

    reference: str
    pin: str = field(repr=False)
    puk: str = field(default="", repr=False)
    state: PinStart = "set"
    attempts: int = 3
    puk_attempts: int = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class CardConfiguration:
    """A card, and where it sits when the world starts (`terminal` empty: in a drawer).

    `generation` "G2.0" is an old card with RSA keys only; `key` counts for the others. `valid_days` from the day of
    issue may be negative. `revoked` is what the responder says of its certificates.
    """

    name: str
    kind: CardKind
    iccsn: str
    holder: str
    telematik_id: str = ""
    kvnr: str = ""
    profession: str = ""
    key: Literal["p256", "brainpool"] = "brainpool"
    generation: CardGeneration = "G2.1"
    valid_days: int = 1826
    revoked: bool = False
    terminal: str = ""
    slot: int = 1
    pins: tuple[PinConfiguration, ...] = ()
    patient: PatientConfiguration = field(default_factory=PatientConfiguration)


@dataclass(frozen=True, kw_only=True, slots=True)
class TerminalConfiguration:
    """An eHealth terminal paired with the Konnektor; `name` is its CtId, `gsmckt_valid_days` is of its own card."""

    name: str
    label: str
    mac: str
    address: str
    slots: int = 4
    physical: bool = True
    connected: bool = True
    pad: PadMode = "interactive"
    gsmckt_valid_days: int = 1826


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkplaceConfiguration:
    """A workplace and the terminals it reaches: `local` stand beside it, `remote` elsewhere."""

    name: str
    local: tuple[str, ...] = ()
    remote: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientSystemConfiguration:
    """A client system and the certificate that the Konnektor's administrator exported for it.

    `p12` "legacy" is a file with the ciphers of older firmware (3DES, SHA-1).
    """

    name: str
    key: KeyKind = "p256"
    p12: Literal["modern", "legacy"] = "modern"
    user: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MandantConfiguration:
    """A mandant with what is assigned to it.

    `assignments` is the relation client system -> workplaces for this mandant; `remote_pin` names per workplace the
    terminal at which its remote PINs are typed.
    """

    name: str
    client_systems: tuple[str, ...]
    workplaces: tuple[str, ...]
    terminals: tuple[str, ...]
    managed_smb: tuple[str, ...] = ()
    assignments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    remote_pin: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class BehaviourConfiguration:
    """In what the Konnektors of the field differ from each other.

    `expirations` "without_gsmckt" leaves the cards of the terminals out of CheckCertificateExpiration.
    """

    pin_entry_seconds: float = 60.0
    signature_seconds: float = 0.1
    signatures_per_pin: int = 0
    most_sign_requests: int = 50
    vsd_seconds: float = 0.1
    vsd_smb_seconds: float = 0.02
    left_tries: Literal["card", "never"] = "card"
    pin_trouble: Literal["status", "fault"] = "status"
    blocked_pin: Literal["result", "fault"] = "result"
    unknown_context: Literal["general", "specific"] = "general"
    dead_handle: Literal[4008, 4047, 4101, 4131, 4146] = 4008
    vendor_trace: bool = False
    cetp_connection: Literal["per_event", "kept"] = "per_event"
    event_max_try: int = 3
    event_connect_seconds: float = 3.0
    subscription_seconds: float = 25 * 3600.0
    expirations: Literal["all", "without_gsmckt"] = "all"


@dataclass(frozen=True, kw_only=True, slots=True)
class ComfortConfiguration:
    """The comfort signature: switched on or not, and what a session allows (1 to 250 signatures, up to 24 hours).

    `sessions` are those that one HBA can have at a time; a Konnektor has to offer two or more.
    """

    enabled: bool = False
    signatures: int = 100
    seconds: float = 6 * 3600.0
    sessions: int = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class KonnektorConfiguration:
    """One Konnektor with its information model.

    `host_names` are the names and addresses in its TLS certificate; a real one names no address of the practice.
    `profile` and `generation` say whose service directory it shows. Without `tls_mandatory` it listens in plain HTTP
    too (SOAP4, `plain_port`). `advertise` ("https://198.51.100.7") is what its directory tells instead of its own
    address, `path_prefix` ("/kon8") stands before every path, as behind a gateway.
    """

    name: str
    address: str = "127.0.0.2"
    port: int = 0
    host_names: tuple[str, ...] = ("localhost", "127.0.0.2")
    authentication: Literal["certificate", "basic", "none"] = "certificate"
    directory_open: bool = True
    server_key: KeyKind = "p256"
    cetp: Literal["tls", "plain"] = "tls"
    profile: ProfileName = "simulator"
    generation: Generation = "PTV5"
    vendor: str = ""
    tls_mandatory: bool = True
    plain_port: int = 0
    advertise: str = ""
    path_prefix: str = ""
    gsmck_valid_days: int = 1826
    behaviour: BehaviourConfiguration = field(default_factory=BehaviourConfiguration)
    comfort: ComfortConfiguration = field(default_factory=ComfortConfiguration)
    terminals: tuple[TerminalConfiguration, ...] = ()
    workplaces: tuple[WorkplaceConfiguration, ...] = ()
    client_systems: tuple[ClientSystemConfiguration, ...] = ()
    mandants: tuple[MandantConfiguration, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedConfiguration:
    """A PIN that somebody verified before the world starts."""

    card: str
    pin: str
    mandant: str
    client_system: str
    user: str = ""


FIRST_VPCD_PORT = 35963


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderConfiguration:
    """A card reader at a computer. `card` is in its first slot when the world starts, `other_card` in the second.

    A plain one has two slots, because vpcd has: pcscd listens for them on `port` and the next one. One with a pad has
    one slot; `pad` says what the person there does.
    """

    name: str
    kind: Literal["plain", "pad"] = "plain"
    card: str = ""
    other_card: str = ""
    port: int = FIRST_VPCD_PORT
    pad: PadMode = "interactive"

    @property
    def slots(self) -> int:
        return 1 if self.kind == "pad" else 2

    @property
    def cards(self) -> list[tuple[int, str]]:
        """Slot and name of each card that is in it when the world starts."""
        return [(slot, name) for slot, name in ((1, self.card), (2, self.other_card)) if name]


@dataclass(frozen=True, kw_only=True, slots=True)
class WorldConfiguration:
    """The whole world file."""

    name: str
    konnektors: tuple[KonnektorConfiguration, ...]
    cards: tuple[CardConfiguration, ...] = ()
    readers: tuple[ReaderConfiguration, ...] = ()
    verified: tuple[VerifiedConfiguration, ...] = ()

    @property
    def inserted(self) -> list[tuple[str, int, str]]:
        """Terminal or reader, slot, and the card that is in it when the world starts."""
        at_terminals = [(card.terminal, card.slot, card.name) for card in self.cards if card.terminal]
        return at_terminals + [(one.name, slot, card) for one in self.readers for slot, card in one.cards]
