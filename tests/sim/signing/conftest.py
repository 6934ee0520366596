"""Cards to sign with, and the real openssl command to check with."""

import shutil
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from pypdf import PdfWriter

from firmware_sim.pki import CardKeys, Pki
from firmware_sim.signing import make_pdf
from tests.lacking import lacking

Verify = Callable[..., CompletedProcess[bytes]]


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.open(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def hba(pki: Pki) -> CardKeys:
    return pki.issue_card("hba", kind="hba", holder="Dr. med. Anna Beispiel", iccsn="80276001010000000001")


@pytest.fixture(scope="session")
def smcb(pki: Pki) -> CardKeys:
    return pki.issue_card("smcb", kind="smcb", holder="Praxis am Markt", iccsn="80276001010000000002", key="p256")


@pytest.fixture
def openssl_verify(pki: Pki, tmp_path: Path) -> Verify:
    """Runs `openssl cms -verify` as a stranger would; the bytes that it vouches for come on stdout."""
    if shutil.which("openssl") is None:
        lacking("needs the openssl command")

    def verify(
        cms: bytes, *options: str, content: bytes | None = None, root: Path | None = None
    ) -> CompletedProcess[bytes]:
        (tmp_path / "signature.der").write_bytes(cms)
        command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(tmp_path / "signature.der")]
        command += ["-CAfile", str(root or pki.card_root_pem), "-certfile", str(pki.card_ca_pem), *options]
        if content is not None:
            (tmp_path / "content.bin").write_bytes(content)
            command += ["-content", str(tmp_path / "content.bin")]
        return subprocess.run(command, capture_output=True, timeout=30, check=False)

    return verify


@pytest.fixture(scope="session")
def encrypted_pdf() -> bytes:
    """The letter, encrypted with an empty user password, so that every reader opens it."""
    writer = PdfWriter(clone_from=BytesIO(make_pdf("pdfa2")))
    writer.encrypt("", "owner", algorithm="AES-256")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
