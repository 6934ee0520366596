"""A Konnektor's information model against the configured contexts: what its answers prove, refute or leave open.

A Konnektor tells one code and no more, and outside of its log not even which name it does not know (4021). So a cell is
refused only where a code says so, or where everything else is proven by another answer; it is in order only where an
answer proves it; all else is unknown. In which order a Konnektor checks its conditions is nobody's promise, so a code
proves nothing about the conditions before it, except that it knows the names that the code is about.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kartenwart.domain.failures import Failure, Reason
from kartenwart.domain.information_model import KnownTerminal, needs_remote_pin
from kartenwart.domain.inventory import Context
from kartenwart.domain.model_check import ContextSurvey, Subject, Verdict

NOT_KNOWN = 4021


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A cell before it has words."""

    subject: Subject
    verdict: Verdict
    item: str = ""
    failure: Failure | None = None
    suspects: tuple[Subject, ...] = ()
    decided: bool = True


NAMES = (Subject.MANDANT, Subject.CLIENT_SYSTEM, Subject.WORKPLACE)
_RELATIONS = (
    Subject.IDENTITY,
    Subject.CLIENT_SYSTEM_OF_MANDANT,
    Subject.WORKPLACE_OF_MANDANT,
    Subject.WORKPLACE_OF_CLIENT_SYSTEM,
)
_OF_CODE = {
    4004: Subject.MANDANT,
    4005: Subject.CLIENT_SYSTEM,
    4006: Subject.WORKPLACE,
    4204: Subject.IDENTITY,
    4010: Subject.CLIENT_SYSTEM_OF_MANDANT,
    4011: Subject.WORKPLACE_OF_MANDANT,
    4014: Subject.WORKPLACE_OF_CLIENT_SYSTEM,
}
_PROVEN_BY_WIDE = (
    Subject.MANDANT,
    Subject.CLIENT_SYSTEM,
    Subject.IDENTITY,
    Subject.CLIENT_SYSTEM_OF_MANDANT,
)
# A relation can only be missing between names that the Konnektor knows.
_KNOWN_NAMES = {
    4010: (Subject.MANDANT, Subject.CLIENT_SYSTEM),
    4011: (Subject.MANDANT, Subject.WORKPLACE),
    4014: NAMES,
}

Key = tuple[Subject, str, str, str]


def findings(surveys: Sequence[ContextSurvey]) -> dict[str, list[Finding]]:
    """Return what is found in each context of one Konnektor, by the context's name; answers prove for one another."""
    proven = frozenset(key for survey in surveys for key in _proven(survey))
    return {
        survey.context.name: [
            *_of_context(survey, proven),
            *_of_terminals(survey, surveys),
            *_of_practice_cards(survey, surveys),
            *_of_remote_pin(survey, surveys),
        ]
        for survey in surveys
    }


def _proven(survey: ContextSurvey) -> Iterator[Key]:
    if survey.link is not None:
        return
    if survey.call is None:
        yield from (_key(subject, survey.context) for subject in (*NAMES, *_RELATIONS))
    if survey.wide is None:
        yield from (_key(subject, survey.context) for subject in _PROVEN_BY_WIDE)
    for told in (survey.call, survey.wide):
        known = _KNOWN_NAMES.get(told.konnektor_code, ()) if told else ()
        yield from (_key(subject, survey.context) for subject in known)


def _key(subject: Subject, context: Context) -> Key:
    """Return what a subject is about: two contexts share the cells whose names they share."""
    about = subject.value
    return (
        subject,
        context.mandant if "MANDANT" in about or subject is Subject.WORKPLACE_OF_CLIENT_SYSTEM else "",
        context.client_system if "CLIENT_SYSTEM" in about or subject is Subject.IDENTITY else "",
        context.workplace if "WORKPLACE" in about else "",
    )


def _of_context(survey: ContextSurvey, proven: frozenset[Key]) -> Iterator[Finding]:
    refused = dict(_refused(survey))
    first = survey.link or survey.call or survey.wide
    unnamed = None if survey.link else next((one for one in (survey.call, survey.wide) if _unnamed(one)), None)
    suspects = tuple(one for one in NAMES if _key(one, survey.context) not in proven) if unnamed else ()
    if unnamed and len(suspects) == 1:
        refused[suspects[0]] = unnamed
    elif unnamed:
        yield Finding(subject=Subject.NAMES, verdict=Verdict.REFUSED, failure=unnamed, suspects=suspects)
    for subject in (*NAMES, *_RELATIONS):
        if subject in refused:
            yield Finding(subject=subject, verdict=Verdict.REFUSED, failure=refused[subject])
        elif _key(subject, survey.context) in proven and not survey.link:
            yield Finding(subject=subject, verdict=Verdict.OK)
        else:
            yield Finding(subject=subject, verdict=Verdict.UNKNOWN, failure=first)


def _refused(survey: ContextSurvey) -> Iterator[tuple[Subject, Failure]]:
    """Yield what the Konnektor's own words name, those for the workplace last: they win."""
    for told in (survey.wide, survey.call):
        if told is None or survey.link is not None:
            continue
        if told.reason is Reason.KONNEKTOR_CREDENTIALS_REFUSED:
            yield Subject.IDENTITY, told
        elif told.konnektor_code in _OF_CODE:
            yield _OF_CODE[told.konnektor_code], told


def _unnamed(told: Failure | None) -> bool:
    return told is not None and told.konnektor_code == NOT_KNOWN


def resolved(text: str, surveys: Iterable[ContextSurvey]) -> KnownTerminal:
    """Return the listed terminal that a text of the settings means, or one that has nothing but this text."""
    for survey in surveys:
        for known in (*survey.listed, *survey.wide_listed):
            if known.is_meant_by(text):
                return known
    return KnownTerminal(ct_id=text, label="", mac_address="", slot_count=0)


def _of_terminals(survey: ContextSurvey, surveys: Sequence[ContextSurvey]) -> Iterator[Finding]:
    context = survey.context
    local = [resolved(text, surveys) for text in context.local_terminals]
    remote = [resolved(text, surveys) for text in context.remote_terminals]
    if not (local or remote):
        yield from _of_found_terminals(survey, surveys)
        return
    for known in dict.fromkeys((*local, *remote)):
        yield from _of_wanted_terminal(survey, known, of_mandant=_of_the_mandant(known, context.mandant, surveys))
        if known in local:
            yield _near(survey, known)


def _of_wanted_terminal(survey: ContextSurvey, known: KnownTerminal, *, of_mandant: bool) -> Iterator[Finding]:
    """Say whether a terminal that the settings name belongs to the mandant and is reached by the workplace."""
    told = survey.link or survey.call
    asked = told is None and known.ct_id in survey.terminals
    told = told or survey.terminals.get(known.ct_id)
    code = told.konnektor_code if told and asked else 0
    reached = asked and told is None
    yield _finding(Subject.TERMINAL_OF_MANDANT, known, told, proven=reached or of_mandant, refused=code in (4007, 4012))
    yield _finding(Subject.TERMINAL_OF_WORKPLACE, known, told, proven=reached, refused=code == 4015)


def _of_found_terminals(survey: ContextSurvey, surveys: Sequence[ContextSurvey]) -> Iterator[Finding]:
    """Say what is there where the settings name no terminals: whether that is right, nobody but a person knows."""
    if survey.link or survey.call:
        yield Finding(
            subject=Subject.TERMINAL_OF_WORKPLACE,
            verdict=Verdict.UNKNOWN,
            failure=survey.link or survey.call,
            decided=False,
        )
        return
    if not survey.listed:
        yield Finding(subject=Subject.TERMINAL_OF_WORKPLACE, verdict=Verdict.UNKNOWN, decided=False)
    for known in _all_known(surveys):
        told = survey.terminals.get(known.ct_id)
        if told is None and known.ct_id in survey.terminals:
            for subject in (Subject.TERMINAL_OF_MANDANT, Subject.TERMINAL_OF_WORKPLACE):
                yield Finding(subject=subject, verdict=Verdict.OK, item=known.title, decided=False)
            if known.ct_id in survey.near and survey.near[known.ct_id] is None:
                yield Finding(subject=Subject.TERMINAL_LOCAL, verdict=Verdict.OK, item=known.title, decided=False)
        elif told is not None:
            subject = Subject.TERMINAL_OF_MANDANT if told.konnektor_code == 4012 else Subject.TERMINAL_OF_WORKPLACE
            yield Finding(subject=subject, verdict=Verdict.UNKNOWN, item=known.title, failure=told, decided=False)


def _near(survey: ContextSurvey, known: KnownTerminal) -> Finding:
    told = survey.link or survey.call or survey.near.get(known.ct_id) or survey.terminals.get(known.ct_id)
    asked = not (survey.link or survey.call) and known.ct_id in survey.near
    refused = asked and told is not None and told.konnektor_code == 4016
    return _finding(Subject.TERMINAL_LOCAL, known, told, proven=asked and told is None, refused=refused)


def _finding(subject: Subject, known: KnownTerminal, told: Failure | None, *, proven: bool, refused: bool) -> Finding:
    if refused:
        return Finding(subject=subject, verdict=Verdict.REFUSED, item=known.title, failure=told)
    if proven:
        return Finding(subject=subject, verdict=Verdict.OK, item=known.title)
    return Finding(subject=subject, verdict=Verdict.UNKNOWN, item=known.title, failure=told)


def _of_the_mandant(known: KnownTerminal, mandant: str, surveys: Iterable[ContextSurvey]) -> bool:
    """True where the Konnektor lists the terminal in some context of the mandant."""
    return any(
        known in (*survey.listed, *survey.wide_listed) for survey in surveys if survey.context.mandant == mandant
    )


def _all_known(surveys: Iterable[ContextSurvey]) -> list[KnownTerminal]:
    """Return every listed terminal once, sorted by CtId."""
    found = {known.ct_id: known for survey in surveys for known in (*survey.listed, *survey.wide_listed)}
    return [found[ct_id] for ct_id in sorted(found)]


def _of_practice_cards(survey: ContextSurvey, surveys: Sequence[ContextSurvey]) -> Iterator[Finding]:
    if survey.link or survey.call:
        for subject in (Subject.PRACTICE_CARD_MANAGED, Subject.PRACTICE_CARD_OF_MANDANT):
            yield Finding(subject=subject, verdict=Verdict.UNKNOWN, failure=survey.link or survey.call)
        return
    ours = [one for one in surveys if one.context.mandant == survey.context.mandant]
    own, of_others = _own_cards(ours), _own_cards(one for one in surveys if one not in ours)
    # Another mandant's SM-B is as it should be on shared premises; it counts only where this one's own is missing.
    foreign = set() if own else {place for one in ours for place in _foreign_cards(one)} - of_others
    hidden = _foreign_cards(survey) - foreign
    told = {place: one for place, one in survey.practice_cards.items() if place not in hidden}
    titles = {known.ct_id: known.title for known in _all_known(surveys)}
    for place in sorted(told):
        item = f"{titles.get(place[0], place[0])}, Steckplatz {place[1]}"
        yield from _of_practice_card(item, told[place], alone=len(foreign) == 1)
    if not own and not told:
        yield Finding(subject=Subject.PRACTICE_CARD_OF_MANDANT, verdict=Verdict.UNKNOWN)


def _of_practice_card(item: str, told: Failure | None, *, alone: bool) -> Iterator[Finding]:
    """Say how an SM-B stands; `alone`: the mandant has no other, and no other could be meant for it."""
    code = told.konnektor_code if told else 0
    managed = Verdict.OK if told is None else Verdict.REFUSED if code == 4009 else Verdict.UNKNOWN
    belongs = Verdict.OK if told is None else Verdict.REFUSED if code == 4013 and alone else Verdict.UNKNOWN
    if code != 4013:
        yield Finding(subject=Subject.PRACTICE_CARD_MANAGED, verdict=managed, item=item, failure=told)
    yield Finding(subject=Subject.PRACTICE_CARD_OF_MANDANT, verdict=belongs, item=item, failure=told)


def _own_cards(surveys: Iterable[ContextSurvey]) -> set[tuple[str, int]]:
    """Return where SM-B are that these contexts may use."""
    return {place for survey in surveys for place, told in survey.practice_cards.items() if told is None}


def _foreign_cards(survey: ContextSurvey) -> set[tuple[str, int]]:
    """Return where SM-B are that belong to another mandant."""
    return {place for place, told in survey.practice_cards.items() if told and told.konnektor_code == 4013}


def _of_remote_pin(survey: ContextSurvey, surveys: Sequence[ContextSurvey]) -> Iterator[Finding]:
    """Remote PIN cannot be tried without asking somebody for a PIN: never in order, never refused."""
    if needs_remote_pin(survey.context):
        pad = survey.context.remote_pin_terminal
        item = resolved(pad, surveys).title if pad else ""
        yield Finding(subject=Subject.REMOTE_PIN, verdict=Verdict.UNKNOWN, item=item, failure=survey.link)
