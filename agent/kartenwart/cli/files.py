"""Files that people name: read and written with words for what can go wrong."""

import os
import ssl
from pathlib import Path

from kartenwart.cli.exits import UsageProblem

LARGEST = 25 * 1024 * 1024
PDF = "application/pdf"
OTHER = "application/octet-stream"
ELSEWHERE = "Mit --out einen anderen Ort nennen."
_TYPES = {".xml": "text/xml", ".txt": "text/plain", ".pdf": PDF}
_PEM = b"-----BEGIN CERTIFICATE-----"


def check(file: Path) -> None:
    """Find out whether a file can be read and has a size for the box, without reading it; raises UsageProblem."""
    try:
        with file.open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
    except OSError as error:
        raise _unreadable(file, error) from error
    if not 0 < size <= LARGEST:
        raise UsageProblem(f"{file} hat {size} Bytes; möglich sind 1 bis {LARGEST}.")


def content_of(file: Path) -> bytes:
    """Return what stands in a file; raises UsageProblem as `check` does."""
    check(file)
    try:
        return file.read_bytes()
    except OSError as error:
        raise _unreadable(file, error) from error


def certificate_of(file: Path) -> bytes:
    """Return a certificate's DER from a file in DER or PEM, whatever stands before it; raises UsageProblem."""
    content = content_of(file)
    if _PEM not in content:
        return content
    try:
        return ssl.PEM_cert_to_DER_cert(content[content.index(_PEM) :].decode("ascii"))
    except ValueError as error:
        raise UsageProblem(f"{file} ist kein Zertifikat.") from error


def type_of(file: Path) -> str:
    """Return the MIME type by a file's ending."""
    return _TYPES.get(file.suffix.lower(), OTHER)


def write(place: Path, content: bytes, *, otherwise: str = ELSEWHERE) -> Path:
    """Write a result; raises UsageProblem that ends with what else to do (German)."""
    try:
        place.write_bytes(content)
    except OSError as error:
        raise UsageProblem(f"{place} ist nicht schreibbar ({error.strerror}). {otherwise}") from error
    return place


def _unreadable(file: Path, error: OSError) -> UsageProblem:
    return UsageProblem(f"{file} ist nicht lesbar: {error.strerror}")
