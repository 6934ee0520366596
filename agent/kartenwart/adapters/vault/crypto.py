"""Keys and sealing: AES-256-GCM, a key per document, each wrapped by the vault's key.

The vault's key lies beside the documents (mode 0600), because results must survive a restart and nobody is there to
type a passphrase. So encryption protects what was deleted and single files that leak, e.g. by a backup without the
key; it does not protect against whoever steals the whole card or reads as root.
"""

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
WRAPPED_KEY_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES


class Unsealable(ValueError):
    """Bytes were changed, cut, moved, or sealed under another key."""


class Sealer:
    """Seals and opens under one key. Nonces are random: at most a few thousand seals happen under a key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, content: bytes, bound_to: bytes) -> bytes:
        """Return nonce, ciphertext and tag; `bound_to` must be the same at opening."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, bound_to)

    def open(self, sealed: bytes, bound_to: bytes) -> bytes:
        """Return the content; raises Unsealable."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
        except (InvalidTag, ValueError) as error:
            raise Unsealable from error


def vault_key(path: Path) -> bytes:
    """Return the vault's key, made at the first call; OSError when it cannot be made, ValueError when it is damaged."""
    if not path.exists():
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            write_new(fresh, secrets.token_bytes(KEY_BYTES))
            os.link(fresh, path)  # unlike a rename it replaces no key
        except FileExistsError:
            pass  # another one was faster; its key counts
        finally:
            fresh.unlink(missing_ok=True)
        sync_folder(path.parent)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ValueError(
            f"Die Datei {path} ist beschädigt. Spielen Sie sie aus der Sicherung zurück, oder löschen Sie den Ordner "
            f"{path.parent}: Die Dokumente darin, höchstens einen Tag alt, sind dann verloren."
        )
    return key


def write_new(path: Path, content: bytes) -> None:
    """Write a file that must not exist yet, for its owner only, and wait until it is on disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the folder's names are on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
