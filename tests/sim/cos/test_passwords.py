"""PINs as the chip sees them: attempts, transport state, PUK, and what is refused before anything is compared."""

import pytest

from firmware_sim.simulation import Simulation
from tests.sim.cos.wire import ESIGN, QES, block, change, select, send, status, verify, words

PIN, PUK = "135790", "13579024"


def test_wrong_pins_cost_attempts_until_blocked(practice: Simulation) -> None:
    chip = practice.chips.of_card("smcb-m1")
    assert status(chip, "01") == "63C3"
    assert [verify(chip, "01", "000000") for _ in range(4)] == ["63C2", "63C1", "63C0", "6983"]
    assert (verify(chip, "01", PIN), status(chip, "01")) == ("6983", "63C0")
    counts = practice.practice.counts.cards["smcb-m1"]
    assert (counts.pin_tries_right, counts.pin_tries_wrong) == (0, 3)


def test_an_attempt_spent_in_a_reader_is_spent_at_the_terminal(practice: Simulation) -> None:
    chip, pin = practice.chips.of_card("smcb-m1"), practice.practice.card("smcb-m1").pins["PIN.SMC"]
    verify(chip, "01", "000000")
    assert pin.attempts_left == 2
    pin.compare("111111")
    assert status(chip, "01") == "63C1"
    assert verify(chip, "01", PIN) == "9000"
    assert pin.attempts_left == 3


def test_a_right_pin_holds_until_power_is_lost_or_a_wrong_one_comes(practice: Simulation) -> None:
    chip = practice.chips.of_card("smcb-m1")
    for lose in (chip.reset, chip.power_on, chip.power_off):
        assert (verify(chip, "01", PIN), status(chip, "01")) == ("9000", "9000")
        select(chip, ESIGN)
        assert status(chip, "01") == "9000", "a password of the MF survives the choice of an application"
        lose()
        assert status(chip, "01") == "63C3"
    verify(chip, "01", PIN)
    verify(chip, "01", "000000")
    assert status(chip, "01") == "63C2"


def test_transport_pin(practice: Simulation) -> None:
    chip = practice.chips.of_card("hba-fresh")
    assert status(chip, "01") == "62C1"
    assert verify(chip, "01", "54321") == "6985", "it does not open the card"
    assert change(chip, "01", "54321", "54321") == "6985", "five digits are no PIN"
    assert status(chip, "01") == "62C1"
    assert practice.practice.card("hba-fresh").pins["PIN.CH"].attempts_left == 3, "refused before it was compared"
    assert change(chip, "01", "54321", "112233") == "9000"
    assert (status(chip, "01"), verify(chip, "01", "112233")) == ("63C3", "9000")


def test_three_wrong_transport_pins_are_the_end(practice: Simulation) -> None:
    chip = practice.chips.of_card("hba-fresh")
    select(chip, QES)
    assert [change(chip, "81", "00000", "112233") for _ in range(4)] == ["63C2", "63C1", "63C0", "6983"]
    assert send(chip, f"002C018108{block('12345678')}").word == "6985", "no PUK helps"
    assert status(chip, "81") == "63C0"


def test_puk(practice: Simulation) -> None:
    chip = practice.chips.of_card("smcb-m1")
    for _ in range(3):
        verify(chip, "01", "000000")
    assert send(chip, f"002C000110{block('99999999')}{block('246810')}").word == "63C9"
    assert send(chip, f"002C000110{block(PUK)}{block('12345')}").word == "6985", "the new PIN is too short"
    assert practice.practice.card("smcb-m1").pins["PIN.SMC"].puk_attempts_left == 9
    assert send(chip, f"002C000110{block(PUK)}{block('246810')}").word == "9000"
    assert (status(chip, "01"), verify(chip, "01", "246810")) == ("63C3", "9000")
    assert [send(chip, f"002C010108{block(PUK)}").word for _ in range(9)] == ["9000"] * 8 + ["6983"]


def test_a_forgotten_signature_pin_cannot_be_set_anew(practice: Simulation) -> None:
    chip = practice.chips.of_card("hba-adler")
    select(chip, QES)
    assert send(chip, f"002C008110{block('44556677')}{block('121212')}").word == "6982"
    assert practice.practice.card("hba-adler").pins["PIN.QES"].puk_attempts_left == 10
    assert send(chip, f"002C018108{block('44556677')}").word == "9000"


def test_first_pin(practice: Simulation) -> None:
    chip = practice.chips.of_card("hba-adler")
    select(chip, "D27600014603")
    assert (status(chip, "81"), verify(chip, "81", "")) == ("62C7", "6985")
    assert change(chip, "81", "", "12345") == "6985", "there is no old one"
    assert send(chip, f"0024018108{block('12345')}").word == "9000"
    assert (status(chip, "81"), verify(chip, "81", "12345")) == ("63C3", "9000")


def test_the_pins_of_an_egk_share_one_secret(practice: Simulation) -> None:
    chip = practice.chips.of_card("egk-muster")
    assert words(chip, "80200001", "80200002", "80200003", "80200004") == ["63C3", "63C3", "62D0", "62D0"]
    assert verify(chip, "02", "000000") == "63C2"
    assert (status(chip, "01"), verify(chip, "02", "654321")) == ("63C2", "9000")
    assert (status(chip, "01"), status(chip, "02")) == ("63C3", "9000"), "verified is only the one that was asked"
    assert send(chip, f"0028000308{block('654321')}").word == "9000"
    assert not practice.practice.card("egk-muster").pins["MRPIN.NFD"].disabled
    assert status(chip, "03") == "63C3"
    assert send(chip, f"0026000308{block('654321')}").word == "9000"
    assert status(chip, "03") == "62D0"
    assert send(chip, f"0026000108{block('654321')}").word == "6982", "PIN.CH cannot be switched off"


def test_a_transport_pin_of_an_egk_is_that_of_all_its_pins(practice: Simulation) -> None:
    chip = practice.chips.of_card("egk-fresh")
    assert words(chip, "80200001", "80200002", "80200003") == ["62C1", "62C1", "62D0"]
    assert verify(chip, "02", "54321") == "6985"
    assert change(chip, "02", "54321", "135791") == "9000"
    assert (status(chip, "01"), verify(chip, "01", "135791")) == ("63C3", "9000")


def test_a_pin_for_representatives_is_set_with_that_of_the_insured(practice: Simulation) -> None:
    chip = practice.chips.of_card("egk-muster")
    first = f"0024010D08{block('222222')}"
    assert (status(chip, "0D"), send(chip, first).word) == ("62C7", "6982")
    verify(chip, "01", "654321")
    assert (send(chip, first).word, verify(chip, "0D", "222222")) == ("9000", "9000")
    assert send(chip, f"002C020D08{block('333333')}").word == "9000"
    assert verify(chip, "0D", "333333") == "9000"


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("00200007 08 26135790FFFFFFFF", "6A88"),
        ("00200001 07 26135790FFFFFF", "6700"),
        ("00200001", "6700"),
        ("00200101 08 26135790FFFFFFFF", "6A86"),
        ("80200001 08 26135790FFFFFFFF", "6700"),
        ("00260001 08 26135790FFFFFFFF", "6982"),
        ("00240101 08 26135790FFFFFFFF", "6982"),
        ("00240001 08 26135790FFFFFFFF", "6700"),
    ],
)
def test_refused_without_a_comparison(practice: Simulation, command: str, word: str) -> None:
    chip = practice.chips.of_card("smcb-m1")
    assert send(chip, command).word == word
    assert practice.practice.card("smcb-m1").pins["PIN.SMC"].attempts_left == 3


@pytest.mark.parametrize("malformed", ["16135790FFFFFFFF", "27135790FFFFFFFF", "26135790FFFFFFF0", "0000000000000000"])
def test_a_malformed_block_is_a_wrong_pin(practice: Simulation, malformed: str) -> None:
    chip = practice.chips.of_card("smcb-m1")
    assert send(chip, f"0020000108{malformed}").word == "63C2"
