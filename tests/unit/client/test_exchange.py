"""The code and the proofs, held against the box's own arithmetic: two implementations of one contract."""

from hypothesis import given
from hypothesis import strategies as st

from kartenwart.client import exchange
from kartenwart.domain import enrolment
from kartenwart.domain.principals import Role

keys, labels = st.binary(max_size=120), st.text(max_size=60)
nonces = st.binary(min_size=32, max_size=32)


@given(nonce=nonces, key=keys, role=st.sampled_from(Role), label=labels)
def test_both_sides_commit_to_the_same(nonce: bytes, key: bytes, role: Role, label: str) -> None:
    ours = exchange.commitment(workstation_nonce=nonce, public_key=key, role=f"ROLE_{role}", label=label)
    assert ours == enrolment.commitment(workstation_nonce=nonce, public_key=key, role=role, label=label)


@given(root=keys, key=keys, role=st.sampled_from(Role), label=labels, ours=nonces, theirs=nonces)
def test_both_sides_compute_the_same_code(
    root: bytes, key: bytes, role: Role, label: str, ours: bytes, theirs: bytes
) -> None:
    shown = exchange.code(
        box_id="box-7k3q9m2x",
        root=root,
        public_key=key,
        role=f"ROLE_{role}",
        label=label,
        box_nonce=theirs,
        workstation_nonce=ours,
    )
    assert len(shown) == 6
    assert shown == enrolment.code(
        box_id="box-7k3q9m2x",
        root_der=root,
        public_key=key,
        role=role,
        label=label,
        box_nonce=theirs,
        workstation_nonce=ours,
    )


@given(name=labels, nonce=nonces, sequence=st.integers(min_value=0, max_value=2**63 - 1))
def test_both_sides_sign_the_same_poll(name: str, nonce: bytes, sequence: int) -> None:
    ours = exchange.poll_message(enrolment=name, box_nonce=nonce, sequence=sequence)
    assert ours == enrolment.poll_message(enrolment=name, box_nonce=nonce, sequence=sequence)


def test_another_root_gives_another_code() -> None:
    same = {"box_id": "box-a", "public_key": b"k", "role": "ROLE_SIGNER", "label": "l"}
    nonces = {"box_nonce": b"n" * 32, "workstation_nonce": b"w" * 32}
    codes = {exchange.code(root=bytes([root]), **same, **nonces) for root in range(40)}  # type: ignore[arg-type]
    assert len(codes) > 38
