"""What a reader does in a laboratory only: refused unless switched on, and then once."""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from kartenwart.domain.authentication import SignatureScheme
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm
from kartenwart.domain.patients import ContainerKind
from kartenwart.domain.readers import Laboratory
from tests.integration.readers.conftest import OpenPad, Plug
from tests.integration.readers.desk import Desk, Sent, call

DIGESTS = tuple(hashlib.sha256(text).digest() for text in (b"one", b"two", b"three"))
SCHEME = SignatureScheme.ECDSA_DER


async def test_insurance_data_is_read_where_it_is_switched_on(plug: Plug) -> None:
    async with Desk(Laboratory(insurance_data=True)) as desk:
        plug("egk-muster")
        data = await desk.readers.insurance_data(call(await desk.card()))
        assert data.person is not None
        assert data.insurance is not None
        assert data.undecoded == ()
        assert data.status is not None
        plug("kvk-mueller", slot=1)
        old = await desk.readers.insurance_data(call(await desk.card(slot=1)))
        assert list(old.containers) == [ContainerKind.KVK]
        assert old.person is not None


async def test_nothing_of_it_is_done_unless_switched_on(plug: Plug) -> None:
    async with Desk() as desk:
        inserted = plug("egk-muster")
        card = await desk.card()
        before, sent = len(inserted.commands), Sent()
        for doing in (
            desk.readers.insurance_data(call(card)),
            desk.readers.sign_qualified(call(card), SCHEME, DIGESTS, sent),
        ):
            with pytest.raises(WorldError) as told:
                await doing
            assert (told.value.failure.reason, told.value.sent) == (Reason.LABORATORY_ONLY, False)
        assert (len(inserted.commands), sent.times) == (before, 0)


async def test_hashes_are_signed_after_one_pin(at_pad: OpenPad) -> None:
    async with at_pad("hba-adler", Laboratory(qes=True)) as here:
        here.plays({"pin": "445566"})
        card, sent = await here.call(), Sent()
        signatures = await here.desk.readers.sign_qualified(card, SCHEME, DIGESTS, sent)
        der = await here.desk.readers.read_certificate(card, CertificateReference.QES, KeyAlgorithm.ECC)
        key = x509.load_der_x509_certificate(der).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        for digest, signature in zip(DIGESTS, signatures, strict=True):
            key.verify(signature, digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        assert (sent.times, here.tries) == (1, (1, 1, 0))


async def test_a_wrong_signature_pin_signs_nothing_and_says_what_is_left(at_pad: OpenPad) -> None:
    async with at_pad("hba-adler", Laboratory(qes=True)) as here:
        here.plays({"pin": "445567"})
        with pytest.raises(WorldError) as told:
            await here.desk.readers.sign_qualified(await here.call(), SCHEME, DIGESTS, Sent())
        assert (told.value.failure.reason, told.value.failure.attempts_left) == (Reason.PIN_REJECTED, 2)
        assert told.value.sent
        assert here.tries == (1, 0, 1)
