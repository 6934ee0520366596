"""What is told of certificates: asked once and shared, kept for a while, and unknown where nobody said it."""

import asyncio
from datetime import date, timedelta

import pytest

from kartenwart.domain.catalogue import failure
from kartenwart.domain.certificates import Bearer, CertificateState, CertificateVerdict
from kartenwart.domain.failures import CallerError, Reason, WorldError
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm
from kartenwart.domain.ports.observations import ObservedExpiration
from kartenwart.domain.principals import Caller, Role, Scope
from kartenwart.operations.certificate_survey import KEPT_IN_PART_SECONDS, KEPT_SECONDS
from tests.unit.operations.memory import START
from tests.unit.operations.practice import DESK, EGK, HBA, K1, OTHER, SMCB, Practice, named, observation

AUT = CertificateReference.AUT
TODAY = START.date()
YEARS = TODAY + timedelta(days=1000)
LATER = YEARS + timedelta(days=1)
DESKS = Caller(
    name="workstations/w-1", role=Role.WORKSTATION, scope=Scope(contexts=(DESK,)), mandants=frozenset({"m1"})
)


def told(ct_id: str, handle: str, *, device: bool = False, until: date = YEARS) -> ObservedExpiration:
    return ObservedExpiration(ct_id=ct_id, handle=handle, device=device, valid_until=until)


def well(practice: Practice) -> None:
    """Let the Konnektor tell of everything, all with ECC."""
    practice.konnektor.expiring = {
        ("", None): (
            told("ct-1", "h-kt", device=True),
            told("ct-1", SMCB.handle),
            told("", "", device=True, until=LATER),
            told("ct-1", HBA.handle),
        ),
        (SMCB.handle, None): (told("ct-1", SMCB.handle),),
        (HBA.handle, None): (told("ct-1", HBA.handle),),
    }
    practice.konnektor.certificates = {(AUT, KeyAlgorithm.ECC): b"E"}


async def states(practice: Practice, caller: Caller = DESKS, *, refresh: bool = False) -> dict[str, CertificateState]:
    found = await practice.certificate_surveys.list(caller, refresh=refresh)
    return {state.card or state.terminal or state.konnektor: state for state in found}


def lists(practice: Practice) -> int:
    """Return how often the whole list was asked for."""
    return practice.konnektor.asked.count(f"expirations {DESK}")


def verdicts(found: dict[str, CertificateState]) -> dict[Bearer | str, CertificateVerdict]:
    return {state.card or state.bearer: state.verdict(TODAY) for state in found.values()}


async def test_all_is_well_and_asked_once_until_something_changes(practice: Practice) -> None:
    well(practice)
    found = verdicts(await states(practice))
    assert found.pop(named(EGK)) in (CertificateVerdict.OK, CertificateVerdict.UNKNOWN)
    assert set(found) == {Bearer.KONNEKTOR, Bearer.TERMINAL, named(SMCB), named(HBA)}
    assert set(found.values()) == {CertificateVerdict.OK}
    assert (await states(practice))[K1].valid_until == LATER
    practice.clock.move(seconds=KEPT_SECONDS - 1)
    await states(practice)
    assert lists(practice) == 1
    practice.clock.move(seconds=2)
    await states(practice)
    assert lists(practice) == 2
    practice.keeper.observe(observation(SMCB, EGK))
    assert named(HBA) not in await states(practice)
    assert lists(practice) == 3
    practice.keeper.observe(observation(SMCB))  # a patient's card leaves without another look
    assert named(EGK) not in await states(practice)
    assert lists(practice) == 3


async def test_whoever_wants_it_fresh_gets_it_once_for_all_who_wait(practice: Practice) -> None:
    well(practice)
    await states(practice)
    practice.clock.move(seconds=1)
    await asyncio.gather(*(states(practice, refresh=True) for _ in range(5)))
    assert lists(practice) == 2
    assert (await states(practice))[K1].checked_at == practice.clock.time


async def test_a_card_with_rsa_only_is_an_answer_and_not_a_trouble(practice: Practice) -> None:
    well(practice)
    refusal = WorldError(failure(Reason.CERTIFICATE_RSA_ONLY, code=4258), sent=False)
    practice.konnektor.expiring[HBA.handle, KeyAlgorithm.ECC] = refusal
    practice.konnektor.certificates[AUT, KeyAlgorithm.RSA] = b"R"
    hba = (await states(practice))[named(HBA)]
    assert (hba.algorithm, hba.verdict(TODAY)) == (KeyAlgorithm.RSA, CertificateVerdict.RSA_ONLY)
    practice.clock.move(seconds=KEPT_IN_PART_SECONDS + 1)
    await states(practice)
    assert lists(practice) == 1


@pytest.mark.parametrize("reason", [Reason.KONNEKTOR_SILENT, Reason.KONNEKTOR_FAULT, Reason.KONNEKTOR_SERVICE_MISSING])
async def test_where_the_list_fails_no_card_is_touched_and_all_is_unknown(practice: Practice, reason: Reason) -> None:
    practice.konnektor.expiring = {("", None): WorldError(failure(reason), sent=False)}
    found = await states(practice)
    del found[named(EGK)]
    assert {state.trouble.reason for state in found.values() if state.trouble} == {reason}
    assert all(state.algorithm is None for state in found.values())
    assert verdicts(found)[Bearer.KONNEKTOR] is CertificateVerdict.UNKNOWN
    assert [asked for asked in practice.konnektor.asked if asked.startswith("expirations")] == [f"expirations {DESK}"]
    assert practice.konnektor.calls == []
    practice.clock.move(seconds=KEPT_IN_PART_SECONDS + 1)
    await states(practice)
    assert lists(practice) == 2


async def test_a_look_that_fails_forgets_nothing_and_is_not_green(practice: Practice) -> None:
    well(practice)
    before = await states(practice)
    practice.clock.move(seconds=60)
    practice.konnektor.expiring = {("", None): WorldError(failure(Reason.KONNEKTOR_SILENT), sent=False)}
    found = await states(practice, refresh=True)
    for name in (K1, named(SMCB), named(HBA)):
        now, then = found[name], before[name]
        assert (now.valid_until, now.algorithm, now.checked_at) == (then.valid_until, then.algorithm, then.checked_at)
        assert now.verdict(TODAY) is CertificateVerdict.UNKNOWN
        assert now.trouble is not None
        assert now.trouble.reason is Reason.KONNEKTOR_SILENT
    assert found[K1].verdict(LATER) is CertificateVerdict.EXPIRES_SOON
    well(practice)
    practice.clock.move(seconds=1)
    assert (await states(practice, refresh=True))[named(HBA)].verdict(TODAY) is CertificateVerdict.OK


async def test_what_the_list_leaves_out_is_unknown_and_asked_again_soon(practice: Practice) -> None:
    well(practice)
    listed = practice.konnektor.expiring["", None]
    assert isinstance(listed, tuple)
    practice.konnektor.expiring["", None] = tuple(one for one in listed if not one.device)
    found = verdicts(await states(practice))
    assert (found[Bearer.KONNEKTOR], found[Bearer.TERMINAL]) == (CertificateVerdict.UNKNOWN,) * 2
    assert found[named(SMCB)] is CertificateVerdict.OK


async def test_a_card_in_a_terminal_is_not_taken_for_the_terminals_own(practice: Practice) -> None:
    well(practice)
    practice.konnektor.expiring["", None] = (told("", ""), told("ct-1", "a-card-just-inserted"))
    assert verdicts(await states(practice))[Bearer.TERMINAL] is CertificateVerdict.UNKNOWN


async def test_old_firmware_that_cannot_be_asked_for_ecc_is_believed_only_when_it_shows_an_ecc_key(
    practice: Practice,
) -> None:
    well(practice)
    missing = WorldError(failure(Reason.KONNEKTOR_SERVICE_MISSING), sent=False)
    for handle in (SMCB.handle, HBA.handle):
        practice.konnektor.expiring[handle, KeyAlgorithm.ECC] = missing
    practice.konnektor.certificates = {(AUT, KeyAlgorithm.RSA): b"R"}
    smcb = (await states(practice))[named(SMCB)]
    assert (smcb.algorithm, smcb.verdict(TODAY)) == (None, CertificateVerdict.UNKNOWN)
    practice.konnektor.certificates = {(AUT, KeyAlgorithm.ECC): b"E"}
    practice.clock.move(seconds=1)
    smcb = (await states(practice, refresh=True))[named(SMCB)]
    assert (smcb.algorithm, smcb.trouble) == (KeyAlgorithm.ECC, None)


async def test_a_card_at_whose_pad_somebody_types_is_left_alone_and_asked_afterwards(practice: Practice) -> None:
    well(practice)
    held = practice.cards.inserted(named(HBA), DESK).quick_claims
    await practice.locks.acquire(held)
    looking = asyncio.create_task(states(practice))
    for _ in range(50):
        await asyncio.sleep(0)
    assert not [asked for asked in practice.konnektor.asked if HBA.handle in asked]
    practice.locks.release(held)
    assert (await looking)[named(HBA)].verdict(TODAY) is CertificateVerdict.OK


async def test_only_the_callers_contexts_are_asked(practice: Practice) -> None:
    well(practice)
    await states(practice)
    assert not [asked for asked in practice.konnektor.asked if OTHER in asked]
    with pytest.raises(CallerError) as unknown:
        await practice.certificate_surveys.list(DESKS, "konnektors/k9")
    assert unknown.value.failure.reason is Reason.NOT_FOUND


async def test_contexts_that_see_the_same_card_tell_of_it_once(practice: Practice) -> None:
    well(practice)
    both = Caller(
        name="workstations/w-1",
        role=Role.WORKSTATION,
        scope=Scope(contexts=(DESK, "contexts/sprechzimmer")),
        mandants=frozenset({"m1"}),
    )
    found = await practice.certificate_surveys.list(both)
    keys = [(state.bearer, state.card, state.terminal) for state in found]
    assert len(keys) == len(set(keys))
    assert [state.bearer for state in found][:2] == [Bearer.KONNEKTOR, Bearer.TERMINAL]


async def test_a_certificate_is_verified_by_the_contexts_konnektor(practice: Practice) -> None:
    found = await practice.certificate_surveys.verify(DESK, b"E", None)
    assert found.profession_oids == ("1.2.276.0.76.4.30",)
    assert practice.konnektor.asked == [f"verify_certificate {DESK} b'E' None"]
