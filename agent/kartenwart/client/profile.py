"""What an enrolled workstation keeps: its key and certificate, the site's root, and where the box was last seen.

One file, `profile.json`, readable by its owner only and replaced as a whole, so that no crash leaves halves.
"""

import json
import os
import tempfile
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from kartenwart.client import keys
from kartenwart.client.failures import EnrolmentRefused, ProfileInvalid

SCHEMA = 1
_FILE = "profile.json"
_PENDING = "pending.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a box listens: host name or IP address, and the ports of gRPC, JSON and enrolment."""

    host: str
    grpc_port: int = 8443
    json_port: int = 8444
    enrol_port: int = 8445


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Proof of who this workstation is, and of who the box must be. `role` is a name such as "SIGNER".

    `folder` is where it is stored, None while it is not.
    """

    box_id: str
    workstation: str
    label: str
    role: str
    address: Address
    certificate_pem: str
    root_pem: str
    key_pem: str = field(repr=False)
    folder: Path | None = field(default=None, compare=False)

    @classmethod
    def load(cls, folder: Path | None = None) -> "Profile":
        """Read the profile; raises ProfileInvalid."""
        return cls._read((folder or default_folder()) / _FILE)

    @staticmethod
    def exists(folder: Path | None = None) -> bool:
        """True where a profile is stored."""
        return ((folder or default_folder()) / _FILE).exists()

    def save(self, folder: Path | None = None) -> "Profile":
        """Write the profile at once as a whole, mode 0600, and return it with its folder."""
        place = folder or default_folder()
        _write(place / _FILE, self.document())
        return replace(self, folder=place)

    def export(self, folder: Path) -> tuple[Path, ...]:
        """Write `key.pem` (0600), `certificate.pem` and `root.pem` for other programs, e.g. curl."""
        texts = {"key.pem": self.key_pem, "certificate.pem": self.certificate_pem, "root.pem": self.root_pem}
        for name, text in texts.items():
            _write(folder / name, text)
        return tuple(folder / name for name in texts)

    @property
    def site_fingerprint(self) -> str:
        """SHA-256 of the site's root, lower-case hex."""
        return keys.fingerprint(keys.certificate_der(self.root_pem))

    @property
    def key(self) -> keys.Key:
        """The private key."""
        return keys.load_key(self.key_pem)

    def at(self, address: Address) -> "Profile":
        """The same profile with the box at another address."""
        return replace(self, address=address)

    def document(self) -> str:
        """Return the file's text; it contains the key."""
        values = {name: value for name, value in asdict(self).items() if name != "folder"}
        return json.dumps({"schema": SCHEMA, **values}, indent=1, ensure_ascii=False)

    @classmethod
    def _read(cls, path: Path) -> "Profile":
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["schema"] != SCHEMA:
                raise ProfileInvalid(f"{path} has schema {document['schema']}, this program reads {SCHEMA}")
            values = {known.name: document[known.name] for known in fields(cls) if known.name != "folder"}
            profile = cls(**{**values, "address": Address(**values["address"]), "folder": path.parent})
            profile.key  # noqa: B018  # a key that cannot be read is found now, not at the first call
        except FileNotFoundError:
            raise ProfileInvalid(f"there is no profile in {path.parent}") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ProfileInvalid(f"{path} cannot be read: {error}") from error
        return profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An approved enrolment whose code the workstation's user has not confirmed yet; nothing trusts it."""

    profile: Profile
    code: str

    def hold(self, folder: Path | None = None) -> None:
        """Keep it beside the profile until it is confirmed."""
        document = {"code": self.code, "profile": self.profile.document()}
        _write((folder or default_folder()) / _PENDING, json.dumps(document))

    @staticmethod
    def confirm(code: str, folder: Path | None = None) -> Profile:
        """Make the held profile the profile where `code`, as the box showed it, is the one computed here.

        A wrong code throws the held profile away: it may come from another box.
        """
        place = folder or default_folder()
        path = place / _PENDING
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            held = document["profile"].encode()
            expected = document["code"]
        except (OSError, ValueError, KeyError) as error:
            raise ProfileInvalid(f"no approved enrolment waits in {place}") from error
        if digits(code) != expected:
            path.unlink()
            raise EnrolmentRefused("the box showed another code: this was not the box that answered here")
        _write(place / _FILE, held.decode())
        path.unlink()
        return Profile.load(place)


def digits(code: str) -> str:
    """Return a code as people type it ("418-203") without what is no digit."""
    return "".join(character for character in code if character.isdigit())


def default_folder() -> Path:
    """Return $KARTENWART_PROFILE, or `kartenwart` in $XDG_STATE_HOME (~/.local/state)."""
    if chosen := os.environ.get("KARTENWART_PROFILE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "kartenwart"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mkstemp makes it 0600
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
