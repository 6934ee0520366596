"""The state of PINs as a practice team reads it: one row per card, PIN and context."""

from collections.abc import Mapping, Sequence

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.pin.v1 import pin_service_pb2 as pins
from kartenwart.cli.words import CARD_TYPES, PIN_OUTCOMES, PIN_STATES, PINS, short, word

# Whoever unblocks a PIN types its PUK.
_PUK_OUTCOMES: dict[int, str] = {
    job_pb2.PIN_OUTCOME_REJECTED: "falscher PUK",
    job_pb2.PIN_OUTCOME_BLOCKED: "PUK verbraucht, Ersatzkarte nötig",
}


def matrix_rows(
    cells: Sequence[pins.PinCell], cards: Mapping[str, card_pb2.Card], contexts: Mapping[str, str]
) -> list[tuple[str, ...]]:
    """Return the rows of the matrix, card by card; `contexts` says what people call each context."""
    rows = [
        (
            _card(cell, cards),
            word(PINS, cell.pin),
            contexts.get(cell.context, short(cell.context)),
            _state(cell, cells, contexts),
            _attempts(cell),
            _pad(cell.pad),
        )
        for cell in cells
    ]
    return sorted(rows, key=lambda row: row[:3])


def step_outcome(step: job_pb2.PinStep) -> str:
    """Return how one of several entries ended, or why nobody was asked."""
    told = word(PIN_OUTCOMES, step.outcome)
    if step.outcome == job_pb2.PIN_OUTCOME_NOT_ASKED:
        return step.failure.title or "war schon so, niemand wurde gefragt"
    if step.verb == job_pb2.PIN_VERB_UNBLOCK:
        told = _PUK_OUTCOMES.get(step.outcome, told)
    if not step.HasField("attempts_left") or step.outcome == job_pb2.PIN_OUTCOME_BLOCKED:
        return told
    return f"{told} (noch {step.attempts_left} {'Versuch' if step.attempts_left == 1 else 'Versuche'})"


def _card(cell: pins.PinCell, cards: Mapping[str, card_pb2.Card]) -> str:
    card = cards.get(cell.card)
    return f"{word(CARD_TYPES, card.type)} {card.holder}" if card else short(cell.card)


def _state(cell: pins.PinCell, cells: Sequence[pins.PinCell], contexts: Mapping[str, str]) -> str:
    """Return the state; one without a number of attempts mostly means that another program has verified the PIN."""
    if cell.HasField("failure"):
        return f"nicht zu erfahren: {cell.failure.title}"
    text = word(PIN_STATES, cell.state.status)
    if cell.state.status != card_pb2.PIN_STATUS_VERIFIABLE or cell.state.HasField("attempts_left"):
        return text
    elsewhere = [
        contexts.get(other.context, short(other.context))
        for other in cells
        if (other.card, other.pin) == (cell.card, cell.pin) and other.state.status == card_pb2.PIN_STATUS_VERIFIED
    ]
    told = f"freigeschaltet in {', '.join(elsewhere)}" if elsewhere else "wohl in einem anderen Programm freigeschaltet"
    return f"{text} ({told})"


def _attempts(cell: pins.PinCell) -> str:
    if cell.state.HasField("attempts_left"):
        return str(cell.state.attempts_left)
    return "" if cell.state.status == card_pb2.PIN_STATUS_VERIFIED else "unbekannt"


def _pad(pad: pins.PinPad) -> str:
    match pad.certainty:
        case pins.PAD_CERTAINTY_SURE:
            return pad.terminal_label
        case pins.PAD_CERTAINTY_EXPECTED:
            return f"{pad.terminal_label} (vermutlich)"
        case pins.PAD_CERTAINTY_NOWHERE:
            code = f" ({pad.failure.konnektor_code})" if pad.failure.konnektor_code else ""
            return f"nirgends: {pad.failure.title}{code}"
    return "zeigt sich erst bei der Eingabe"
