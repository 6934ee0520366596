import pytest

from kartenwart.domain.failures import CallerError, Reason, WorldError
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm
from tests.unit.operations.practice import DESK, EGK, HBA, SMCB, Practice, caller, named

AUT, ENC = CertificateReference.AUT, CertificateReference.ENC


async def test_ecc_first_and_rsa_where_there_is_no_ecc(practice: Practice) -> None:
    practice.konnektor.certificates = {(AUT, KeyAlgorithm.ECC): b"E", (AUT, KeyAlgorithm.RSA): b"R"}
    read = practice.certificates.read
    assert (await read(caller(), named(SMCB), DESK, AUT, None, "")).der == b"E"
    assert (await read(caller(), named(SMCB), DESK, AUT, KeyAlgorithm.RSA, "")).der == b"R"
    del practice.konnektor.certificates[AUT, KeyAlgorithm.ECC]
    assert (await read(caller(), named(SMCB), DESK, AUT, None, "")).algorithm is KeyAlgorithm.RSA
    for reference, algorithm in ((AUT, KeyAlgorithm.ECC), (ENC, None)):
        with pytest.raises(WorldError) as missing:
            await read(caller(), named(SMCB), DESK, reference, algorithm, "")
        assert missing.value.failure.reason is Reason.CERTIFICATE_RSA_ONLY


async def test_not_of_patients_and_of_an_hba_only_for_a_user(practice: Practice) -> None:
    for card, reason in ((EGK, Reason.CARD_TYPE_WRONG), (HBA, Reason.INVALID_ARGUMENT)):
        with pytest.raises(CallerError) as refused:
            await practice.certificates.read(caller(), named(card), DESK, AUT, None, "")
        assert refused.value.failure.reason is reason
    user = await practice.people.create("users/arzt1", "Dr. A")
    practice.konnektor.certificates = {(AUT, KeyAlgorithm.ECC): b"E"}
    await practice.certificates.read(caller(), named(HBA), DESK, AUT, None, "users/arzt1")
    assert [call.user_id for call in practice.konnektor.calls] == [user.konnektor_user_id]
