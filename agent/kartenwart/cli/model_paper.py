"""The target information model as rows and as a checklist, and a check as a protocol, both to print."""

from collections.abc import Iterator, Sequence

from kartenwart.api.konnektor.v1 import information_model_pb2 as model_pb2
from kartenwart.cli.model_words import LOGINS, SUBJECTS, VERDICTS, owner_of, why_of
from kartenwart.cli.words import moment, short, word

_SPECIAL = "\\`*_{}[]<>|#"
_DECIDE = "selbst entscheiden"
_SECTIONS = (("Was fehlt", model_pb2.MODEL_VERDICT_REFUSED), ("Was offen ist", model_pb2.MODEL_VERDICT_UNKNOWN))
_TABLE = ("| Kontext | Was | Woran | Befund | Grund |", "| --- | --- | --- | --- | --- |")

Item = tuple[str, str, str]


def model_rows(model: model_pb2.TargetModel) -> list[tuple[str, str, str, str]]:
    """Return one row per thing to enter: Konnektor, section, what, the codes that come without it."""
    return [(short(model.konnektor), *item) for item in _items(model)]


def _items(model: model_pb2.TargetModel) -> Iterator[Item]:
    for mandant in model.mandants:
        yield "Mandanten", f"Mandant „{mandant.name}“", "4004"
    for system in model.client_systems:
        yield "Clientsysteme", f"Clientsystem „{system.name}“, {word(LOGINS, system.authentication)}", "4005, 4204"
    for workplace in model.workplaces:
        yield "Arbeitsplätze", f"Arbeitsplatz „{workplace.name}“", "4006"
        yield from _terminals(workplace)
    for mandant in model.mandants:
        yield from _assigned(mandant)


def _terminals(workplace: model_pb2.TargetWorkplace) -> Iterator[Item]:
    section, name = "Arbeitsplätze", f"„{workplace.name}“"
    for terminal in workplace.local_terminals:
        yield section, f"Arbeitsplatz {name}: Kartenterminal „{terminal}“ als lokal", "4015, 4016"
    for terminal in workplace.remote_terminals:
        yield section, f"Arbeitsplatz {name}: Kartenterminal „{terminal}“ als entfernt", "4015"
    if not workplace.decided:
        now = ", ".join(f"„{one}“" for one in workplace.reached_terminals) or "keins"
        text = f"Arbeitsplatz {name}: seine Kartenterminals, lokal oder entfernt ({_DECIDE}; jetzt erreicht er: {now})"
        yield section, text, "4015, 4016"


def _assigned(mandant: model_pb2.TargetMandant) -> Iterator[Item]:
    section = f"Zuordnungen beim Mandanten „{mandant.name}“"
    for system in mandant.client_systems:
        yield section, f"Clientsystem „{system}“", "4010"
    for workplace in mandant.workplaces:
        yield section, f"Arbeitsplatz „{workplace}“", "4011"
    for one in mandant.assignments:
        yield section, f"Clientsystem „{one.client_system}“ arbeitet von Arbeitsplatz „{one.workplace}“", "4014"
    yield from _devices(section, mandant)


def _devices(section: str, mandant: model_pb2.TargetMandant) -> Iterator[Item]:
    for terminal in mandant.terminals:
        yield section, f"Kartenterminal „{terminal}“", "4012"
    if not mandant.terminals:
        yield section, f"Kartenterminals ({_DECIDE}; zu sehen ist noch keins)", "4012"
    for pin in mandant.remote_pins:
        pad = f"Kartenterminal „{pin.terminal}“" if pin.terminal else _DECIDE
        yield section, f"Fern-PIN-Terminal für Arbeitsplatz „{pin.workplace}“: {pad}", "4092"
    for card in mandant.practice_cards:
        yield section, f"SM-B in „{card.terminal}“, Steckplatz {card.slot_id}: verwaltet und zugeordnet", "4009, 4013"
    if not mandant.practice_cards:
        yield section, f"Die SM-B des Mandanten: verwaltet und zugeordnet ({_DECIDE}; zu sehen ist keine)", "4009, 4013"


def model_paper(models: Sequence[model_pb2.TargetModel]) -> list[str]:
    """Return the checklist as Markdown, a box per thing to enter."""
    lines = ["# Infomodell: was am Konnektor einzutragen ist", ""]
    lines += ["Namen genau so schreiben, auch groß und klein. Hinter jeder Zeile steht der Code, der sonst kommt."]
    for model in models:
        lines += ["", f"## Konnektor {_plain(short(model.konnektor))}"]
        last = ""
        for section, text, codes in _items(model):
            if section != last:
                lines += ["", f"### {_plain(section)}", ""]
                last = section
            lines.append(f"- [ ] {_plain(text)} ({codes})")
    return lines


def check_paper(checks: Sequence[model_pb2.ModelCheck]) -> list[str]:
    """Return a check as Markdown: what is to do as boxes, then every cell."""
    lines = ["# Infomodell: was der Konnektor zulässt"]
    for check in checks:
        lines += ["", f"## Konnektor {_plain(short(check.konnektor))}", "", f"Geprüft: {moment(check.check_time)}"]
        for title, verdict in _SECTIONS:
            cells = [one for one in check.cells if one.verdict == verdict]
            lines += ["", f"### {title}", "", *(_to_do(cells) or ["Nichts."])]
        lines += ["", "### Alle Zellen", "", *_TABLE]
        lines += [f"| {' | '.join(_plain(text) for text in _cell(one))} |" for one in check.cells]
    return lines


def _to_do(cells: Sequence[model_pb2.ModelCell]) -> list[str]:
    """Return each thing to do once, with the contexts that need it."""
    contexts: dict[str, list[str]] = {}
    for cell in cells:
        code = f", Grund {_plain(why_of(cell))}" if why_of(cell) else ""
        line = f"{_plain(cell.to_do)} (Zuständig: {owner_of(cell)}{code}; Kontext"
        contexts.setdefault(line, []).append(_plain(short(cell.context)))
    return [f"- [ ] {line} {', '.join(dict.fromkeys(names))})" for line, names in contexts.items()]


def _cell(cell: model_pb2.ModelCell) -> tuple[str, ...]:
    found = word(VERDICTS, cell.verdict)
    return short(cell.context), word(SUBJECTS, cell.subject), cell.item, found, why_of(cell)


def _plain(text: str) -> str:
    """Return a text of which Markdown takes every character as it is."""
    return "".join(f"\\{one}" if one in _SPECIAL else one for one in text)
