import hashlib

from hypothesis import given
from hypothesis import strategies as st

from kartenwart.domain import enrolment as rules
from kartenwart.domain.principals import Role

FACTS = {
    "box_id": "box-7k3q9m2x",
    "root_der": b"root",
    "public_key": b"key",
    "role": Role.WORKSTATION,
    "label": "Empfang 1",
    "box_nonce": b"b" * 32,
    "workstation_nonce": b"w" * 32,
}


def test_the_code_is_what_the_contract_says() -> None:
    """Computed here from the words of the contract alone."""
    fields = [
        b"kartenwart-enrol-1",
        b"box-7k3q9m2x",
        b"root",
        b"key",
        b"ROLE_WORKSTATION",
        b"Empfang 1",
        b"b" * 32,
        b"w" * 32,
    ]
    joined = b"".join(len(one).to_bytes(4, "big") + one for one in fields)
    number = int.from_bytes(hashlib.sha256(joined).digest(), "big") % 1_000_000
    assert rules.code(**FACTS) == str(number).zfill(6)  # type: ignore[arg-type]


@given(name=st.sampled_from(["box_id", "root_der", "public_key", "label", "box_nonce", "workstation_nonce"]))
def test_every_part_counts(name: str) -> None:
    value = FACTS[name]
    changed = value + ("x" if isinstance(value, str) else b"x")  # type: ignore[operator]
    assert rules.code(**{**FACTS, name: changed}) != rules.code(**FACTS)  # type: ignore[arg-type]
    assert rules.code(**{**FACTS, "role": Role.SIGNER}) != rules.code(**FACTS)  # type: ignore[arg-type]


@given(first=st.binary(max_size=8), second=st.text(max_size=8), cut=st.integers(0, 8))
def test_bytes_cannot_move_from_one_field_into_the_next(first: bytes, second: str, cut: int) -> None:
    one = rules.commitment(workstation_nonce=b"n", public_key=first, role=Role.VIEWER, label=second)
    moved = first[:cut]
    other = rules.commitment(workstation_nonce=b"n" + first[cut:], public_key=moved, role=Role.VIEWER, label=second)
    assert (one == other) == (moved == first)


def test_only_uncompressed_p256_keys_are_keys() -> None:
    good = rules.P256_KEY_PREFIX + bytes(64)
    assert rules.is_p256_key(good)
    for wrong in (
        b"",
        good[:-1],
        good + b"x",
        b"\x30" + good[2:] + b"x",
        good.replace(b"\x07\x03\x42", b"\x06\x03\x42"),
    ):
        assert not rules.is_p256_key(wrong)
