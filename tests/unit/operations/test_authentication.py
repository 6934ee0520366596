"""Signatures for authentication and logins: checked before, sent once, verified after; nothing else leaves."""

import base64
import hashlib
import json
from typing import Any

import pytest

from kartenwart.domain.authentication import SignatureScheme
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Reason, WorldError
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm, Pin, PinStatus
from kartenwart.domain.jobs import AuthenticateResult, Job, JobState
from kartenwart.domain.ports.cards import PinReading
from kartenwart.domain.principals import Role
from kartenwart.operations.authentication import ExternalAuthenticateOrder, LoginOrder
from tests.unit.operations.practice import DESK, HBA, ROOM, SMCB, Practice, caller, named

DIGEST = "ab" * 32
LOCKED = PinReading(status=PinStatus.VERIFIABLE, attempts_left=3)
OPEN = PinReading(status=PinStatus.VERIFIED, attempts_left=None)


def order(**wishes: Any) -> ExternalAuthenticateOrder:
    defaults: dict[str, Any] = {"card": named(SMCB), "context": DESK, "user": "", "request_id": "r-1"}
    defaults |= {"scheme": SignatureScheme.ECDSA_DER, "digest": DIGEST}
    return ExternalAuthenticateOrder(**(defaults | wishes))


def login(**wishes: Any) -> LoginOrder:
    defaults: dict[str, Any] = {"card": named(SMCB), "context": DESK, "user": "", "request_id": "r-1"}
    return LoginOrder(**(defaults | {"challenge": 'a.b"c.d'} | wishes))


@pytest.fixture
def ready(practice: Practice) -> Practice:
    """An SMC-B that is unlocked at the desk and has an elliptic-curve key."""
    practice.konnektor.readings[DESK, Pin.SMC] = OPEN
    practice.konnektor.certificates[CertificateReference.AUT, KeyAlgorithm.ECC] = b"E"
    practice.konnektor.go.set()
    return practice


async def ended(practice: Practice, job: Job) -> Job:
    return await practice.jobs.wait(caller(), job.name, 2)


async def result(practice: Practice, job: Job) -> bytes:
    end = await ended(practice, job)
    assert end.state is JobState.SUCCEEDED, end.failure
    assert isinstance(end.result, AuthenticateResult)
    found, data = await practice.documents.download(caller(), end.result.output, 0)
    assert (found.sha256, end.result.output_sha256) == (hashlib.sha256(data).hexdigest(),) * 2
    return data


async def test_an_unlocked_card_signs_a_hash(ready: Practice) -> None:
    job = await ready.authentications.authenticate(caller(), order())
    assert await result(ready, job) == b"signed " + bytes.fromhex(DIGEST)
    assert ready.konnektor.verbs_sent == 1
    assert ("job.ended", "SUCCEEDED") in ready.actions()


async def test_the_same_request_signs_once(ready: Practice) -> None:
    first = await ready.authentications.authenticate(caller(), order())
    await ended(ready, first)
    again = await ready.authentications.authenticate(caller(), order())
    assert (again.name, ready.konnektor.verbs_sent) == (first.name, 1)
    with pytest.raises(CallerError) as refused:
        await ready.authentications.authenticate(caller(), order(digest="cd" * 32))
    assert refused.value.failure.reason is Reason.REQUEST_ID_REUSED


async def test_a_locked_card_is_not_asked(ready: Practice) -> None:
    ready.konnektor.readings[DESK, Pin.SMC] = LOCKED
    end = await ended(ready, await ready.authentications.authenticate(caller(), order()))
    assert (end.state, end.failure and end.failure.reason) == (JobState.FAILED, Reason.PIN_NOT_VERIFIED)
    assert ready.konnektor.verbs_sent == 0


async def test_a_signature_that_does_not_verify_stays_inside(ready: Practice) -> None:
    ready.konnektor.answer = None
    ready.konnektor.authenticate = corrupt(ready)  # type: ignore[method-assign]  # the port is played by the test
    end = await ended(ready, await ready.authentications.authenticate(caller(), order()))
    assert (end.state, end.failure and end.failure.reason) == (JobState.FAILED, Reason.SIGNATURE_INVALID)
    assert end.result is None
    assert await ready.vault.held(None) == ()


def corrupt(practice: Practice) -> Any:
    async def signs_wrongly(call: Any, wanted: Any, before_send: Any) -> bytes:
        await before_send()
        practice.konnektor.verbs_sent += 1
        return b"signed " + bytes(len(wanted.digest))

    return signs_wrongly


async def test_a_lost_answer_stays_unknown(ready: Practice) -> None:
    ready.konnektor.answer = WorldError(failure(Reason.KONNEKTOR_SILENT))
    end = await ended(ready, await ready.authentications.authenticate(caller(), order()))
    assert end.state is JobState.OUTCOME_UNKNOWN
    assert ready.konnektor.verbs_sent == 1


async def test_a_scheme_takes_its_kind_of_key_and_hash(ready: Practice) -> None:
    rsa = order(scheme=SignatureScheme.RSASSA_PSS)
    end = await ended(ready, await ready.authentications.authenticate(caller(), rsa))
    assert end.failure is not None
    assert end.failure.reason is Reason.CERTIFICATE_RSA_ONLY  # what the played Konnektor says to any other kind
    ready.konnektor.certificates[CertificateReference.AUT, KeyAlgorithm.RSA] = b"R"
    long = order(request_id="r-2", scheme=SignatureScheme.RSASSA_PKCS1_V1_5, digest="ef" * 64)
    assert await result(ready, await ready.authentications.authenticate(caller(), long)) == b"signed " + b"\xef" * 64
    for scheme in (SignatureScheme.ECDSA_RAW, SignatureScheme.RSASSA_PSS):
        with pytest.raises(CallerError) as refused:
            await ready.authentications.authenticate(caller(), order(request_id="r-3", scheme=scheme, digest="ef" * 64))
        assert refused.value.violations[0].field == "digest"


async def test_a_certificate_of_another_kind_than_asked_for_is_none(ready: Practice) -> None:
    """CertificateService 6.0.0 cannot be asked for a kind of key, and gives what there is."""
    ready.konnektor.certificates[CertificateReference.AUT, KeyAlgorithm.ECC] = b"R"
    end = await ended(ready, await ready.authentications.authenticate(caller(), order()))
    assert (end.failure and end.failure.reason, ready.konnektor.verbs_sent) == (Reason.CERTIFICATE_MISSING, 0)


async def test_a_doctors_card_signs_for_its_own_user(ready: Practice) -> None:
    ready.konnektor.readings[ROOM, Pin.CH] = OPEN
    wanted = order(card=named(HBA), context=ROOM, user="users/arzt1")
    await ready.people.create("users/arzt1", "Dr. A", frozenset({"m1"}))
    with pytest.raises(CallerError) as refused:
        await ready.authentications.authenticate(caller(), wanted)
    assert refused.value.failure.reason is Reason.USER_NOT_BOUND
    await ready.people.bind("users/arzt1", named(HBA), "m1")
    with pytest.raises(CallerError) as refused:
        await ready.authentications.authenticate(caller(role=Role.WORKSTATION), wanted)
    assert refused.value.failure.reason is Reason.ROLE_MISSING
    assert await result(ready, await ready.authentications.authenticate(caller(), wanted))
    assert ready.konnektor.verbs_sent == 1


async def test_a_login_is_a_jws_around_the_challenge(ready: Practice) -> None:
    token = await result(ready, await ready.authentications.log_in(caller(), login()))
    header, payload, signature = (_decoded(part) for part in token.split(b"."))
    assert json.loads(header) == {
        "alg": "BP256R1",
        "typ": "JWT",
        "cty": "NJWT",
        "x5c": [base64.b64encode(b"E").decode()],
    }
    assert json.loads(payload) == {"njwt": 'a.b"c.d'}
    (hashed,) = ready.konnektor.hashes
    assert hashed.scheme is SignatureScheme.ECDSA_RAW
    assert hashed.digest == hashlib.sha256(token.rpartition(b".")[0]).digest()
    assert signature == b"signed " + hashed.digest


async def test_an_old_card_logs_in_with_rsa(ready: Practice) -> None:
    ready.konnektor.certificates = {(CertificateReference.AUT, KeyAlgorithm.RSA): b"R"}
    token = await result(ready, await ready.authentications.log_in(caller(), login()))
    assert json.loads(_decoded(token.split(b".")[0]))["alg"] == "PS256"
    assert ready.konnektor.hashes[0].scheme is SignatureScheme.RSASSA_PSS


async def test_from_a_day_on_no_card_signs_with_rsa(ready: Practice) -> None:
    ready.konnektor.certificates = {(CertificateReference.AUT, KeyAlgorithm.RSA): b"R"}
    ready.clock.move(seconds=10 * 24 * 3600)
    await result(ready, await ready.authentications.log_in(caller(), login(request_id="r-1")))
    ready.clock.move(seconds=24 * 3600)
    end = await ended(ready, await ready.authentications.log_in(caller(), login(request_id="r-2")))
    chosen = order(request_id="r-3", scheme=SignatureScheme.RSASSA_PSS)
    other = await ended(ready, await ready.authentications.authenticate(caller(), chosen))
    for one, words in ((end, "alten Generation"), (other, "nur bis 01.12.2026")):
        assert one.failure is not None
        assert one.failure.reason is Reason.CERTIFICATE_RSA_ONLY
        assert words in one.failure.title
    assert ready.konnektor.verbs_sent == 1


async def test_a_challenge_is_of_a_bearable_size_and_stands_in_no_record(ready: Practice) -> None:
    for challenge in ("", "x" * (16 * 1024 + 1)):
        with pytest.raises(CallerError):
            await ready.authentications.log_in(caller(), login(challenge=challenge))
    job = await ready.authentications.log_in(caller(), login(challenge="marked-challenge"))
    end = await ended(ready, job)
    assert "marked-challenge" not in repr(end)
    assert "marked-challenge" not in repr(ready.store.audit)
    assert "marked-challenge" not in repr(login(challenge="marked-challenge"))


def _decoded(part: bytes) -> bytes:
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
