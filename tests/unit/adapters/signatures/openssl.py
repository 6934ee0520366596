"""The real openssl command as signer: another implementation of CMS than the agent's and the simulator's."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

KINDS = {
    "P-256": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "brainpoolP256r1": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"],
    "RSA-2048": ["-newkey", "rsa:2048"],
    "RSA-1024": ["-newkey", "rsa:1024"],
    "secp256k1": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A self-signed certificate with its key."""

    folder: Path
    certificate: Path
    key: Path

    @classmethod
    def new(cls, folder: Path, kind: str, name: str = "signer") -> "Signer":
        key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
        _run("req", "-x509", *KINDS[kind], "-nodes", "-keyout", key, "-out", certificate, "-subj", f"/CN={name}")
        return cls(folder=folder, certificate=certificate, key=key)

    def again(self, name: str) -> "Signer":
        """Another certificate for the same key."""
        certificate = self.folder / f"{name}.pem"
        _run("req", "-x509", "-key", self.key, "-out", certificate, "-subj", f"/CN={name}")
        return Signer(folder=self.folder, certificate=certificate, key=self.key)

    @property
    def der(self) -> bytes:
        return x509.load_pem_x509_certificate(self.certificate.read_bytes()).public_bytes(Encoding.DER)

    def sign(self, document: bytes, *options: str, digest: str = "sha256") -> bytes:
        """A CMS structure, DER; detached unless the options say -nodetach."""
        source, target = self.folder / "document", self.folder / "signature"
        source.write_bytes(document)
        common = ("-sign", "-binary", "-in", source, "-out", target, "-outform", "DER", "-md", digest)
        _run("cms", *common, "-signer", self.certificate, "-inkey", self.key, *options)
        return target.read_bytes()


def _run(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr.decode()
