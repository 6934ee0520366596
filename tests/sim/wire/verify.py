"""Debian's openssl as the judge of signatures."""

import subprocess
from io import BytesIO
from pathlib import Path

from pyhanko.pdf_utils.reader import PdfFileReader

from firmware_sim.simulation import Simulation


def cms_verifies(simulation: Simulation, signature: bytes, folder: Path, detached: bytes | None) -> bool:
    """True when openssl accepts signature and chain."""
    (folder / "signature.der").write_bytes(signature)
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(folder / "signature.der")]
    command += ["-CAfile", str(simulation.pki.card_root_pem), "-certfile", str(simulation.pki.card_ca_pem)]
    command += ["-purpose", "any", "-out", str(folder / "content")]
    if detached is not None:
        (folder / "data").write_bytes(detached)
        command += ["-content", str(folder / "data")]
    return subprocess.run(command, capture_output=True, check=False, timeout=20).returncode == 0


def pdf_verifies(simulation: Simulation, pdf: bytes, folder: Path) -> bool:
    """True when openssl accepts the PDF's signature over its /ByteRange, and the range leaves out nothing else."""
    embedded = PdfFileReader(BytesIO(pdf)).embedded_signatures[0]
    first, first_length, second, second_length = (int(number) for number in embedded.byte_range)
    assert first == 0
    assert second + second_length == len(pdf)
    signed = pdf[:first_length] + pdf[second:]
    return cms_verifies(simulation, embedded.pkcs7_content, folder, signed)
