"""ELC cryptograms: the form that cards take, and nothing of a changed one opens."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.encryption import elc

# The cryptogram that gemSpec_Krypt (chapter on ECIES, A_17220) prints as an example.
EXAMPLE = base64.b64decode(
    "poGOBgkrJAMDAggBAQd/SUOGQQRouC6tM2TQQ+RP3pptgdAaDF8Te7IVCkUBe2H+PJSLK4W/BXIXkndiBwEfftd5wk4pjzCdC2j1q14/CIWcW89n"
    "hjEC7G47UAu2ZqmbIhxstkXV3UI2UUek/qwBwtb26aUild+5kkTZXf5674OKHSdj6IFwjggvhYt9b/CTsA=="
)
KEYS = {curve.name: ec.generate_private_key(curve) for curve in (ec.BrainpoolP256R1(), ec.SECP256R1(), ec.SECP384R1())}
TRANSPORT_KEY = bytes(range(32))


def test_the_example_of_the_specification_has_our_form() -> None:
    cryptogram = elc.read(EXAMPLE)
    assert (len(cryptogram.point), len(cryptogram.ciphertext), len(cryptogram.mac)) == (65, 48, 8)
    assert cryptogram.encoded() == EXAMPLE
    ours = elc.wrap(TRANSPORT_KEY, KEYS["brainpoolP256r1"].public_key())
    assert len(ours) == len(EXAMPLE)
    assert ours[:19] == EXAMPLE[:19]  # up to the tag of the point


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
def test_what_is_wrapped_opens(key: ec.EllipticCurvePrivateKey) -> None:
    assert elc.unwrap(elc.wrap(TRANSPORT_KEY, key.public_key()), key) == TRANSPORT_KEY


def test_another_key_opens_nothing() -> None:
    wrapped = elc.wrap(TRANSPORT_KEY, KEYS["brainpoolP256r1"].public_key())
    for key in (ec.generate_private_key(ec.BrainpoolP256R1()), KEYS["secp256r1"]):
        with pytest.raises(elc.ElcError):
            elc.unwrap(wrapped, key)


WRAPPED = elc.wrap(TRANSPORT_KEY, KEYS["brainpoolP256r1"].public_key())


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(WRAPPED) - 1), st.integers(1, 255))
def test_no_changed_byte_passes(at: int, change: int) -> None:
    changed = bytearray(WRAPPED)
    changed[at] ^= change
    with pytest.raises(elc.ElcError):
        elc.unwrap(bytes(changed), KEYS["brainpoolP256r1"])


@given(st.integers(0, len(WRAPPED) - 1))
def test_no_part_passes(length: int) -> None:
    with pytest.raises(elc.ElcError):
        elc.unwrap(WRAPPED[:length], KEYS["brainpoolP256r1"])
