"""Certificates of a practice in which each card has another trouble: told with an owner, and never green by silence."""

import uuid
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.certificate.v1 import certificate_pb2
from kartenwart.api.failure.v1 import failure_pb2
from kartenwart.api.inventory.v1 import inventory_service_pb2
from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.client import CallFailed, Kartenwart
from kartenwart.client.failures import JobFailed
from tests.integration.practice.desk import bound
from tests.integration.practice.staff import Staffed, staffed, world
from tests.practice import Practice, practice

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("practice-certificates"),
]

TROUBLES = (
    ('iccsn = "80276001011699900101"', 'iccsn = "80276001011699900101"\nvalid_days = -1'),
    ('iccsn = "80276001011699900201"', 'iccsn = "80276001011699900201"\ngeneration = "G2.0"'),
    ('iccsn = "80276001011699900202"', 'iccsn = "80276001011699900202"\nvalid_days = 40\nrevoked = true'),
    ('label = "Empfang"', 'label = "Empfang"\ngsmckt_valid_days = -5'),
    ('cetp = "tls"', 'cetp = "tls"\ngsmck_valid_days = 150'),
)
OK, SOON, EXPIRED, RSA_ONLY, UNKNOWN = (
    certificate_pb2.CERTIFICATE_VERDICT_OK,
    certificate_pb2.CERTIFICATE_VERDICT_EXPIRES_SOON,
    certificate_pb2.CERTIFICATE_VERDICT_EXPIRED,
    certificate_pb2.CERTIFICATE_VERDICT_RSA_ONLY,
    certificate_pb2.CERTIFICATE_VERDICT_UNKNOWN,
)
States = dict[str, certificate_pb2.CertificateState]


def today() -> date:
    return datetime.now(UTC).date()


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="staff")
async def _staff(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Staffed]:
    folder = tmp_path_factory.mktemp("certificates")
    async with practice(folder, world(folder, *TROUBLES)) as here, staffed(here, ("adler",)) as staff:
        await here.card(staff.box, "HBA", "0202")
        yield staff


async def states(box: Kartenwart, *, refresh: bool = True) -> States:
    """Return what is told, by what carries it: ICCSN tail of a card, label of a terminal, "Konnektor"."""
    tails = {card.name: card.iccsn_tail or "eGK" for card in await box.cards.list()}
    found = await box.certificates.list(refresh=refresh)
    return {tails.get(one.card) or one.label or "Konnektor": one for one in found}


async def asked(here: Practice) -> int:
    """Return how often the Konnektor was asked for expirations."""
    counted: int = (await here.simulator.ask("/counts"))["operations"].get("CheckCertificateExpiration", 0)
    return counted


async def test_each_trouble_is_told_with_words_and_owner(staff: Staffed) -> None:
    found = await states(staff.box)
    verdicts = {name: state.verdict for name, state in found.items()}
    assert verdicts == {
        "Konnektor": SOON,
        "Empfang": EXPIRED,
        "Sprechzimmer": OK,
        "0101": EXPIRED,
        "0201": RSA_ONLY,
        "0202": SOON,
        "eGK": OK,
    }
    for name, state in found.items():
        assert state.HasField("failure") == (state.verdict != OK), name
        day = date.fromisoformat(state.expire_date)
        assert state.days_left == (day - today()).days
    owners = {name: state.failure.owner for name, state in found.items() if state.HasField("failure")}
    assert owners == {"Konnektor": 4, "Empfang": 2, "0101": 5, "0201": 5, "0202": 5}
    assert found["0201"].failure.konnektor_code == 4258
    assert (found["0201"].key_algorithm, found["0202"].key_algorithm) == (
        card_pb2.KEY_ALGORITHM_RSA,
        card_pb2.KEY_ALGORITHM_ECC,
    )
    assert found["0202"].telematik_id == "1-10000000202"
    assert [(one.oid, one.name) for one in found["0201"].professions] == [("1.2.276.0.76.4.30", "Ärztin/Arzt")]
    assert found["eGK"].label == ""


async def test_the_inventory_tells_of_certificates_that_end_without_being_asked(staff: Staffed) -> None:
    cards = await staff.box.cards.list()
    told = {card.iccsn_tail: card.condition for card in cards if card.HasField("condition")}
    assert {tail: one.reason for tail, one in told.items()} == {
        "0101": failure_pb2.REASON_CERTIFICATE_EXPIRED,
        "0202": failure_pb2.REASON_CERTIFICATE_EXPIRES_SOON,
    }
    left = (
        date.fromisoformat(next(card.certificate_expiry for card in cards if card.iccsn_tail == "0202")) - today()
    ).days
    assert f"in {left} Tagen" in told["0202"].title
    events = (await staff.box.inventory.events()).events
    seen = [one.detail for one in events if one.type == inventory_service_pb2.EVENT_TYPE_CONDITION_SET]
    assert {"CERTIFICATE_EXPIRED", "CERTIFICATE_EXPIRES_SOON"} <= set(seen)


async def test_an_answer_is_kept_until_cards_change_or_somebody_wants_a_fresh_one(staff: Staffed) -> None:
    await states(staff.box)
    before = await asked(staff.practice)
    assert (await states(staff.box, refresh=False))["0202"].verdict == SOON
    assert await asked(staff.practice) == before
    await states(staff.box)
    assert await asked(staff.practice) > before


async def test_others_see_their_own_mandants_only(staff: Staffed) -> None:
    here = staff.practice
    profile = await here.workstation("Nachbar", role="WORKSTATION", contexts=("nachbar",))
    async with here.connected(profile) as box:
        await here.card(box, "SMC_B", "0102")
        found = await states(box)
        assert set(found) == {"Konnektor", "Empfang", "0102", "eGK"}
        assert found["0102"].verdict == OK
        with pytest.raises(CallFailed) as refused:
            await box.certificates.verify(b"0" * 10, context="contexts/sprechzimmer")
        assert refused.value.failure.reason == "OUT_OF_SCOPE"


async def test_what_the_konnektor_does_not_tell_is_unknown(staff: Staffed) -> None:
    """What it told before is not forgotten for that, and not green either."""
    here = staff.practice
    before = await states(staff.box)
    await here.simulator.fault("CheckCertificateExpiration", "soap_fault", times=-1, code=4001)
    try:
        found = await states(staff.box)
    finally:
        await here.simulator.do(f"/konnektors/{here.simulator.konnektor['name']}/faults", method="DELETE")
    assert {name: state.verdict for name, state in found.items() if name != "eGK"} == {
        "Konnektor": SOON,
        "Empfang": EXPIRED,
        "Sprechzimmer": UNKNOWN,
        "0101": EXPIRED,
        "0201": RSA_ONLY,
        "0202": SOON,
    }
    now, then = found["Sprechzimmer"], before["Sprechzimmer"]
    assert now.failure.konnektor_code == 4001
    assert (now.days_left, now.check_time) == (then.days_left, then.check_time)


async def test_a_konnektor_says_whether_a_certificate_holds(staff: Staffed, tmp_path: Path) -> None:
    cards = staff.practice.simulator.folder / "pki" / "cards"

    def der(card: str) -> bytes:
        pem = (cards / card / "1" / "C.AUT.pem").read_bytes()
        return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)

    verify = staff.box.certificates.verify
    assert (await verify(der("smcb-m2"))).status == certificate_pb2.CERTIFICATE_STATUS_VALID
    roles = (await verify(der("hba-adler"))).professions
    assert [one.name for one in roles] == ["Ärztin/Arzt"]
    for card in ("smcb-m1", "hba-brandt"):  # expired, revoked
        assert (await verify(der(card))).status == certificate_pb2.CERTIFICATE_STATUS_INVALID
    earlier = datetime.now(UTC) - timedelta(days=30)
    assert (await verify(der("smcb-m1"), at=earlier)).status == certificate_pb2.CERTIFICATE_STATUS_VALID
    with pytest.raises(CallFailed) as refused:
        await verify(b"no certificate")
    assert refused.value.failure.reason == "INVALID_ARGUMENT"


async def test_a_doctor_with_an_old_card_is_not_asked_for_a_pin(staff: Staffed) -> None:
    simulator = staff.practice.simulator
    hba = await staff.practice.card(staff.box, "HBA", "0201")
    await bound(staff.practice, staff.box, hba, "users/adler")
    before = await simulator.counts("hba-adler")
    with pytest.raises((JobFailed, CallFailed)) as refused:
        await staff.box.sign(
            b"<a/>",
            mime_type="text/plain",
            format=signature_pb2.SIGNATURE_FORMAT_CADES_DETACHED,
            request_id=str(uuid.uuid4()),
            card=hba,
            user="users/adler",
            context="contexts/sprechzimmer",
            accept_unknown_attempts=True,
        )
    assert refused.value.failure.reason == "CERTIFICATE_RSA_ONLY"
    after = await simulator.counts("hba-adler")
    assert after["pin_prompts"] == before["pin_prompts"]
    assert after["sign_document_calls"] == before["sign_document_calls"] == 0


@pytest.mark.parametrize("left_out", ['expirations = "without_gsmckt"'])
async def test_firmware_that_leaves_terminals_out_makes_them_unknown(
    tmp_path_factory: pytest.TempPathFactory, left_out: str
) -> None:
    folder = tmp_path_factory.mktemp("left-out")
    quiet = world(folder, ("[konnektors.behaviour]", f"[konnektors.behaviour]\n{left_out}"))
    async with practice(folder, quiet) as here, here.technician() as box:
        await here.card(box, "HBA", "0201")
        found = await states(box)
        silent = {name for name, state in found.items() if state.verdict == UNKNOWN}
        assert silent == {"Empfang", "Sprechzimmer"}
        assert _reasons(found.values()) == {"REASON_CERTIFICATE_UNCHECKED"}


def _reasons(found: Iterable[certificate_pb2.CertificateState]) -> set[str]:
    return {failure_pb2.Reason.Name(one.failure.reason) for one in found if one.HasField("failure")}
