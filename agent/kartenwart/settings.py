"""Configuration: one TOML file, drop-ins beside it, and the environment, read once into frozen settings.

Later sources win: `kartenwart.toml`, then `conf.d/*.toml` beside it in the order of their names, then variables such as
`KARTENWART_LISTEN__GRPC_PORT=8443`. Relative paths are taken from the folder of the main file; `credential:NAME` means
a file that systemd put into $CREDENTIALS_DIRECTORY. `kon = "praxis.kon"` takes from a file of gematik's `ti` what the
TOML does not say itself: address, login and trust of a Konnektor, and a context.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from kartenwart.codecs.kon import KonFile, read_kon


class SettingsError(Exception):
    """The configuration cannot be used; each line of the message names a place and says what to write there."""


def _expand(value: object) -> object:
    text = str(value)
    if not text.startswith("credential:"):
        return value
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise ValueError("credential: works only where systemd sets CREDENTIALS_DIRECTORY; name a file instead")
    return Path(folder) / text.removeprefix("credential:")


def _no_slash(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", value):
        raise ValueError("use 1 to 40 of a-z, 0-9 and '-' (it becomes part of a resource name)")
    return value


def _address(value: str) -> str:
    try:
        return value and str(ip_address(value))
    except ValueError:
        raise ValueError("write an IP address of the box") from None


def _port_at_end(value: str) -> str:
    if value and int(value.rpartition(":")[2]) > LAST_PORT:
        raise ValueError(f"the port is at most {LAST_PORT}")
    return value


LAST_PORT = 65535
SecretPath = Annotated[Path, BeforeValidator(_expand)]
Identifier = Annotated[str, AfterValidator(_no_slash)]
KonnektorText = Annotated[str, Field(min_length=1, max_length=64)]
Port = Annotated[int, Field(ge=0, le=LAST_PORT)]
Address = Annotated[str, AfterValidator(_address)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Box(_Section):
    """Where the box keeps its things, and what it is called."""

    state_directory: Path = Path("/var/lib/kartenwart")
    anchor_directory: Path = Path("/var/lib/kartenwart-anchor")
    job_retention_days: int = Field(default=90, ge=1, le=3650)


class Listen(_Section):
    """Where the box listens. Port 0 takes a free one (then `ready_file` tells which)."""

    address: Annotated[Address, Field(min_length=1)] = "0.0.0.0"  # noqa: S104 - workstations must reach it; deploy/ narrows it to the practice's LAN
    grpc_port: Port = 8443
    json_port: Port = 8444
    enrol_port: Port = 8445
    host_names: tuple[str, ...] = ()
    socket: Path = Path("/run/kartenwart/kartenwart.sock")
    socket_group: str = "kartenwart"
    mdns: bool = True
    mdns_interface: Address = ""
    reflection: bool = False
    ready_file: Path | None = None


class Login(_Section):
    """How a client system proves itself: a certificate (PKCS#12 or PEM), or user and password, or not at all.

    `kon` names a .kon file; its credentials count where nothing else is written here.
    """

    client_p12: SecretPath | None = None
    client_p12_password_file: SecretPath | None = None
    client_cert: SecretPath | None = None
    client_key: SecretPath | None = None
    user: str = ""
    password_file: SecretPath | None = None
    kon: SecretPath | None = None

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if (self.client_p12 is None) != (self.client_p12_password_file is None):
            raise ValueError("client_p12 and client_p12_password_file go together")
        if (self.client_cert is None) != (self.client_key is None):
            raise ValueError("client_cert and client_key go together")
        if bool(self.user) != (self.password_file is not None):
            raise ValueError("user and password_file go together")
        if sum((self.client_p12 is not None, self.client_cert is not None, bool(self.user))) > 1:
            raise ValueError("choose one: client_p12, client_cert or user")
        return self


class Konnektor(Login):
    """One Konnektor: where it is, whom we trust there, who we are, and how its events reach us.

    The login written here serves every client system that has none of its own under `logins.<client system>`.
    """

    url: Annotated[str, Field(pattern=r"^https?://[^/\s?#]+(/[^\s?#]*)?$")]
    trust_pin: Annotated[str, Field(pattern=r"^([0-9a-fA-F]{2}:?){32}$")] | None = None
    trust_ca: SecretPath | None = None
    expected_name: str = ""
    logins: dict[KonnektorText, Login] = Field(default_factory=dict)
    rewrite_endpoints: bool = False
    short_timeout: float = Field(default=10.0, gt=0, le=120)
    card_timeout: float = Field(default=300.0, gt=0, le=900)
    poll_interval: float = Field(default=30.0, ge=0.2, le=600)
    cetp_listen: Annotated[str, Field(pattern=r"^[^\s:]+:\d{1,5}$"), AfterValidator(_port_at_end)] = "0.0.0.0:0"
    cetp_advertise: Annotated[str, Field(pattern=r"^(cetp://[^\s/:]+:\d{1,5})?$"), AfterValidator(_port_at_end)] = ""
    cetp_tls: bool = True
    cetp_trust_ca: SecretPath | None = None
    event_sources: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _trusted(self) -> Self:
        if self.url.startswith("https") and not (self.trust_pin or self.trust_ca or self.kon):
            raise ValueError("say whom to trust: trust_pin (SHA-256 of its certificate) or trust_ca (a PEM file)")
        if self.trust_pin and self.trust_ca:
            raise ValueError("choose one: trust_pin or trust_ca")
        if self.cetp_trust_ca and not self.cetp_tls:
            raise ValueError("cetp_trust_ca goes with cetp_tls: without TLS nobody shows a certificate")
        return self


class ContextSettings(_Section):
    """One way to call a Konnektor, as its administrator entered it."""

    konnektor: Identifier
    mandant: KonnektorText
    client_system: KonnektorText
    workplace: KonnektorText


class Log(_Section):
    """How much to say."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(BaseSettings):
    """Everything the agent is told, frozen."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="KARTENWART_", env_nested_delimiter="__", case_sensitive=False
    )

    box: Box = Box()
    listen: Listen = Listen()
    log: Log = Log()
    konnektors: dict[Identifier, Konnektor] = Field(default_factory=dict)
    contexts: dict[Identifier, ContextSettings] = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the files."""
        return env_settings, init_settings

    @model_validator(mode="after")
    def _known_konnektors(self) -> Self:
        for name, context in self.contexts.items():
            if context.konnektor not in self.konnektors:
                raise ValueError(f"contexts.{name}.konnektor: there is no [konnektors.{context.konnektor}]")
        idle = self.konnektors.keys() - {context.konnektor for context in self.contexts.values()}
        if idle:
            raise ValueError(f"konnektors.{min(idle)}: no context uses it; write a [contexts.NAME] for it")
        return self


def load(path: Path) -> Settings:
    """Read the settings; raise SettingsError with one line for each thing that is wrong."""
    merged: dict[str, Any] = {}
    for file in (path, *sorted((path.parent / "conf.d").glob("*.toml"))):
        merged = _merge(merged, _read(file))
    try:
        return Settings(**_with_kon_files(_absolute(merged, path.parent.absolute())))
    except ValidationError as error:
        raise SettingsError("\n".join(_line(path, detail) for detail in error.errors())) from None


def _with_kon_files(table: dict[str, Any]) -> dict[str, Any]:
    """Return the table with what its .kon files say beneath what it says itself."""
    konnektors, contexts = _tables(table.get("konnektors")), _tables(table.get("contexts"))
    for name, told in konnektors.items():
        if isinstance(told, dict) and "kon" in told:
            file = _kon(f"konnektors.{name}.kon", told["kon"])
            address = {
                "url": file.url,
                "rewrite_endpoints": file.rewrite_endpoints,
                "expected_name": file.expected_host,
            }
            konnektors[name] = {**address, **told}
            contexts.setdefault(name, {"konnektor": name, **_context(file)})
    for name, told in contexts.items():
        if isinstance(told, dict) and "kon" in told:
            path = told.pop("kon")
            file = _kon(f"contexts.{name}.kon", path)
            contexts[name] = {**_context(file), **told}
            konnektor = konnektors.get(str(told.get("konnektor")))
            if file.login is not None and isinstance(konnektor, dict):
                konnektor["logins"] = {file.client_system: {"kon": path}, **konnektor.get("logins", {})}
    return {**table, "konnektors": konnektors, "contexts": contexts}


def _tables(value: object) -> dict[str, Any]:
    """Return a copy of a table of tables; what is none is left as it is, for the checks to find."""
    if not isinstance(value, dict):
        return {} if value is None else {"": value}
    return {key: dict(each) if isinstance(each, dict) else each for key, each in value.items()}


def _kon(place: str, value: object) -> KonFile:
    try:
        return read_kon(Path(str(_expand(value))).read_bytes(), os.environ)
    except OSError as error:
        raise SettingsError(f"{place}: {value} cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise SettingsError(f"{place}: {value}: {error}") from None


def _context(file: KonFile) -> dict[str, str]:
    return {"mandant": file.mandant, "client_system": file.client_system, "workplace": file.workplace}


def _line(path: Path, detail: ErrorDetails) -> str:
    place = ".".join(str(part) for part in detail["loc"])
    words = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        words = "there is no such setting; check the spelling"
    return f"{path}: {place + ': ' if place else ''}{words}"


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read ({error.strerror}); name the file with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: is no valid TOML: {error}") from None


def _merge(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(low)
    for key, value in high.items():
        both_tables = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both_tables else value
    return merged


PATH_KEYS = frozenset(
    {
        "state_directory",
        "anchor_directory",
        "socket",
        "ready_file",
        "trust_ca",
        "client_p12",
        "client_p12_password_file",
        "client_cert",
        "client_key",
        "password_file",
        "kon",
        "cetp_trust_ca",
    }
)


def _absolute(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the table with relative paths taken from `folder`."""
    result: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            result[key] = _absolute(value, folder)
        elif key in PATH_KEYS and isinstance(value, str) and not value.startswith("credential:"):
            result[key] = folder / value
        else:
            result[key] = value
    return result
