import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.cards.card import Card
from kartenwart.cards.link import CardLink, Lengths
from kartenwart.cards.passwords import Passwords
from kartenwart.codecs.apdu import read_command
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardType, Pin, PinStatus
from kartenwart.domain.jobs import PinOutcome, PinVerb
from kartenwart.domain.ports.cards import PinWish
from tests.unit.cards.played import Played, PlayedPad

EMPTY = "20FFFFFFFFFFFFFF"
SELECT_QES = "00A4040C06D27600006601"


def passwords(card_type: CardType, *, secured: bool = False, **answers: str) -> tuple[Passwords, Played]:
    script = {"80200001": "63C3", "80200081": "63C3", "8020000D": "63C3", SELECT_QES: "9000"}
    card = Played({**script, **{f"802000{reference[1:]}": answer for reference, answer in answers.items()}})
    return Passwords(Card(type=card_type, link=CardLink(card, Lengths()), secured=secured)), card


def wish(verb: PinVerb, pin: Pin, *, new: bool = False) -> PinWish:
    return PinWish(verb=verb, pin=pin, set_new_pin=new)


@pytest.mark.parametrize(
    ("card_type", "asked", "method", "command", "digits"),
    [
        (CardType.SMC_B, wish(PinVerb.VERIFY, Pin.SMC), "verify", f"0020000108{EMPTY}", (6, 8)),
        (CardType.HBA, wish(PinVerb.VERIFY, Pin.CH), "verify", f"0020000108{EMPTY}", (6, 8)),
        (CardType.HBA, wish(PinVerb.VERIFY, Pin.QES), "verify", f"0020008108{EMPTY}", (6, 8)),
        (CardType.SMC_B, wish(PinVerb.CHANGE, Pin.SMC), "change", f"0024000110{EMPTY}{EMPTY}", (6, 8)),
        (CardType.EGK, wish(PinVerb.CHANGE, Pin.AMTS_REP), "set_new", f"0024010D08{EMPTY}", (6, 8)),
        (CardType.HBA, wish(PinVerb.UNBLOCK, Pin.CH), "verify", f"002C010108{EMPTY}", (8, 8)),
        (CardType.HBA, wish(PinVerb.UNBLOCK, Pin.QES), "verify", f"002C018108{EMPTY}", (8, 8)),
        (CardType.HBA, wish(PinVerb.UNBLOCK, Pin.CH, new=True), "change", f"002C000110{EMPTY}{EMPTY}", (6, 8)),
        (CardType.EGK, wish(PinVerb.UNBLOCK, Pin.AMTS_REP, new=True), "set_new", f"002C020D08{EMPTY}", (6, 8)),
        (CardType.EGK, wish(PinVerb.ENABLE, Pin.MRPIN_NFD), "verify", f"0028000308{EMPTY}", (6, 8)),
        (CardType.EGK, wish(PinVerb.DISABLE, Pin.MRPIN_AMTS), "verify", f"0026000C08{EMPTY}", (6, 8)),
    ],
)
def test_what_the_pad_is_given(
    card_type: CardType, asked: PinWish, method: str, command: str, digits: tuple[int, int]
) -> None:
    pins, card = passwords(card_type)
    pad = PlayedPad()
    result = pins.carry_out(asked, pad)
    assert result.outcome is (PinOutcome.VERIFIED if asked.verb is PinVerb.VERIFY else PinOutcome.DONE)
    [(called, template)] = pad.calls
    assert (called, template.command.hex().upper()) == (method, command)
    assert (template.shortest, template.longest) == digits
    assert (SELECT_QES in card.sent) is (asked.pin is Pin.QES)
    verbs = {read_command(bytes.fromhex(sent)).ins for sent in card.sent if sent.startswith("00")}
    assert verbs <= {0xA4}, "a verb goes to the card by the pad alone"


@pytest.mark.parametrize(
    ("status", "method", "command", "shortest"),
    [
        ("62C1", "change", f"0024000110{EMPTY}{EMPTY}", 5),
        ("62C7", "set_new", f"0024010108{EMPTY}", 6),
        ("63C2", "change", f"0024000110{EMPTY}{EMPTY}", 6),
    ],
)
def test_a_pin_is_changed_as_its_state_demands(status: str, method: str, command: str, shortest: int) -> None:
    pins, _ = passwords(CardType.SMC_B, p01=status)
    pad = PlayedPad()
    pins.carry_out(wish(PinVerb.CHANGE, Pin.SMC), pad)
    [(called, template)] = pad.calls
    assert (called, template.command.hex().upper(), template.shortest) == (method, command, shortest)


@pytest.mark.parametrize(
    ("card_type", "asked"),
    [
        (CardType.HBA, wish(PinVerb.UNBLOCK, Pin.QES, new=True)),
        (CardType.EGK, wish(PinVerb.UNBLOCK, Pin.AMTS_REP)),
        (CardType.HBA, wish(PinVerb.ENABLE, Pin.CH)),
        (CardType.HBA, wish(PinVerb.VERIFY, Pin.SMC)),
        (CardType.SMC_KT, wish(PinVerb.VERIFY, Pin.SMC)),
        (CardType.KVK, wish(PinVerb.VERIFY, Pin.CH)),
        (CardType.UNKNOWN, wish(PinVerb.VERIFY, Pin.CH)),
    ],
)
def test_what_a_card_does_not_allow_asks_nobody(card_type: CardType, asked: PinWish) -> None:
    pins, _ = passwords(card_type)
    pad = PlayedPad()
    with pytest.raises(WorldError) as told:
        pins.carry_out(asked, pad)
    assert told.value.failure.reason is Reason.CARD_TYPE_WRONG
    assert not told.value.sent
    assert not pad.calls


def test_behind_a_pace_channel_nobody_types() -> None:
    pins, card = passwords(CardType.HBA, secured=True)
    pad = PlayedPad()
    with pytest.raises(WorldError) as told:
        pins.carry_out(wish(PinVerb.VERIFY, Pin.CH), pad)
    assert told.value.failure.reason is Reason.READER_WITHOUT_PAD
    assert not pad.calls
    assert not card.sent


@pytest.mark.parametrize(
    ("answer", "outcome", "left"),
    [
        ("9000", PinOutcome.VERIFIED, None),
        ("63C2", PinOutcome.REJECTED, 2),
        ("63C0", PinOutcome.BLOCKED, 0),
        ("6983", PinOutcome.BLOCKED, 0),
        ("6400", PinOutcome.TIMED_OUT, None),
        ("6401", PinOutcome.ABORTED, None),
        ("", PinOutcome.OUTCOME_UNKNOWN, None),
        ("90", PinOutcome.OUTCOME_UNKNOWN, None),
        ("FFFF", PinOutcome.OUTCOME_UNKNOWN, None),
    ],
)
def test_how_an_entry_ends(answer: str, outcome: PinOutcome, left: int | None) -> None:
    pins, _ = passwords(CardType.SMC_B)
    pad = PlayedPad(answer)
    result = pins.carry_out(wish(PinVerb.VERIFY, Pin.SMC), pad)
    assert (result.outcome, result.attempts_left) == (outcome, left)
    assert len(pad.calls) == 1


@pytest.mark.parametrize(
    ("verb", "answer", "reason", "sent"),
    [
        (PinVerb.VERIFY, "6985", Reason.PIN_TRANSPORT, True),
        (PinVerb.VERIFY, "6B80", Reason.READER_FAULT, False),
        (PinVerb.CHANGE, "6402", Reason.PIN_NEW_INVALID, False),
        (PinVerb.CHANGE, "6985", Reason.PIN_NEW_INVALID, True),
        (PinVerb.UNBLOCK, "6A88", Reason.CARD_TYPE_WRONG, True),
    ],
)
def test_refusals_say_why_and_whether_the_card_was_reached(
    verb: PinVerb, answer: str, reason: Reason, *, sent: bool
) -> None:
    pins, _ = passwords(CardType.SMC_B)
    with pytest.raises(WorldError) as told:
        pins.carry_out(wish(verb, Pin.SMC), PlayedPad(answer))
    assert (told.value.failure.reason, told.value.sent) == (reason, sent)


def test_trouble_in_front_of_a_verb_says_that_nothing_was_sent() -> None:
    pins, _ = passwords(CardType.SMC_B, p01="6A88")
    pad = PlayedPad()
    with pytest.raises(WorldError) as told:
        pins.carry_out(wish(PinVerb.CHANGE, Pin.SMC), pad)
    assert not told.value.sent
    assert not pad.calls


def test_a_state_is_read_without_spending_a_try() -> None:
    pins, card = passwords(CardType.HBA, p81="62C1")
    reading = pins.status(Pin.QES)
    assert (reading.status, reading.attempts_left) == (PinStatus.TRANSPORT_PIN, None)
    assert card.sent == [SELECT_QES, "80200081"]


@given(st.sampled_from(PinVerb), st.sampled_from(Pin), st.sampled_from(CardType), st.booleans())
def test_no_template_of_any_wish_holds_a_digit(verb: PinVerb, pin: Pin, card_type: CardType, new: bool) -> None:
    pins, _ = passwords(card_type)
    pad = PlayedPad()
    try:
        pins.carry_out(wish(verb, pin, new=new), pad)
    except WorldError:
        assert not pad.calls
        return
    [(_, template)] = pad.calls
    assert read_command(template.command).data.hex().upper().replace(EMPTY, "") == ""
