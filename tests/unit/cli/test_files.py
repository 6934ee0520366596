"""Files that people name: whatever is wrong with one is said in words, never as a traceback."""

import ssl
from pathlib import Path

import pytest

from kartenwart.cli.exits import UsageProblem
from kartenwart.cli.files import LARGEST, certificate_of, content_of, type_of, write

DER = b"0\x03\x02\x01\x05"
PEM = ssl.DER_cert_to_PEM_cert(DER).encode()


def test_what_cannot_be_sent_is_refused_before_anyone_is_asked(tmp_path: Path) -> None:
    empty, large = tmp_path / "empty", tmp_path / "large"
    empty.touch()
    with large.open("wb") as sparse:
        sparse.truncate(LARGEST + 1)
    for file, words in ((tmp_path / "nowhere", "nicht lesbar"), (tmp_path, "nicht lesbar"), (empty, "hat 0 Bytes")):
        with pytest.raises(UsageProblem, match=words):
            content_of(file)
    with pytest.raises(UsageProblem, match=f"hat {LARGEST + 1} Bytes"):
        content_of(large)


@pytest.mark.parametrize("content", [DER, PEM, b"subject=CN = Praxis\n" + PEM])
def test_a_certificate_is_der_or_pem_whatever_stands_before_it(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "certificate"
    file.write_bytes(content)
    assert certificate_of(file) == DER


def test_a_broken_pem_is_said_to_be_no_certificate(tmp_path: Path) -> None:
    file = tmp_path / "certificate.pem"
    file.write_bytes(PEM.replace(b"-----END", b"END"))
    with pytest.raises(UsageProblem, match="kein Zertifikat"):
        certificate_of(file)


def test_a_place_that_takes_no_file_is_said_with_what_else_to_do(tmp_path: Path) -> None:
    assert write(tmp_path / "out", b"1").read_bytes() == b"1"
    with pytest.raises(UsageProblem, match=r"nicht schreibbar .*\. Mit --out einen anderen Ort nennen\."):
        write(tmp_path / "nowhere" / "out", b"1")


def test_types_go_by_the_ending() -> None:
    assert [type_of(Path(name)) for name in ("a.XML", "a.txt", "a.pdf", "a")] == [
        "text/xml",
        "text/plain",
        "application/pdf",
        "application/octet-stream",
    ]
