"""TUC_KON_000 "Prüfe Zugriffsberechtigung": the nine rules, and the code of each condition that fails.

Which rule applies follows from (terminal given, card given, kind of card, card session needed, all workplaces), which
conditions a rule has is one table. The numbers R1 to R9 count the rows of this table; only the codes are visible on
the wire. Source: gemSpec_Kon, TAB_KON_512 to TAB_KON_515.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from firmware_sim.world.card import Card
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.configuration import SMB
from firmware_sim.world.context import Context
from firmware_sim.world.model import InformationModel
from firmware_sim.world.sessions import CardSessions


class InsertedCard(Protocol):
    """What the rules need to know of a card in a slot."""

    @property
    def handle(self) -> str: ...
    @property
    def terminal(self) -> str: ...
    @property
    def card(self) -> Card: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One access to be judged: by whom, and to which terminal or card."""

    context: Context
    terminal: str = ""
    inserted: InsertedCard | None = None
    session: bool = True
    all_workplaces: bool = False


class Rule(Enum):
    """The rules by number."""

    R1 = "mandant and client system at one workplace"
    R2 = "mandant and client system at all workplaces"
    R3 = "terminal from one workplace"
    R4 = "terminal from any workplace of the client system"
    R5 = "eGK and other cards without a session"
    R6 = "eGK with a session"
    R7 = "SM-B"
    R8 = "HBAx without a session"
    R9 = "HBAx with a session"


def rule_of(question: Question) -> Rule:
    """Choose the rule. Raises 4019 when the parameters fit none."""
    if question.inserted is None:
        return _rule_without_card(question)
    if question.all_workplaces:
        raise KonnektorError(4019)
    kind = question.inserted.card.kind
    if kind in SMB:
        return Rule.R7
    if kind == "hba":
        return Rule.R9 if question.session else Rule.R8
    if kind == "egk":
        return Rule.R6 if question.session else Rule.R5
    if question.session:
        raise KonnektorError(4019)
    return Rule.R5


def _rule_without_card(question: Question) -> Rule:
    if question.terminal:
        return Rule.R4 if question.all_workplaces else Rule.R3
    return Rule.R2 if question.all_workplaces else Rule.R1


Condition = Callable[[InformationModel, CardSessions, Question], bool]


def _client_system_of_mandant(model: InformationModel, _: CardSessions, question: Question) -> bool:
    return question.context.client_system in model.mandant(question.context.mandant).client_systems


def _workplace_of_mandant(model: InformationModel, _: CardSessions, question: Question) -> bool:
    return question.context.workplace in model.mandant(question.context.mandant).workplaces


def _workplace_of_client_system(model: InformationModel, _: CardSessions, question: Question) -> bool:
    return question.context.workplace in model.assigned(question.context.mandant, question.context.client_system)


def _terminal_of_mandant(model: InformationModel, _: CardSessions, question: Question) -> bool:
    return _terminal(question) in model.mandant(question.context.mandant).terminals


def _terminal_reachable(model: InformationModel, _: CardSessions, question: Question) -> bool:
    return model.reaches(question.context.workplace, _terminal(question))


def _terminal_local(model: InformationModel, _: CardSessions, question: Question) -> bool:
    return model.is_local(_terminal(question), question.context.workplace)


def _terminal_reachable_from_any(model: InformationModel, _: CardSessions, question: Question) -> bool:
    return model.reaches_from_any(question.context.mandant, question.context.client_system, _terminal(question))


def _smb_managed(model: InformationModel, _: CardSessions, question: Question) -> bool:
    return question.inserted is not None and model.is_managed(question.inserted.card.name)


def _smb_of_mandant(model: InformationModel, _: CardSessions, question: Question) -> bool:
    managed = model.mandant(question.context.mandant).managed_smb
    return question.inserted is not None and question.inserted.card.name in managed


def _no_session_elsewhere(_: InformationModel, sessions: CardSessions, question: Question) -> bool:
    workplaces = {session.key.workplace for session in sessions.of_card(_handle(question))}
    return workplaces <= {question.context.workplace}


def _no_other_user_elevated(_: InformationModel, sessions: CardSessions, question: Question) -> bool:
    context = question.context
    return not any(
        session.verified and session.key.client_system == context.client_system and session.key.user != context.user
        for session in sessions.of_card(_handle(question))
    )


def _user_given(_: InformationModel, __: CardSessions, question: Question) -> bool:
    return bool(question.context.user)


def _terminal(question: Question) -> str:
    return question.inserted.terminal if question.inserted else question.terminal


def _handle(question: Question) -> str:
    return question.inserted.handle if question.inserted else ""


_CALLER: tuple[tuple[int, Condition], ...] = ((4010, _client_system_of_mandant),)
_AT_WORKPLACE = (*_CALLER, (4011, _workplace_of_mandant), (4014, _workplace_of_client_system))
_REACHED = (*_AT_WORKPLACE, (4012, _terminal_of_mandant), (4015, _terminal_reachable))
_LOCAL = (*_AT_WORKPLACE, (4012, _terminal_of_mandant), (4016, _terminal_local))

CONDITIONS: dict[Rule, tuple[tuple[int, Condition], ...]] = {
    Rule.R1: _AT_WORKPLACE,
    Rule.R2: _CALLER,
    Rule.R3: _REACHED,
    Rule.R4: (*_CALLER, (4012, _terminal_of_mandant), (4020, _terminal_reachable_from_any)),
    Rule.R5: _LOCAL,
    Rule.R6: (*_LOCAL, (4017, _no_session_elsewhere)),
    Rule.R7: (*_AT_WORKPLACE, (4009, _smb_managed), (4013, _smb_of_mandant), *_REACHED[3:]),
    Rule.R8: _REACHED,
    Rule.R9: ((4003, _user_given), *_REACHED, (4018, _no_other_user_elevated)),
}


def judge(model: InformationModel, sessions: CardSessions, question: Question) -> Rule:
    """Check every condition of the rule that applies. Raises `KonnektorError` with the code of the first that fails."""
    rule = rule_of(question)
    for code, condition in CONDITIONS[rule]:
        if not condition(model, sessions, question):
            raise KonnektorError(code)
    return rule
