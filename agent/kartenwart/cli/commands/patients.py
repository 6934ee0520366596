"""`kartenwart vsd` and `kartenwart card`: patients' cards, and cards asked for at a terminal.

What is read goes to the caller's terminal (stdout) and nowhere else.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from google.protobuf.duration_pb2 import Duration

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.patient.v1 import patient_card_pb2 as patient_pb2
from kartenwart.api.terminal.v1 import terminal_pb2
from kartenwart.cli.command import command
from kartenwart.cli.exits import Missing, UsageProblem
from kartenwart.cli.naming import CARD_HELP, find_card, named, request_uuid
from kartenwart.cli.output import Output
from kartenwart.cli.words import CARD_TYPES, REPLACEMENTS, RESULTS_OF_CHECKS, moment, short, word, yes

if TYPE_CHECKING:
    from kartenwart.api.job.v1 import job_pb2
    from kartenwart.client import Kartenwart

_CHECKS = {
    "quarter": patient_pb2.ONLINE_CHECK_FIRST_OF_QUARTER,
    "always": patient_pb2.ONLINE_CHECK_ALWAYS,
    "never": patient_pb2.ONLINE_CHECK_NEVER,
}

_OUT, _IN = "Bitte Karte entnehmen", "Bitte Karte wieder stecken"
_KINDS = (card_pb2.CARD_TYPE_EGK, card_pb2.CARD_TYPE_KVK, card_pb2.CARD_TYPE_HBA, card_pb2.CARD_TYPE_SMC_B)

CardArgument = Annotated[str, typer.Argument(help=f"{CARD_HELP} Ohne Angabe die einzige, die steckt.")]
ContextOption = Annotated[str, typer.Option(help="Kontext; sonst der eigene.")]
TextOption = Annotated[str, typer.Option("--text", help="Text für das Display, höchstens 48 Zeichen.")]
SecondsOption = Annotated[int, typer.Option("--timeout", min=1, max=120, help="Sekunden, die Zeit bleibt.")]
RequestOption = Annotated[str, typer.Option("--request-id", help="Eigene UUID; dieselbe hängt sich wieder an.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    readings = typer.Typer(no_args_is_help=True, help="Versichertendaten von eGK und KVK lesen.")
    app.add_typer(readings, name="vsd")
    command(readings, "read")(read)
    command(readings, "kvk")(kvk)
    requests = typer.Typer(no_args_is_help=True, help="Am Terminal um eine Karte bitten oder sie auswerfen.")
    app.add_typer(requests, name="card")
    command(requests, "request")(request)
    command(requests, "eject")(eject)
    command(requests, "reinsert")(reinsert)


async def read(
    box: "Kartenwart",
    out: Output,
    card: CardArgument = "",
    context: ContextOption = "",
    authority: Annotated[str, typer.Option(help="SMC-B oder HBA, sonst eine freigeschaltete SMC-B.")] = "",
    user: Annotated[str, typer.Option(help="Benutzer, nötig beim HBA.")] = "",
    check: Annotated[str, typer.Option(help="Online-Prüfung: quarter, always oder never.")] = "quarter",
) -> None:
    """Eine eGK lesen. Name und Daten erscheinen nur hier, bei dem, der fragt."""
    if check not in _CHECKS:
        raise UsageProblem(f"„{check}“ ist keine Art der Online-Prüfung; es gibt {', '.join(_CHECKS)}")
    with out.waiting("Die Karte wird gelesen …"):
        found = await _card(box, card, card_pb2.CARD_TYPE_EGK)
        reading = await box.patients.read_vsd(
            found.name,
            context=named("contexts", context),
            authority=(await find_card(box, authority)).name if authority else "",
            user=named("users", user),
            online_check=_CHECKS[check],
        )
    _show(out, reading)


async def kvk(box: "Kartenwart", out: Output, card: CardArgument = "", context: ContextOption = "") -> None:
    """Eine alte Versichertenkarte (KVK) lesen."""
    with out.waiting("Die Karte wird gelesen …"):
        found = await _card(box, card, card_pb2.CARD_TYPE_KVK)
        reading = await box.patients.read_kvk(found.name, context=named("contexts", context))
    _show(out, reading)


async def request(
    box: "Kartenwart",
    out: Output,
    terminal: Annotated[str, typer.Argument(help="Terminal: Name (t-…), CtId oder Bezeichnung.")],
    slot: Annotated[int, typer.Option(min=1, help="Steckplatz, ab 1.")] = 1,
    kind: Annotated[str, typer.Option("--type", help="Nur diese Art: eGK, KVK, HBA oder SMC-B.")] = "",
    context: ContextOption = "",
    text: TextOption = "",
    seconds: SecondsOption = 20,
    request_id: RequestOption = "",
) -> None:
    """Am Terminal um eine Karte bitten und warten, bis sie steckt."""
    from kartenwart.api.terminal.v1 import terminal_service_pb2

    wished = terminal_service_pb2.RequestCardRequest(
        request_id=request_uuid(request_id),
        terminal=_terminal(await box.terminals.list(), terminal).name,
        slot_id=slot,
        context=named("contexts", context),
        card_type=_kind(kind),
        display_text=text,
        timeout=Duration(seconds=seconds),
    )
    job = await _ended(box, out, await box.terminals.request_card(wished))
    there = yes(job.card_result.already_inserted)
    out.facts("job", job, [("Karte", short(job.card_result.card) or "noch nicht erkannt"), ("Steckte schon", there)])


async def eject(
    box: "Kartenwart",
    out: Output,
    card: Annotated[str, typer.Argument(help=CARD_HELP)],
    context: ContextOption = "",
    text: TextOption = "",
    seconds: SecondsOption = 20,
    request_id: RequestOption = "",
) -> None:
    """Eine Karte freigeben und warten, bis sie entnommen ist. Ihre Freischaltungen enden sofort."""
    found = await find_card(box, card)
    job = await _ejected(box, out, found, context=context, text=text, seconds=seconds, request_id=request_id)
    out.facts("job", job, [("Entnommen", f"{word(CARD_TYPES, found.type)} {short(job.card_result.card)}")])


async def reinsert(
    box: "Kartenwart",
    out: Output,
    card: Annotated[str, typer.Argument(help=CARD_HELP)],
    context: ContextOption = "",
    seconds: SecondsOption = 60,
) -> None:
    """Eine Karte herausnehmen und neu stecken lassen: Das löst 4018, denn alle Freischaltungen auf ihr enden."""
    from kartenwart.api.terminal.v1 import terminal_service_pb2

    found = await find_card(box, card)
    if not found.routes:
        raise Missing("Es ist nicht bekannt, in welchem Terminal die Karte steckt.")
    await _ejected(box, out, found, context=context, text=_OUT, seconds=seconds)
    place = found.routes[0]
    wished = terminal_service_pb2.RequestCardRequest(
        request_id=request_uuid(""),
        terminal=place.terminal,
        slot_id=place.slot_id,
        context=named("contexts", context),
        card_type=found.type,
        display_text=_IN,
        timeout=Duration(seconds=seconds),
    )
    job = await _ended(box, out, await box.terminals.request_card(wished))
    out.facts("job", job, [("Neu gesteckt", f"{word(CARD_TYPES, found.type)} {short(job.card_result.card)}")])


async def _ejected(
    box: "Kartenwart", out: Output, card: card_pb2.Card, *, context: str, text: str, seconds: int, request_id: str = ""
) -> "job_pb2.Job":
    from kartenwart.api.terminal.v1 import terminal_service_pb2

    wished = terminal_service_pb2.EjectCardRequest(
        request_id=request_uuid(request_id),
        card=card.name,
        context=named("contexts", context),
        display_text=text,
        timeout=Duration(seconds=seconds),
    )
    return await _ended(box, out, await box.terminals.eject_card(wished))


async def _ended(box: "Kartenwart", out: Output, job: "job_pb2.Job") -> "job_pb2.Job":
    from kartenwart.cli.following import follow
    from kartenwart.client.failures import ended_well

    return ended_well(await follow(box, out, job))


def _kind(text: str) -> card_pb2.CardType.ValueType:
    if not text:
        return card_pb2.CARD_TYPE_UNSPECIFIED
    for kind in _KINDS:
        if text.lower().replace("-", "") == word(CARD_TYPES, kind).lower().replace("-", ""):
            return kind
    known = ", ".join(word(CARD_TYPES, kind) for kind in _KINDS)
    raise UsageProblem(f"„{text}“ ist keine Art von Karte, um die man bitten kann; es gibt {known}")


async def _card(box: "Kartenwart", text: str, kind: card_pb2.CardType.ValueType) -> card_pb2.Card:
    if text:
        return await find_card(box, text)
    found = [card for card in await box.cards.list() if card.type == kind]
    if len(found) == 1:
        return found[0]
    words = word(CARD_TYPES, kind)
    if not found:
        raise Missing(f"Es steckt keine {words}, die dieser Arbeitsplatz sieht.")
    raise UsageProblem(f"Es stecken mehrere: {', '.join(short(card.name) for card in found)}")


def _terminal(terminals: Sequence[terminal_pb2.Terminal], text: str) -> terminal_pb2.Terminal:
    wanted = text.strip().lower()
    for one in terminals:
        if wanted in (one.name, short(one.name), one.ct_id.lower(), one.label.lower()):
            return one
    known = ", ".join(f"{short(one.name)} ({one.label})" for one in terminals) or "keine"
    raise Missing(f"„{text}“ meint kein Terminal; die Box sieht: {known}")


def _show(out: Output, reading: patient_pb2.CardReading) -> None:
    """Write a reading; one that failed is told like any failure, with what the practice may do then."""
    from kartenwart.client.failures import CallFailed, Failure

    if reading.HasField("failure") and not reading.HasField("person"):
        if reading.replacement_procedure:
            out.remark(f"Ersatzverfahren: {word(REPLACEMENTS, reading.replacement_procedure)}")
        raise CallFailed(Failure.of(reading.failure))
    out.facts("reading", reading, _lines(reading))
    if reading.HasField("failure"):
        out.problem(reading.failure.title, next_step=reading.failure.next_step)


def _lines(reading: patient_pb2.CardReading) -> list[tuple[str, str]]:
    person, insurance = reading.person, reading.insurance
    name = (person.title, person.given_names, person.name_supplement, person.name_prefix, person.family_name)
    lines = [
        ("Name", " ".join(filter(None, name))),
        ("Geboren", _day(person.birth_date)),
        ("Geschlecht", person.gender),
    ]
    lines += [("Versichertennummer", person.insured_id)]
    lines += [("Anschrift", _address(one)) for one in person.addresses]
    lines += [("Kasse", f"{insurance.insurer.name} ({insurance.insurer.number})"), ("Art", insurance.status)]
    lines += [("Versichert seit", _day(insurance.begin_date)), ("Versichert bis", _day(insurance.end_date))]
    if reading.HasField("protected_data"):
        lines += [("Von Zuzahlung befreit", yes(reading.protected_data.co_payment_free))]
    if reading.HasField("proof"):
        checked = f"{word(RESULTS_OF_CHECKS, reading.proof.result)} ({_day(reading.proof.check_time)})"
        lines += [("Online-Prüfung", checked)]
    lines += [("Nicht lesbar", one.reason) for one in reading.undecoded]
    lines += [("Ersatzverfahren", word(REPLACEMENTS, reading.replacement_procedure))]
    return [*lines, ("Gelesen", moment(reading.read_time))]


def _address(address: patient_pb2.Address) -> str:
    street = f"{address.street} {address.house_number}".strip() or f"Postfach {address.post_box}"
    return ", ".join(filter(None, (street, address.supplement, f"{address.postal_code} {address.city}".strip())))


def _day(digits: str) -> str:
    """Return "1964-08-12" for "19640812"; what has other characters stays as it is."""
    return "-".join((digits[:4], digits[4:6], digits[6:8])) if digits[:8].isdigit() and len(digits) >= 8 else digits
