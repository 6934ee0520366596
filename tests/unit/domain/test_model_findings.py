"""What answers prove, refute or leave open: nothing is claimed that no answer says."""

from dataclasses import replace
from typing import Any

import pytest

from kartenwart.domain.catalogue import failure, reason_for_code
from kartenwart.domain.failures import Failure, Owner, Reason
from kartenwart.domain.information_model import KnownTerminal
from kartenwart.domain.inventory import Context
from kartenwart.domain.model_check import Cell, ContextSurvey, Subject, Verdict
from kartenwart.domain.model_words import cells

HERE = Context(name="contexts/a", konnektor="konnektors/k", mandant="m1", client_system="kw", workplace="empfang")
ROOM = replace(HERE, name="contexts/b", workplace="zimmer")
PVS = replace(HERE, name="contexts/c", client_system="pvs")
OTHER = replace(HERE, name="contexts/d", mandant="m2", client_system="kim", workplace="nachbar")
CT1 = KnownTerminal(ct_id="ct-1", label="Empfang", mac_address="00-0D-F8-00-00-01", slot_count=4)
CT2 = KnownTerminal(ct_id="ct-2", label="ct-2", mac_address="", slot_count=2)
OK, REFUSED, UNKNOWN = Verdict.OK, Verdict.REFUSED, Verdict.UNKNOWN


def code(number: int) -> Failure:
    return failure(reason_for_code(number), code=number)


def survey(context: Context, call: int = 0, wide: int | None = None, **facts: object) -> ContextSurvey:
    """What came in a context; where `wide` is not told it is as the call."""
    wide = call if wide is None else wide
    told = {"call": code(call) if call else None, "wide": code(wide) if wide else None}
    if not call:
        facts = {"listed": (CT1,), "terminals": {"ct-1": None}, "practice_cards": {("ct-1", 1): None}} | facts
    return ContextSurvey(context=context, **(told | facts))  # type: ignore[arg-type]


def found(context: Context, *surveys: ContextSurvey) -> dict[Subject, Cell]:
    """The cells of a context, those about it as a whole and the last of each other subject."""
    return {cell.subject: cell for cell in cells(surveys) if cell.context == context.name}


def verdicts(context: Context, *surveys: ContextSurvey) -> dict[Subject, Verdict]:
    return {subject: cell.verdict for subject, cell in found(context, *surveys).items()}


def test_what_works_is_proven() -> None:
    told = verdicts(HERE, survey(HERE))
    assert told.pop(Subject.REMOTE_PIN) is UNKNOWN
    assert set(told.values()) == {OK}
    assert Subject.NAMES not in told


def test_alone_an_unknown_name_could_be_any_of_the_three() -> None:
    told = found(HERE, survey(HERE, 4021))
    assert (told[Subject.NAMES].verdict, told[Subject.NAMES].owner) == (REFUSED, Owner.TECHNICIAN)
    for name in ("Mandanten „m1“", "Clientsystem „kw“", "Arbeitsplatz „empfang“"):
        assert name in told[Subject.NAMES].to_do
    assert [told[one].verdict for one in (Subject.MANDANT, Subject.CLIENT_SYSTEM, Subject.WORKPLACE)] == [UNKNOWN] * 3


def test_what_works_elsewhere_is_not_the_unknown_name() -> None:
    told = found(HERE, survey(HERE, 4021), survey(ROOM))
    assert Subject.NAMES not in told
    assert [told[one].verdict for one in (Subject.MANDANT, Subject.CLIENT_SYSTEM)] == [OK, OK]
    assert told[Subject.WORKPLACE].verdict is REFUSED
    assert told[Subject.WORKPLACE].failure == code(4021)
    # The mandant and the client system belong together, the other context shows it; the rest is hidden.
    assert told[Subject.CLIENT_SYSTEM_OF_MANDANT].verdict is OK
    assert told[Subject.WORKPLACE_OF_MANDANT].verdict is UNKNOWN


def test_two_contexts_without_a_common_name_say_nothing_of_each_other() -> None:
    assert verdicts(HERE, survey(HERE, 4021), survey(OTHER))[Subject.NAMES] is REFUSED


def test_answers_that_contradict_each_other_accuse_all_names() -> None:
    told = found(HERE, survey(HERE, 4021), survey(ROOM), survey(PVS))
    assert told[Subject.NAMES].verdict is REFUSED
    assert "Mandanten „m1“ oder das Clientsystem „kw“ oder den Arbeitsplatz „empfang“" in told[Subject.NAMES].to_do


@pytest.mark.parametrize(
    ("number", "subject"),
    [
        (4004, Subject.MANDANT),
        (4005, Subject.CLIENT_SYSTEM),
        (4006, Subject.WORKPLACE),
        (4204, Subject.IDENTITY),
        (4010, Subject.CLIENT_SYSTEM_OF_MANDANT),
        (4011, Subject.WORKPLACE_OF_MANDANT),
        (4014, Subject.WORKPLACE_OF_CLIENT_SYSTEM),
    ],
)
def test_a_code_names_its_cell_and_proves_no_other_relation(number: int, subject: Subject) -> None:
    told = verdicts(HERE, survey(HERE, number))
    assert told.pop(subject) is REFUSED
    known = {4010: {Subject.MANDANT, Subject.CLIENT_SYSTEM}, 4011: {Subject.MANDANT, Subject.WORKPLACE}}
    known[4014] = {Subject.MANDANT, Subject.CLIENT_SYSTEM, Subject.WORKPLACE}
    assert {one for one, verdict in told.items() if verdict is OK} == known.get(number, set())


def test_the_whole_mandant_proves_what_has_no_workplace() -> None:
    told = verdicts(HERE, survey(HERE, 4011, 0))
    assert {one for one, verdict in told.items() if verdict is OK} == {
        Subject.MANDANT,
        Subject.CLIENT_SYSTEM,
        Subject.WORKPLACE,
        Subject.IDENTITY,
        Subject.CLIENT_SYSTEM_OF_MANDANT,
    }


def test_a_refused_login_says_nothing_of_the_names() -> None:
    refused = failure(Reason.KONNEKTOR_CREDENTIALS_REFUSED)
    told = verdicts(HERE, replace(survey(HERE, 4021), call=refused, wide=refused))
    assert told[Subject.IDENTITY] is REFUSED
    assert OK not in told.values()


def test_a_dead_link_leaves_everything_open_also_what_others_proved() -> None:
    dead = failure(Reason.KONNEKTOR_UNREACHABLE)
    told = found(HERE, ContextSurvey(context=HERE, link=dead), survey(ROOM))
    assert {(cell.verdict, cell.failure) for cell in told.values()} == {(UNKNOWN, dead)}


def test_what_the_settings_name_is_refused_and_what_they_do_not_name_is_open() -> None:
    named = replace(HERE, local_terminals=("00:0d:f8:00:00:01",), remote_terminals=("ct-2",))
    facts: dict[str, Any] = {"terminals": {"ct-1": None, "ct-2": code(4015)}, "wide_listed": (CT1, CT2)}
    (wanted,) = (
        cell
        for cell in cells([survey(named, **facts)])
        if (cell.subject, cell.item) == (Subject.TERMINAL_OF_WORKPLACE, "ct-2")
    )
    assert (wanted.verdict, wanted.failure) == (REFUSED, code(4015))
    (open_,) = (cell for cell in cells([survey(HERE, **facts)]) if cell.item == "ct-2")
    assert (open_.verdict, open_.subject) == (UNKNOWN, Subject.TERMINAL_OF_WORKPLACE)
    assert "selbst entscheiden" in open_.to_do


def test_a_terminal_of_the_mandant_is_proven_by_its_list_alone() -> None:
    named = replace(HERE, local_terminals=("ct-2",))
    lonely = {cell.subject: cell for cell in cells([survey(named, terminals={"ct-2": code(4015)})]) if cell.item}
    assert lonely[Subject.TERMINAL_OF_MANDANT].verdict is UNKNOWN
    listed = survey(named, terminals={"ct-2": code(4015)}, wide_listed=(CT2,))
    assert {cell.subject: cell for cell in cells([listed]) if cell.item == "ct-2"}[
        Subject.TERMINAL_OF_MANDANT
    ].verdict is OK


def test_a_terminal_that_nobody_lists_is_not_there() -> None:
    named = replace(HERE, local_terminals=("Labor",))
    told = found(HERE, survey(named, terminals={"Labor": code(4007)}))
    assert told[Subject.TERMINAL_OF_MANDANT].verdict is REFUSED
    assert "kennt kein Kartenterminal „Labor“" in told[Subject.TERMINAL_OF_MANDANT].to_do


def test_beside_the_workplace_is_known_by_an_egk_alone() -> None:
    named = replace(HERE, local_terminals=("Empfang",))
    assert verdicts(HERE, survey(named))[Subject.TERMINAL_LOCAL] is UNKNOWN
    assert verdicts(HERE, survey(named, near={"ct-1": None}))[Subject.TERMINAL_LOCAL] is OK
    assert verdicts(HERE, survey(named, near={"ct-1": code(4016)}))[Subject.TERMINAL_LOCAL] is REFUSED
    assert verdicts(HERE, survey(named, near={"ct-1": code(4093)}))[Subject.TERMINAL_LOCAL] is UNKNOWN


def test_a_workplace_that_reaches_nothing_is_told_to_decide() -> None:
    told = found(HERE, survey(HERE, listed=(), terminals={}, practice_cards={}))
    assert told[Subject.TERMINAL_OF_WORKPLACE].verdict is UNKNOWN
    assert "erreicht kein Kartenterminal" in told[Subject.TERMINAL_OF_WORKPLACE].to_do


def test_sm_b_of_others_are_nobodys_mistake_while_the_own_one_works() -> None:
    cards = {("ct-1", 1): None, ("ct-1", 2): code(4013)}
    assert verdicts(HERE, survey(HERE, practice_cards=cards))[Subject.PRACTICE_CARD_OF_MANDANT] is OK


def test_without_an_own_sm_b_a_single_one_of_others_is_the_missing_one_and_of_two_neither() -> None:
    one, two = {("ct-1", 2): code(4013)}, {("ct-1", 2): code(4013), ("ct-1", 3): code(4013)}
    assert verdicts(HERE, survey(HERE, practice_cards=one))[Subject.PRACTICE_CARD_OF_MANDANT] is REFUSED
    assert verdicts(HERE, survey(HERE, practice_cards=two))[Subject.PRACTICE_CARD_OF_MANDANT] is UNKNOWN
    # Another context of the mandant met the second one.
    apart = (survey(HERE, practice_cards=one), survey(ROOM, practice_cards={("ct-2", 1): code(4013)}))
    assert verdicts(HERE, *apart)[Subject.PRACTICE_CARD_OF_MANDANT] is UNKNOWN
    # The other mandant's own context works with it, so it is theirs.
    theirs = survey(OTHER, practice_cards={("ct-1", 2): None})
    told = found(HERE, survey(HERE, practice_cards=one), theirs)[Subject.PRACTICE_CARD_OF_MANDANT]
    assert (told.verdict, told.item) == (UNKNOWN, "")


def test_an_sm_b_that_nobody_manages_is_refused_beside_one_that_works() -> None:
    cards = {("ct-1", 1): None, ("ct-1", 2): code(4009)}
    told = [
        (cell.subject, cell.verdict)
        for cell in cells([survey(HERE, practice_cards=cards)])
        if cell.item == "Empfang (ct-1), Steckplatz 2"
    ]
    assert told == [(Subject.PRACTICE_CARD_MANAGED, REFUSED), (Subject.PRACTICE_CARD_OF_MANDANT, UNKNOWN)]


def test_remote_pin_is_left_out_only_where_the_settings_need_none() -> None:
    local = replace(HERE, local_terminals=("Empfang",))
    assert Subject.REMOTE_PIN not in verdicts(HERE, survey(local))
    for needing in (HERE, replace(local, remote_terminals=("ct-2",)), replace(local, remote_pin_terminal="ct-2")):
        assert verdicts(HERE, survey(needing))[Subject.REMOTE_PIN] is UNKNOWN


def test_names_with_braces_are_only_names() -> None:
    odd = replace(HERE, mandant="{place}", workplace="{0}")
    told = {cell.subject: cell for cell in cells([survey(odd, 4011)])}
    assert "Arbeitsplatz „{0}“ dem Mandanten „{place}“" in told[Subject.WORKPLACE_OF_MANDANT].to_do
