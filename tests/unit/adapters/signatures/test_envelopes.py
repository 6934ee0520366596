"""For whom encrypted structures are, read without a key; structures made by the simulator and by openssl."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.encryption import encrypt
from kartenwart.adapters.signatures.envelopes import CmsEnvelopeReader
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.ports.card_keys import Recipients
from tests.unit.adapters.signatures.test_authentication import DERS

READER = CmsEnvelopeReader()
LETTER = b"a letter"


def sealed(*names: str) -> bytes:
    return encrypt(LETTER, [x509.load_der_x509_certificate(DERS[name]) for name in names])


SEALED = sealed("rsa")


@pytest.mark.parametrize(
    ("present", "wanted", "told"),
    [
        (("rsa",), ("rsa",), Recipients(left_out=(), others=0)),
        (("rsa", "rsa"), ("rsa",), Recipients(left_out=(), others=1)),
        (("rsa",), (), Recipients(left_out=(), others=1)),
    ],
)
async def test_recipients_are_told(present: tuple[str, ...], wanted: tuple[str, ...], told: Recipients) -> None:
    assert await READER.recipients(sealed(*present), [DERS[name] for name in wanted]) == told


async def test_who_is_left_out_is_told_by_place(cards: dict[str, bytes]) -> None:
    made = encrypt(LETTER, [x509.load_der_x509_certificate(cards["one"])])
    assert await READER.recipients(made, [cards["two"], cards["one"]]) == Recipients(left_out=(0,), others=0)
    assert await READER.recipients(made, [cards["two"]]) == Recipients(left_out=(0,), others=1)


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Certificates with key identifiers and names of their own."""
    folder = tmp_path_factory.mktemp("cards")
    for name in ("one", "two"):
        run(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-subj", f"/CN={name}",
            "-outform", "DER", "-out", f"{name}.der")  # fmt: skip
    return {name: (folder / f"{name}.der").read_bytes() for name in ("one", "two")}


@pytest.mark.parametrize("named", [[], ["-keyid"]])
async def test_others_structures_are_read_too(cards: dict[str, bytes], tmp_path: Path, named: list[str]) -> None:
    """EnvelopedData, with recipients named by issuer and number or by their key."""
    (tmp_path / "one.der").write_bytes(cards["one"])
    (tmp_path / "letter").write_bytes(LETTER)
    run(tmp_path, "cms", "-encrypt", "-aes256", "-binary", *named, "-in", "letter", "-outform", "DER",
        "-out", "sealed", "-recip", "one.der")  # fmt: skip
    made = (tmp_path / "sealed").read_bytes()
    assert await READER.recipients(made, [cards["two"], cards["one"]]) == Recipients(left_out=(0,), others=0)


def run(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=True, timeout=20)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
async def test_what_is_no_envelope_is_refused(data: bytes) -> None:
    await refused(data)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 400))
async def test_parts_are_refused(length: int) -> None:
    await refused(SEALED[:length])


async def refused(data: bytes) -> None:
    with pytest.raises(WorldError) as error:
        await READER.recipients(data, [DERS["rsa"]])
    assert error.value.failure.reason is Reason.KONNEKTOR_ANSWER_INVALID


async def test_a_signature_is_no_envelope(cards: dict[str, bytes]) -> None:
    await refused(cards["one"])
    assert READER.is_certificate(cards["one"])
    assert not READER.is_certificate(LETTER)
    assert not READER.is_certificate(cards["one"][:-1])
