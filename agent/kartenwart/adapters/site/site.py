"""The site: made once at the first start, then only read; fulfils the port SiteAuthority.

Its folder holds the root's key in the clear (mode 0600). Who steals the box's card can therefore play this box and
let in workstations of his own; the answer to a theft is a new site, enrolled anew.
"""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kartenwart.adapters.site import certificates
from kartenwart.adapters.site.files import place_folder
from kartenwart.adapters.site.server import KEY_FILE, ServerIdentity, server_identity

ROOT_FILE = "root.pem"
ROOT_KEY_FILE = "root.key"
BOX_ID_FILE = "box-id"
NAME_SECRET_FILE = "names.key"  # noqa: S105  # the name of a file

NEW_SITE_FILE = "new-site"  # beside the folder: somebody wants a new identity and knows what it costs

_SECRET_BYTES = 32
_WITHOUT_BACKUP = "Ohne Sicherung:"


class SiteDamaged(Exception):  # says what is the case
    """The site's folder cannot be read or does not fit together; the message says in German what to do."""


class Site:
    """The P-256 root, this box's id, and the secret under which resource names are made.

    `name_secret` (32 bytes) is for ResourceNames; it is never shown.
    """

    def __init__(self, folder: Path, box_id: str, name_secret: bytes, issuer: certificates.Issuer) -> None:
        self._folder = folder
        self._box_id = box_id
        self._issuer = issuer
        self._root_der = issuer.certificate.public_bytes(serialization.Encoding.DER)
        self.name_secret = name_secret

    @classmethod
    def open(cls, folder: Path, now: datetime, *, enrolled: bool = False) -> "Site":
        """Load the site in `folder`, or make it there in one step.

        `enrolled`: workstations trust a site already; another one would lock all of them out, so it is made only where
        somebody asks for it by a file NEW_SITE_FILE beside the folder. Raises SiteDamaged when the folder is there but
        unusable or has been lost, OSError when it cannot be made.
        """
        wish = folder.with_name(NEW_SITE_FILE)
        if not folder.is_dir():
            if enrolled and not wish.exists():
                raise SiteDamaged(
                    f"Der Ordner {folder} mit der Identität dieser Box fehlt, aber es gibt angemeldete Arbeitsplätze, "
                    f"die nur dieser Identität trauen. Spielen Sie ihn aus der Sicherung zurück. {_WITHOUT_BACKUP} "
                    f"die leere Datei {wish} anlegen, Dienst neu starten und alle Arbeitsplätze neu anmelden."
                )
            place_folder(folder, _new_site(now))
        wish.unlink(missing_ok=True)
        try:
            return _load(folder)
        except (OSError, ValueError) as error:
            raise SiteDamaged(
                f"Der Ordner {folder} mit der Identität dieser Box ist unvollständig oder beschädigt ({error}). "
                f"Spielen Sie ihn aus der Sicherung zurück. {_WITHOUT_BACKUP} Ordner umbenennen, die leere Datei "
                f"{wish} anlegen, Dienst neu starten und alle Arbeitsplätze neu anmelden."
            ) from error

    @property
    def box_id(self) -> str:
        return self._box_id

    @property
    def root_der(self) -> bytes:
        return self._root_der

    @property
    def root_pem(self) -> bytes:
        """Return the root certificate as PEM, against which client leaves are verified."""
        return self._issuer.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self._root_der).hexdigest()

    def server_identity(self, names: Sequence[str], now: datetime) -> ServerIdentity:
        """Return the box's TLS identity for these host names and addresses; call again when they change or it is due.

        Raises OSError when a new leaf cannot be written.
        """
        return server_identity(self._folder, self._issuer, self._box_id, names, now)

    def issue(self, *, workstation: str, public_key: bytes, not_after: datetime, now: datetime) -> bytes:
        if not_after <= now:
            raise ValueError("a leaf must end after now")
        leaf = self._issuer.client_leaf(_p256_key(public_key), self._box_id, workstation, now, not_after)
        return leaf.public_bytes(serialization.Encoding.DER)

    def key_of_request(self, request_der: bytes) -> bytes:
        try:
            request = x509.load_der_x509_csr(request_der)
            key = request.public_key()
            proven = isinstance(key, ec.EllipticCurvePublicKey) and request.is_signature_valid
        except (UnsupportedAlgorithm, x509.InvalidVersion) as error:
            raise ValueError("the request is made or signed in a way that nobody here knows") from error
        if not proven or not _is_p256(key):
            raise ValueError("the request does not prove a P-256 key")
        return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def verify_key_signature(self, public_key: bytes, signature: bytes, message: bytes) -> bool:
        try:
            _p256_key(public_key).verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


def _new_site(now: datetime) -> dict[str, bytes]:
    box_id = "box-" + base64.b32encode(secrets.token_bytes(5)).decode().lower()
    root_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificates.root(root_key, box_id, now)
    return {
        ROOT_FILE: root.public_bytes(serialization.Encoding.PEM),
        ROOT_KEY_FILE: _key_pem(root_key),
        KEY_FILE: _key_pem(server_key),
        BOX_ID_FILE: box_id.encode(),
        NAME_SECRET_FILE: secrets.token_bytes(_SECRET_BYTES),
    }


def _load(folder: Path) -> Site:
    root = x509.load_pem_x509_certificate((folder / ROOT_FILE).read_bytes())
    key = serialization.load_pem_private_key((folder / ROOT_KEY_FILE).read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != root.public_key():
        raise ValueError(f"{ROOT_KEY_FILE} und {ROOT_FILE} gehören nicht zusammen")
    name_secret = (folder / NAME_SECRET_FILE).read_bytes()
    if len(name_secret) != _SECRET_BYTES:
        raise ValueError(f"{NAME_SECRET_FILE} hat nicht {_SECRET_BYTES} Bytes")
    box_id = (folder / BOX_ID_FILE).read_text("ascii").strip()
    if not box_id.startswith("box-"):
        raise ValueError(f"{BOX_ID_FILE} enthält keine Box-Kennung")
    return Site(folder, box_id, name_secret, certificates.Issuer(root, key))


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    encryption = serialization.NoEncryption()  # honest: a password beside the file would protect nothing
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def _p256_key(public_key: bytes) -> ec.EllipticCurvePublicKey:
    try:
        key = serialization.load_der_public_key(public_key)
    except UnsupportedAlgorithm as error:
        raise ValueError("the key is of a kind that nobody here knows") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not _is_p256(key):
        raise ValueError("the key is not a P-256 key")
    return key


def _is_p256(key: object) -> bool:
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
