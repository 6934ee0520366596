"""German words for the cells of a check: what to enter where in the Konnektor's administration."""

from collections.abc import Sequence

from kartenwart.domain.failures import Owner, Reason
from kartenwart.domain.inventory import Context
from kartenwart.domain.model_check import Cell, ContextSurvey, Subject, Verdict
from kartenwart.domain.model_findings import Finding, findings

_ENTER: dict[Subject, str] = {
    Subject.MANDANT: "Am Konnektor den Mandanten {mandant} anlegen, oder seinen Namen in der Box berichtigen.",
    Subject.CLIENT_SYSTEM: "Am Konnektor das Clientsystem {system} anlegen, oder seinen Namen in der Box berichtigen.",
    Subject.WORKPLACE: "Am Konnektor den Arbeitsplatz {place} anlegen, oder seinen Namen in der Box berichtigen.",
    Subject.IDENTITY: (
        "Am Konnektor dem Clientsystem {system} das Zertifikat oder Kennwort geben, mit dem sich die Box meldet, oder "
        "in der Box unter logins das von {system} eintragen."
    ),
    Subject.CLIENT_SYSTEM_OF_MANDANT: "Am Konnektor das Clientsystem {system} dem Mandanten {mandant} zuordnen.",
    Subject.WORKPLACE_OF_MANDANT: "Am Konnektor den Arbeitsplatz {place} dem Mandanten {mandant} zuordnen.",
    Subject.WORKPLACE_OF_CLIENT_SYSTEM: (
        "Am Konnektor beim Mandanten {mandant} den Arbeitsplatz {place} dem Clientsystem {system} zuordnen."
    ),
    Subject.TERMINAL_OF_MANDANT: "Am Konnektor das Kartenterminal {item} dem Mandanten {mandant} zuordnen.",
    Subject.TERMINAL_OF_WORKPLACE: (
        "Am Konnektor das Kartenterminal {item} dem Arbeitsplatz {place} zuordnen, als lokal oder als entfernt."
    ),
    Subject.TERMINAL_LOCAL: "Am Konnektor das Kartenterminal {item} dem Arbeitsplatz {place} als lokal zuordnen.",
    Subject.PRACTICE_CARD_MANAGED: (
        "Am Konnektor die SM-B in {item} als verwaltete SM-B eintragen, bei dem Mandanten, dem sie gehört."
    ),
    Subject.PRACTICE_CARD_OF_MANDANT: "Am Konnektor die SM-B in {item} dem Mandanten {mandant} zuordnen.",
}
_NAMES = {
    Subject.MANDANT: "den Mandanten {mandant}",
    Subject.CLIENT_SYSTEM: "das Clientsystem {system}",
    Subject.WORKPLACE: "den Arbeitsplatz {place}",
}
_OPEN: dict[Subject, str] = {
    Subject.TERMINAL_OF_MANDANT: (
        "Das Kartenterminal {item} gehört am Konnektor nicht zum Mandanten {mandant}. Ob der Arbeitsplatz {place} es "
        "braucht, steht nicht in der Box: selbst entscheiden."
    ),
    Subject.TERMINAL_OF_WORKPLACE: (
        "Der Arbeitsplatz {place} erreicht das Kartenterminal {item} nicht. Ob er es braucht, steht nicht in der Box: "
        "selbst entscheiden."
    ),
    Subject.TERMINAL_LOCAL: "Nur mit einer gesteckten eGK zu prüfen: eine in das Kartenterminal {item} stecken.",
    Subject.PRACTICE_CARD_MANAGED: "Nicht zu prüfen: Der Konnektor gab zur SM-B in {item} keine klare Antwort.",
    Subject.PRACTICE_CARD_OF_MANDANT: (
        "Die SM-B in {item} gehört am Konnektor einem anderen Mandanten. In gemeinsamen Räumen ist das richtig; soll "
        "sie dem Mandanten {mandant} gehören, dort zuordnen."
    ),
}
_NO_TERMINAL = (
    "Der Arbeitsplatz {place} erreicht kein Kartenterminal. Am Konnektor die zuordnen, die er braucht; in der Box "
    "unter local_terminals und remote_terminals nennen, dann wird jedes geprüft."
)
_NO_CARD = (
    "In keinem Kartenterminal, das der Arbeitsplatz {place} erreicht, ist eine SM-B des Mandanten {mandant} zu sehen: "
    "stecken, und am Konnektor verwalten und zuordnen."
)
_NOT_FOUND = (
    "Der Konnektor kennt kein Kartenterminal {item}: dort koppeln und dem Mandanten {mandant} zuordnen, oder in der "
    "Box CtId, Namen oder MAC-Adresse berichtigen."
)
_REMOTE_PIN = (
    "Ohne PIN-Abfrage nicht zu prüfen. Am Konnektor nachsehen: beim Mandanten {mandant} ist für den Arbeitsplatz "
    "{place} {pad} als Fern-PIN-Terminal eingetragen (sonst 4092)."
)
_BEFORE = "Nicht zu prüfen: {cause} Erst das beheben, dann noch einmal prüfen."
_HIDDEN = "Verdeckt durch {code}: erst das beheben, dann noch einmal prüfen."
_UNASKED = "Nicht zu prüfen: Der Konnektor gab dazu keine Antwort. Später noch einmal prüfen."
_TERMINALS = (Subject.TERMINAL_OF_MANDANT, Subject.TERMINAL_OF_WORKPLACE)


def cells(surveys: Sequence[ContextSurvey]) -> tuple[Cell, ...]:
    """Return the check's cells, in the order of the surveys and of the subjects."""
    found = findings(surveys)
    return tuple(_cell(survey.context, one) for survey in surveys for one in found[survey.context.name])


def _cell(context: Context, finding: Finding) -> Cell:
    well = finding.verdict is Verdict.OK
    owner = None if well else finding.failure.owner if finding.failure else Owner.TECHNICIAN
    return Cell(
        context=context.name,
        subject=finding.subject,
        verdict=finding.verdict,
        item=finding.item,
        to_do="" if well else _words(context, finding),
        failure=finding.failure,
        owner=owner,
    )


def _words(context: Context, finding: Finding) -> str:
    cause = finding.failure.title if finding.failure else ""
    pad = f"„{finding.item}“" if finding.item else "ein Kartenterminal"
    return _pattern(finding).format(
        mandant=f"„{context.mandant}“",
        system=f"„{context.client_system}“",
        place=f"„{context.workplace}“",
        item=f"„{finding.item}“",
        pad=pad,
        cause=cause,
        code=finding.failure.konnektor_code if finding.failure else "",
    )


def _pattern(finding: Finding) -> str:
    if finding.verdict is Verdict.UNKNOWN:
        return _open(finding)
    if finding.subject is Subject.NAMES:
        return _one_of(finding.suspects or tuple(_NAMES))
    code = finding.failure.konnektor_code if finding.failure else 0
    return _NOT_FOUND if code == 4007 else _ENTER[finding.subject]


def _one_of(suspects: Sequence[Subject]) -> str:
    names = " oder ".join(_NAMES[one] for one in suspects)
    return (
        f"Der Konnektor kennt {names} nicht und sagt nicht, was davon (in seinem Protokoll steht 4004, 4005 oder "
        "4006). Alle genannten Namen dort vergleichen: Groß- und Kleinschreibung zählt."
    )


def _open(finding: Finding) -> str:
    """Return why a cell is unknown: it cannot be tried, another trouble hides it, or a person has to decide."""
    subject, told = finding.subject, finding.failure
    if subject is Subject.REMOTE_PIN:
        return _REMOTE_PIN
    if told is None:
        return _unasked(finding)
    own = {Subject.TERMINAL_OF_MANDANT: 4012, Subject.TERMINAL_OF_WORKPLACE: 4015}.get(subject)
    undecided = not finding.decided and told.konnektor_code == own
    foreign = subject is Subject.PRACTICE_CARD_OF_MANDANT and told.konnektor_code == 4013
    if (undecided or foreign) and told.reason is Reason.KONNEKTOR_CONTEXT_REFUSED:
        return _OPEN[subject]
    return _HIDDEN if told.konnektor_code else _BEFORE


def _unasked(finding: Finding) -> str:
    if finding.subject is Subject.TERMINAL_LOCAL:
        return _OPEN[finding.subject]
    if finding.subject is Subject.PRACTICE_CARD_OF_MANDANT and not finding.item:
        return _NO_CARD
    if finding.subject in _TERMINALS and not finding.item:
        return _NO_TERMINAL
    return _UNASKED
