"""Points against an independent party: the library's own keys on brainpoolP256r1."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from kartenwart.cards.processors.curve import GENERATOR, ORDER, P, Point, add, multiply, read_point
from kartenwart.codecs.malformed import MalformedError

scalars = st.integers(1, ORDER - 1)


def public(scalar: int) -> bytes:
    key = ec.derive_private_key(scalar, ec.BrainpoolP256R1())
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@given(scalars)
@settings(max_examples=20)
def test_multiples_of_the_generator_are_public_keys(scalar: int) -> None:
    assert multiply(scalar, GENERATOR).encode() == public(scalar)
    assert read_point(public(scalar)) == multiply(scalar, GENERATOR)


@given(scalars, scalars)
@settings(max_examples=10)
def test_shared_secrets_are_those_of_ecdh(own: int, other: int) -> None:
    key = ec.derive_private_key(own, ec.BrainpoolP256R1())
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.BrainpoolP256R1(), public(other)))
    assert multiply(own, read_point(public(other))).x.to_bytes(32, "big") == shared


@given(scalars, scalars)
@settings(max_examples=10)
def test_sums_are_multiples_of_sums(one: int, other: int) -> None:
    total = (one + other) % ORDER
    found = add(multiply(one, GENERATOR), multiply(other, GENERATOR))
    assert found == (multiply(total, GENERATOR) if total else None)


def test_the_neutral_element() -> None:
    opposite = Point(GENERATOR.x, P - GENERATOR.y)
    assert add(GENERATOR, opposite) is None
    assert add(None, GENERATOR) == add(GENERATOR, None) == GENERATOR
    assert multiply(ORDER - 1, GENERATOR) == opposite
    for scalar in (0, ORDER):
        with pytest.raises(ValueError, match="neutral"):
            multiply(scalar, GENERATOR)


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"\x04" + bytes(64),
        b"\x02" + GENERATOR.encode()[1:33],
        b"\x05" + GENERATOR.encode()[1:],
        GENERATOR.encode()[:-1] + b"\x00",
        GENERATOR.encode() + b"\x00",
    ],
)
def test_points_beside_the_curve_are_refused(wire: bytes) -> None:
    with pytest.raises(MalformedError):
        read_point(wire)


def test_a_coordinate_above_the_prime_is_refused() -> None:
    point = next(found for scalar in range(1, 50) if (found := multiply(scalar, GENERATOR)).x + P < 1 << 256)
    wire = b"\x04" + (point.x + P).to_bytes(32, "big") + point.y.to_bytes(32, "big")
    with pytest.raises(MalformedError):
        read_point(wire)
