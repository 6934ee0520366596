"""Cards' own keys on a whole practice: signatures for authentication, logins, encryption; each checked by others."""

import asyncio
import base64
import hashlib
import json
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from kartenwart.api.authentication.v1 import authentication_service_pb2 as authentication_pb2
from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.client import CallFailed, JobFailed, Kartenwart, OutcomeUnknown
from tests.integration.practice.desk import (
    AT_THE_RECEPTION,
    EMPFANG,
    SPRECHZIMMER,
    assert_for_people,
    bound,
    entered,
    pin_entry,
)
from tests.integration.practice.staff import Staffed, staffed, world
from tests.practice import practice

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("practice-card-keys"),
]

ADLER = "users/adler"
CHALLENGE = "eyJhbGciOiJCUDI1NlIxIn0.eyJzY29wZSI6ImUtcmV6ZXB0In0.c2lnbmVk"
LETTER = b"%PDF- a letter \x00\xff"
DER, RAW = authentication_pb2.SIGNATURE_SCHEME_ECDSA_DER, authentication_pb2.SIGNATURE_SCHEME_ECDSA_RAW
PSS = authentication_pb2.SIGNATURE_SCHEME_RSASSA_PSS
PKCS1 = authentication_pb2.SIGNATURE_SCHEME_RSASSA_PKCS1_V1_5
SHA256 = ec.ECDSA(hashes.SHA256())


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="staff")
async def _staff(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Staffed]:
    """The practice, in which the neighbours' SMC-B is of the old generation; all cards are unlocked."""
    folder = tmp_path_factory.mktemp("practice")
    old = world(folder, ('name = "smcb-m2"\n', 'name = "smcb-m2"\ngeneration = "G2.0"\n'))
    always = "\n[cards]\nrsa_until = 2999-12-31\n"
    async with practice(folder, old, always) as here, staffed(here, ("adler", "brandt")) as staff:
        await bound(here, staff.box, await here.card(staff.box, "HBA", "0201"), ADLER)
        await here.simulator.plays(AT_THE_RECEPTION, {"action": "type_right"})
        await entered(staff.box, pin_entry(await here.card(staff.box, "SMC_B"), context=EMPFANG))
        yield staff


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="neighbour")
async def _neighbour(staff: Staffed) -> AsyncIterator[Kartenwart]:
    """A workstation of the other mandant, with its SMC-B unlocked."""
    here = staff.practice
    profile = await here.workstation("Nachbar", role="WORKSTATION", contexts=("nachbar",))
    async with here.connected(profile) as box:
        await here.simulator.plays(AT_THE_RECEPTION, {"action": "type_right"})
        card = await here.card(box, "SMC_B")
        await entered(box, pin_entry(card, context="contexts/nachbar"))
        yield box


def authenticate(card: str, **wishes: Any) -> authentication_pb2.ExternalAuthenticateRequest:
    defaults: dict[str, Any] = {"request_id": str(uuid.uuid4()), "context": EMPFANG, "scheme": DER}
    defaults |= {} if "digest" in wishes else {"data": b"challenge"}
    return authentication_pb2.ExternalAuthenticateRequest(card=card, **(defaults | wishes))


def login(card: str, **wishes: Any) -> authentication_pb2.CreateLoginTokenRequest:
    defaults: dict[str, Any] = {"request_id": str(uuid.uuid4()), "context": EMPFANG, "challenge": CHALLENGE}
    return authentication_pb2.CreateLoginTokenRequest(card=card, **(defaults | wishes))


async def public_key(box: Kartenwart, card: str, context: str = EMPFANG, user: str = "") -> Any:
    read = await box.cards.certificate(card, card_pb2.CERTIFICATE_REFERENCE_AUT, context=context, user=user)
    return x509.load_der_x509_certificate(read.der).public_key()


async def test_a_practice_card_signs_a_hash_as_der_and_raw(staff: Staffed) -> None:
    box = staff.box
    card = await staff.practice.card(box, "SMC_B")
    key = await public_key(box, card)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(await box.authentication.sign(authenticate(card)), b"challenge", SHA256)
    digest = hashlib.sha256(b"other").digest()
    raw = await box.authentication.sign(authenticate(card, scheme=RAW, digest=digest))
    numbers = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
    assert len(raw) == 64
    key.verify(encode_dss_signature(*numbers), b"other", SHA256)


@pytest.mark.parametrize("kind", ["SMC_B", "HBA"])
async def test_a_login_answers_the_challenge(staff: Staffed, kind: str) -> None:
    box, user = staff.box, ADLER if kind == "HBA" else ""
    context = SPRECHZIMMER if user else EMPFANG
    card = await staff.practice.card(box, kind, "0201" if user else "")
    token = await box.authentication.log_in(login(card, user=user, context=context))
    header, payload, signature = (decoded(part) for part in token.split(b"."))
    told = json.loads(header)
    assert {name: told[name] for name in told if name != "x5c"} == {"alg": "BP256R1", "typ": "JWT", "cty": "NJWT"}
    assert json.loads(payload) == {"njwt": CHALLENGE}
    key = x509.load_der_x509_certificate(base64.b64decode(told["x5c"][0])).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    numbers = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    key.verify(encode_dss_signature(*numbers), token.rpartition(b".")[0], SHA256)
    assert key == await public_key(box, card, context, user)


async def test_an_old_card_signs_with_rsa(staff: Staffed, neighbour: Kartenwart) -> None:
    card = await staff.practice.card(neighbour, "SMC_B")
    context = "contexts/nachbar"
    key = await public_key(neighbour, card, context)
    assert isinstance(key, rsa.RSAPublicKey)
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    signature = await neighbour.authentication.sign(authenticate(card, scheme=PSS, context=context))
    key.verify(signature, b"challenge", pss, hashes.SHA256())
    digest = hashlib.sha512(b"long").digest()
    signature = await neighbour.authentication.sign(authenticate(card, scheme=PKCS1, digest=digest, context=context))
    key.verify(signature, b"long", padding.PKCS1v15(), hashes.SHA512())
    token = await neighbour.authentication.log_in(login(card, context=context))
    assert json.loads(decoded(token.split(b".")[0]))["alg"] == "PS256"
    key.verify(decoded(token.split(b".")[2]), token.rpartition(b".")[0], pss, hashes.SHA256())
    with pytest.raises(JobFailed) as failed:
        await neighbour.authentication.sign(authenticate(card, context=context))
    assert failed.value.reason == "CERTIFICATE_RSA_ONLY"


async def test_a_corrupt_signature_is_never_handed_out(staff: Staffed) -> None:
    box, sim = staff.box, staff.practice.simulator
    card = await staff.practice.card(box, "SMC_B")
    before = (await sim.counts("smcb-m1"))["authentications"]
    calls: tuple[Callable[[], Awaitable[bytes]], ...] = (
        lambda: box.authentication.sign(authenticate(card)),
        lambda: box.authentication.log_in(login(card)),
    )
    for call in calls:
        await sim.fault("ExternalAuthenticate", "corrupt_signature")
        with pytest.raises(JobFailed) as failed:
            await call()
        assert failed.value.reason == "SIGNATURE_INVALID"
        assert not failed.value.job.authenticate.output
    assert (await sim.counts("smcb-m1"))["authentications"] == before + 2, "nothing is repeated"


async def test_a_lost_answer_stays_unknown_and_is_not_repeated(staff: Staffed) -> None:
    box, sim = staff.box, staff.practice.simulator
    card = await staff.practice.card(box, "SMC_B")
    before = (await sim.counts("smcb-m1"))["authentications"]
    await sim.fault("ExternalAuthenticate", "cut", bytes=200)
    request = authenticate(card)
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            await box.authentication.sign(request)
    assert (await sim.counts("smcb-m1"))["authentications"] == before + 1


async def test_rights_and_wrong_requests(staff: Staffed, neighbour: Kartenwart) -> None:
    box = staff.box
    hba, smcb = await staff.practice.card(box, "HBA", "0201"), await staff.practice.card(box, "SMC_B")
    refusals = (
        (box, authenticate(hba, user="users/brandt", context=SPRECHZIMMER), "USER_NOT_BOUND"),
        (box, authenticate(hba, context=SPRECHZIMMER), "INVALID_ARGUMENT"),
        (box, authenticate(smcb, digest=bytes(48)), "INVALID_ARGUMENT"),
        (box, authenticate(smcb, digest=bytes(31)), "INVALID_ARGUMENT"),
        (
            box,
            authentication_pb2.ExternalAuthenticateRequest(request_id=str(uuid.uuid4()), card=smcb, scheme=DER),
            "INVALID_ARGUMENT",
        ),
        (neighbour, authenticate(smcb), "OUT_OF_SCOPE"),
        (neighbour, authenticate(smcb, context="contexts/nachbar"), "NOT_FOUND"),
        (staff.technician, authenticate(smcb), "ROLE_MISSING"),
    )
    for who, request, reason in refusals:
        with pytest.raises(CallFailed) as refused:
            await who.authentication.start(request)
        assert refused.value.reason == reason, request


async def test_what_is_encrypted_for_two_each_can_open(staff: Staffed) -> None:
    box = staff.box
    smcb, hba = await staff.practice.card(box, "SMC_B"), await staff.practice.card(box, "HBA", "0201")
    read = await box.cards.certificate(hba, card_pb2.CERTIFICATE_REFERENCE_ENC, context=SPRECHZIMMER, user=ADLER)
    sealed = await box.encryption.encrypt(
        LETTER, mime_type="application/pdf", certificates=[read.der], card=smcb, context=EMPFANG
    )
    assert LETTER not in sealed
    assert await box.encryption.decrypt(sealed, card=smcb, context=EMPFANG) == LETTER
    assert await box.encryption.decrypt(sealed, card=hba, context=SPRECHZIMMER, user=ADLER) == LETTER


async def test_who_cannot_be_reached_is_named(staff: Staffed) -> None:
    box = staff.box
    smcb = await staff.practice.card(box, "SMC_B")
    wrong = await box.cards.certificate(smcb, card_pb2.CERTIFICATE_REFERENCE_AUT, context=EMPFANG)
    right = await box.cards.certificate(smcb, card_pb2.CERTIFICATE_REFERENCE_ENC, context=EMPFANG)
    with pytest.raises(CallFailed) as refused:
        await box.encryption.encrypt(
            LETTER, mime_type="application/pdf", certificates=[right.der, wrong.der], context=EMPFANG
        )
    assert (refused.value.reason, refused.value.failure.konnektor_code) == ("RECIPIENT_UNSUITABLE", 4259)
    assert [one.field for one in refused.value.failure.violations] == ["certificates[1]"]
    assert_for_people(refused.value.failure)


async def test_what_does_not_open_says_why(staff: Staffed, neighbour: Kartenwart) -> None:
    box = staff.box
    smcb = await staff.practice.card(box, "SMC_B")
    foreign = await staff.practice.card(neighbour, "SMC_B")
    context = "contexts/nachbar"
    for_others = await neighbour.encryption.encrypt(LETTER, mime_type="text/plain", card=foreign, context=context)
    assert await neighbour.encryption.decrypt(for_others, card=foreign, context=context) == LETTER
    own = await box.encryption.encrypt(LETTER, mime_type="text/plain", card=smcb, context=EMPFANG)
    changed = own[:-1] + bytes([own[-1] ^ 1])
    for sealed, code in ((for_others, 4106), (b"no CMS", 4107), (changed, 4109)):
        with pytest.raises(CallFailed) as failed:
            await box.encryption.decrypt(sealed, card=smcb, context=EMPFANG)
        assert (failed.value.reason, failed.value.failure.konnektor_code) == ("DECRYPTION_FAILED", code)
        assert_for_people(failed.value.failure)


async def test_a_large_document_passes(staff: Staffed) -> None:
    box = staff.box
    smcb = await staff.practice.card(box, "SMC_B")
    large = os.urandom(7 * 1024 * 1024)  # in base64 more than lxml takes unasked
    sealed = await box.encryption.encrypt(large, mime_type="application/pdf", card=smcb, context=EMPFANG)
    assert await box.encryption.decrypt(sealed, card=smcb, context=EMPFANG) == large


async def test_nothing_of_it_stays_in_the_journal_or_the_audit(staff: Staffed) -> None:
    box = staff.box
    smcb = await staff.practice.card(box, "SMC_B")
    token = await box.authentication.log_in(login(smcb, challenge="marked-challenge"))
    sealed = await box.encryption.encrypt(b"marked-letter", mime_type="text/plain", card=smcb, context=EMPFANG)
    assert await box.encryption.decrypt(sealed, card=smcb, context=EMPFANG) == b"marked-letter"
    jobs = (await box.jobs.page(100)).jobs
    records = list((await staff.technician.audit.page(1000)).records)
    told = staff.practice.agent.said + repr(jobs) + repr(records)
    for marked in ("marked-challenge", "marked-letter", token.decode()):
        assert marked not in told
    actions = {record.action for record in records}
    assert "kartenwart.api.encryption.v1.EncryptionService/DecryptDocument" in actions
    kinds = {job.kind for job in jobs}
    assert {job_pb2.JOB_KIND_EXTERNAL_AUTHENTICATE, job_pb2.JOB_KIND_CREATE_LOGIN_TOKEN} <= kinds


async def test_a_locked_card_is_not_asked(staff: Staffed) -> None:
    """The last one: it boots the Konnektor, and everything is locked afterwards."""
    box, sim = staff.box, staff.practice.simulator
    card = await staff.practice.card(box, "SMC_B")
    await sim.do("/konnektors/konnektor/reboot", down_seconds=0.1, wait=True)
    before = await sim.counts("smcb-m1")
    calls: tuple[Callable[[], Awaitable[bytes]], ...] = (
        lambda: box.authentication.sign(authenticate(card)),
        lambda: box.authentication.log_in(login(card)),
        lambda: box.encryption.decrypt(LETTER, card=card, context=EMPFANG),
    )
    for call in calls:
        with pytest.raises(CallFailed) as failed:
            await retried(call)
        assert failed.value.reason == "PIN_NOT_VERIFIED"
        assert_for_people(failed.value.failure)
    after = await sim.counts("smcb-m1")
    for operation in ("ExternalAuthenticate", "DecryptDocument"):
        assert after["operations"].get(operation) == before["operations"].get(operation)


async def retried(call: Any) -> Any:
    """Call until the Konnektor is back and its cards are seen again."""
    for _ in range(40):
        try:
            return await call()
        except CallFailed as error:
            if not error.reason.startswith(("KONNEKTOR_", "CARD_REMOVED", "AGENT_")):
                raise
            await asyncio.sleep(0.25)
    raise AssertionError("the Konnektor did not come back")


def decoded(part: bytes) -> bytes:
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
