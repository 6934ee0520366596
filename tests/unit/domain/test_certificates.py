"""The verdict on a certificate, and the words that go with it."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.domain.catalogue import failure
from kartenwart.domain.certificate_words import condition_of, failure_of
from kartenwart.domain.certificates import (
    SOON_DAYS,
    SOON_DAYS_KONNEKTOR,
    Bearer,
    CertificateState,
    CertificateVerdict,
    profession_name,
)
from kartenwart.domain.failures import Failure, Owner, Reason
from kartenwart.domain.inventory import CardType, KeyAlgorithm

TODAY = date(2026, 11, 22)
OK, SOON, EXPIRED, RSA_ONLY, UNKNOWN = (
    CertificateVerdict.OK,
    CertificateVerdict.EXPIRES_SOON,
    CertificateVerdict.EXPIRED,
    CertificateVerdict.RSA_ONLY,
    CertificateVerdict.UNKNOWN,
)


def state(
    days: int | None,
    algorithm: KeyAlgorithm | None = KeyAlgorithm.ECC,
    *,
    bearer: Bearer = Bearer.CARD,
    card_type: CardType | None = CardType.SMC_B,
    trouble: Failure | None = None,
) -> CertificateState:
    return CertificateState(
        bearer=bearer,
        konnektor="konnektors/k1",
        card_type=card_type,
        looks_at_key=card_type in (CardType.SMC_B, CardType.HBA),
        algorithm=algorithm,
        valid_until=None if days is None else TODAY + timedelta(days=days),
        trouble=trouble,
        checked_at=datetime(2026, 11, 22, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("days", "algorithm", "verdict"),
    [
        (SOON_DAYS + 1, KeyAlgorithm.ECC, OK),
        (SOON_DAYS, KeyAlgorithm.ECC, SOON),
        (0, KeyAlgorithm.ECC, SOON),
        (-1, KeyAlgorithm.ECC, EXPIRED),
        (-1, KeyAlgorithm.RSA, EXPIRED),
        (1000, KeyAlgorithm.RSA, RSA_ONLY),
        (5, KeyAlgorithm.RSA, RSA_ONLY),
        (None, KeyAlgorithm.RSA, RSA_ONLY),
        (1000, None, UNKNOWN),
        (5, None, SOON),
        (None, KeyAlgorithm.ECC, UNKNOWN),
        (None, None, UNKNOWN),
    ],
)
def test_what_is_certainly_wrong_goes_before_what_is_unknown(
    days: int | None, algorithm: KeyAlgorithm | None, verdict: CertificateVerdict
) -> None:
    assert state(days, algorithm).verdict(TODAY) is verdict


def test_a_konnektor_is_warned_of_earlier_and_its_key_does_not_matter() -> None:
    konnektor = {"bearer": Bearer.KONNEKTOR, "card_type": None}
    assert state(SOON_DAYS_KONNEKTOR, None, **konnektor).verdict(TODAY) is SOON  # type: ignore[arg-type]
    assert state(SOON_DAYS_KONNEKTOR + 1, None, **konnektor).verdict(TODAY) is OK  # type: ignore[arg-type]


_STATES = st.builds(
    state,
    st.none() | st.integers(-4000, 4000),
    st.none() | st.sampled_from(list(KeyAlgorithm)),
    bearer=st.sampled_from(list(Bearer)),
    card_type=st.none() | st.sampled_from(list(CardType)),
    trouble=st.none() | st.sampled_from([failure(Reason.KONNEKTOR_SILENT), failure(Reason.KONNEKTOR_FAULT, code=4001)]),
)


@given(_STATES)
def test_only_ok_is_without_words_and_silence_is_never_ok(one: CertificateState) -> None:
    verdict, said = one.verdict(TODAY), failure_of(one, TODAY)
    assert (said is None) == (verdict is OK)
    if one.valid_until is None:
        assert verdict in (UNKNOWN, RSA_ONLY)
    if said is not None:
        for text in (said.title, said.next_step):
            assert text.endswith(".")
            assert 15 < len(text) <= 220
            assert not re.search(r"rechtss[i]cher|zertifiziert", text.lower())
        assert re.search("Bitte|Techniker|Anbieter", said.next_step)


@pytest.mark.parametrize(
    ("bearer", "card_type", "owner", "word"),
    [
        (Bearer.CARD, CardType.SMC_B, Owner.CARD_ISSUER, "Kartenherausgeber"),
        (Bearer.CARD, CardType.EGK, Owner.CARD_ISSUER, "Krankenkasse"),
        (Bearer.TERMINAL, None, Owner.TECHNICIAN, "gSMC-KT"),
        (Bearer.KONNEKTOR, None, Owner.TI_PROVIDER, "Anbieter"),
    ],
)
@pytest.mark.parametrize("days", [-1, 10])
def test_whose_it_is_decides_who_must_act(
    bearer: Bearer, card_type: CardType | None, owner: Owner, word: str, days: int
) -> None:
    said = failure_of(state(days, bearer=bearer, card_type=card_type), TODAY)
    assert said is not None
    assert said.owner is owner
    assert word in said.next_step
    assert f"{TODAY + timedelta(days=days):%d.%m.%Y}" in said.title
    assert said.reason is (Reason.CERTIFICATE_EXPIRED if days < 0 else Reason.CERTIFICATE_EXPIRES_SOON)


@pytest.mark.parametrize(
    ("days", "reason", "words"),
    [
        (SOON_DAYS + 1, None, ""),
        (SOON_DAYS, Reason.CERTIFICATE_EXPIRES_SOON, "in 90 Tagen"),
        (1, Reason.CERTIFICATE_EXPIRES_SOON, "also morgen"),
        (0, Reason.CERTIFICATE_EXPIRES_SOON, "also heute"),
        (-1, Reason.CERTIFICATE_EXPIRED, "am 21.11.2026 abgelaufen"),
    ],
)
def test_of_a_card_of_the_practice_it_is_told_in_time(days: int, reason: Reason | None, words: str) -> None:
    for card_type in (CardType.SMC_B, CardType.HSM_B, CardType.HBA, CardType.HBA_QSIG):
        told = condition_of(card_type, TODAY + timedelta(days=days), TODAY)
        assert (told.reason if told else None) is reason
        assert words in (told.title if told else "")
    for card_type in (CardType.EGK, CardType.KVK, CardType.UNKNOWN):
        assert condition_of(card_type, TODAY, TODAY) is None
    assert condition_of(CardType.SMC_B, None, TODAY) is None


def test_what_was_known_before_a_trouble_is_not_green() -> None:
    silent = failure(Reason.KONNEKTOR_SILENT)
    known = state(1000, KeyAlgorithm.ECC, trouble=silent)
    assert (known.verdict(TODAY), failure_of(known, TODAY)) == (UNKNOWN, silent)
    assert state(-1, KeyAlgorithm.ECC, trouble=silent).verdict(TODAY) is EXPIRED


def test_what_the_konnektor_said_goes_before_our_words_of_not_knowing() -> None:
    silent = failure(Reason.KONNEKTOR_SILENT)
    assert failure_of(state(None, None, trouble=silent), TODAY) is silent
    said = failure_of(state(None, None, bearer=Bearer.TERMINAL, card_type=None), TODAY)
    assert said is not None
    assert said.reason is Reason.CERTIFICATE_UNCHECKED


def test_professions_have_german_names_where_known() -> None:
    assert profession_name("1.2.276.0.76.4.30") == "Ärztin/Arzt"
    assert profession_name("1.2.3") == ""


def test_a_holder_is_not_shown_by_accident() -> None:
    named = CertificateState(
        bearer=Bearer.CARD, konnektor="k", label="Dr. Adler", telematik_id="1-2", checked_at=datetime.now(UTC)
    )
    assert "Adler" not in repr(named)
    assert "1-2" not in repr(named)
