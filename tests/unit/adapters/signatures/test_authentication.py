"""Signatures for authentication: verified by the card's key, in the encoding asked for; any doubt is a no."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from kartenwart.adapters.signatures.authentication import MathSignatureJudge
from kartenwart.domain.authentication import JwsAlgorithm, SignatureScheme
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.ports.card_keys import AuthenticateOrder

JUDGE = MathSignatureJudge()
ECDSA, RAW = SignatureScheme.ECDSA_DER, SignatureScheme.ECDSA_RAW
DIGEST = bytes(range(32))
KEYS: dict[str, Any] = {
    "brainpool": ec.generate_private_key(ec.BrainpoolP256R1()),
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "rsa": rsa.generate_private_key(65537, 2048),
}
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)


def certificate(key: Any) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)


DERS = {name: certificate(key) for name, key in KEYS.items()}


def ecdsa(name: str, digest: bytes = DIGEST) -> bytes:
    signature: bytes = KEYS[name].sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    return signature


async def test_ecdsa_comes_as_der_or_raw() -> None:
    signature = ecdsa("brainpool")
    assert (
        await JUDGE.verified(AuthenticateOrder(scheme=ECDSA, digest=DIGEST), signature, DERS["brainpool"]) == signature
    )
    raw = await JUDGE.verified(AuthenticateOrder(scheme=RAW, digest=DIGEST), signature, DERS["brainpool"])
    assert len(raw) == 64
    assert encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")) == signature


async def test_raw_numbers_are_always_filled_up() -> None:
    """One in 128 signatures has a number with a zero in front, which DER leaves out."""
    signature = next(one for one in (ecdsa("p256") for _ in range(20_000)) if len(one) < 70)
    assert min(decode_dss_signature(signature)).bit_length() <= 248
    raw = await JUDGE.verified(AuthenticateOrder(scheme=RAW, digest=DIGEST), signature, DERS["p256"])
    assert (len(raw), 0 in (raw[0], raw[32])) == (64, True)


@pytest.mark.parametrize(
    ("scheme", "hash_", "scheme_padding"),
    [
        (SignatureScheme.RSASSA_PSS, hashes.SHA256(), PSS),
        (SignatureScheme.RSASSA_PKCS1_V1_5, hashes.SHA256(), padding.PKCS1v15()),
        (SignatureScheme.RSASSA_PKCS1_V1_5, hashes.SHA384(), padding.PKCS1v15()),
        (SignatureScheme.RSASSA_PKCS1_V1_5, hashes.SHA512(), padding.PKCS1v15()),
    ],
)
async def test_rsa(scheme: SignatureScheme, hash_: hashes.HashAlgorithm, scheme_padding: Any) -> None:
    digest = bytes(hash_.digest_size)
    signature = KEYS["rsa"].sign(digest, scheme_padding, Prehashed(hash_))
    order = AuthenticateOrder(scheme=scheme, digest=digest)
    assert await JUDGE.verified(order, signature, DERS["rsa"]) == signature
    other = SignatureScheme.RSASSA_PSS if scheme_padding is not PSS else SignatureScheme.RSASSA_PKCS1_V1_5
    await refused(AuthenticateOrder(scheme=other, digest=digest), signature, DERS["rsa"])


async def refused(order: AuthenticateOrder, signature: bytes, der: bytes) -> None:
    with pytest.raises(WorldError) as error:
        await JUDGE.verified(order, signature, der)
    assert error.value.failure.reason is Reason.SIGNATURE_INVALID
    assert error.value.sent


async def test_whatever_does_not_fit_is_refused() -> None:
    signature = ecdsa("brainpool")
    order = AuthenticateOrder(scheme=ECDSA, digest=DIGEST)
    await refused(order, signature, DERS["p256"])
    await refused(order, signature, DERS["rsa"])
    await refused(AuthenticateOrder(scheme=SignatureScheme.RSASSA_PSS, digest=DIGEST), signature, DERS["brainpool"])
    await refused(AuthenticateOrder(scheme=ECDSA, digest=DIGEST[::-1]), signature, DERS["brainpool"])
    await refused(order, signature, b"no certificate")


async def test_weak_and_foreign_keys_are_refused_also_where_the_numbers_fit() -> None:
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - it is to be refused
    foreign = ec.generate_private_key(ec.SECP256K1())
    by_weak = weak.sign(DIGEST, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
    by_foreign = foreign.sign(DIGEST, ec.ECDSA(Prehashed(hashes.SHA256())))
    order = AuthenticateOrder(scheme=SignatureScheme.RSASSA_PKCS1_V1_5, digest=DIGEST)
    await refused(order, by_weak, certificate(weak))
    await refused(AuthenticateOrder(scheme=ECDSA, digest=DIGEST), by_foreign, certificate(foreign))


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=90))
async def test_nothing_else_passes_or_crashes(signature: bytes) -> None:
    await refused(AuthenticateOrder(scheme=RAW, digest=DIGEST), signature, DERS["brainpool"])


def test_a_token_is_signed_as_the_key_wants() -> None:
    told = {name: JUDGE.algorithm(der) for name, der in DERS.items() if name != "p384"}
    assert told == {"brainpool": JwsAlgorithm.BP256R1, "p256": JwsAlgorithm.ES256, "rsa": JwsAlgorithm.PS256}
    for der, reason in ((DERS["p384"], Reason.CERTIFICATE_MISSING), (b"none", Reason.KONNEKTOR_ANSWER_INVALID)):
        with pytest.raises(WorldError) as error:
            JUDGE.algorithm(der)
        assert error.value.failure.reason is reason
