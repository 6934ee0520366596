"""How things stand, in one German sentence for `systemctl status`: no names of persons, no card numbers."""

from collections.abc import Iterator

from kartenwart.domain.failures import Owner
from kartenwart.domain.inventory import (
    Card,
    CardType,
    Inventory,
    Konnektor,
    LinkState,
    OnlineState,
    Pin,
    PinStatus,
)

NOT_SET_UP = (
    "Noch nicht eingerichtet: in der Konfiguration einen Konnektor ([konnektors.NAME]) und einen Kontext "
    "([contexts.NAME]) eintragen, dann den Dienst neu starten."
)
OWNERS = {
    Owner.PRACTICE: "Praxis",
    Owner.TECHNICIAN: "Techniker",
    Owner.SOFTWARE_VENDOR: "Softwarehersteller",
    Owner.TI_PROVIDER: "TI-Anbieter",
    Owner.CARD_ISSUER: "Kartenherausgeber",
    Owner.GEMATIK: "Telematikinfrastruktur",
}
_NO_PIN_YET = "SMC-B hat noch keine eigene PIN: kartenwart pin change smc-b --transport-pin."
_CLOSED = {
    PinStatus.BLOCKED: "PIN der SMC-B gesperrt: mit dem PUK entsperren, kartenwart pin unblock smc-b.",
    PinStatus.TRANSPORT_PIN: _NO_PIN_YET,
    PinStatus.EMPTY_PIN: _NO_PIN_YET,
    PinStatus.VERIFIABLE: "SMC-B nicht freigeschaltet für {}: kartenwart unlock.",
}
_AT_THE_GATEWAY = "HSM-B nicht freigeschaltet für {}: Ihre PIN wird in der Verwaltung des TI-Gateways eingegeben."


def verdict(inventory: Inventory) -> str:
    """Return what is wrong, who must act and what to do, the nearest cause first; or that all is well."""
    if not inventory.konnektors and inventory.reader_service is None:
        return NOT_SET_UP
    problems = list(_problems(inventory))
    if not problems:
        return _well(inventory)
    others = f" (Weitere Hinweise: {len(problems) - 1}.)" if len(problems) > 1 else ""
    return problems[0] + others


def _problems(inventory: Inventory) -> Iterator[str]:
    for konnektor in inventory.konnektors:
        yield from _link(konnektor)
    yield from _readers(inventory)
    lost = [one for one in inventory.terminals if not one.connected]
    if lost:
        yield f"{len(lost)} von {len(inventory.terminals)} Kartenterminals nicht verbunden: Strom und Netzkabel prüfen."
    for words, where in _locked(inventory).items():
        yield words.format(", ".join(sorted(where)))


def _readers(inventory: Inventory) -> Iterator[str]:
    service = inventory.reader_service.condition if inventory.reader_service else None
    if service is not None:
        yield f"Kartenleser der Box: {service.title} {service.next_step} Zuständig: {OWNERS[service.owner]}."
    for reader in inventory.readers:
        if (cause := reader.condition) is not None and cause != service:
            yield f"{reader.label}: {cause.title} {cause.next_step} Zuständig: {OWNERS[cause.owner]}."


def _link(konnektor: Konnektor) -> Iterator[str]:
    name = f"Konnektor {konnektor.name.removeprefix('konnektors/')}"
    cause = konnektor.condition
    if cause is not None:
        yield f"{name}: {cause.title} {cause.next_step} Zuständig: {OWNERS[cause.owner]}."
    elif konnektor.link_state is LinkState.CONNECTING:
        yield f"{name}: Die Verbindung wird aufgebaut."
    elif konnektor.link_state is not LinkState.UP:
        yield f"{name}: Die Verbindung ist gestört."
    elif konnektor.ti_state is OnlineState.OFFLINE:
        yield f"{name} ist erreichbar und meldet keine Verbindung zur TI. Zuständig: {OWNERS[Owner.TI_PROVIDER]}."


def _locked(inventory: Inventory) -> dict[str, set[str]]:
    """Return what to do about practice cards that are not open, and in which contexts; a blocked one comes first."""
    found: dict[str, set[str]] = {}
    for status, words in _CLOSED.items():
        for card, context in _standing(inventory, status):
            told = _AT_THE_GATEWAY if card.type is CardType.HSM_B else words
            found.setdefault(told, set()).add(context.removeprefix("contexts/"))
    return found


def _standing(inventory: Inventory, status: PinStatus) -> Iterator[tuple[Card, str]]:
    for card in inventory.cards:
        for state in card.pin_states:
            if card.type.is_practice and state.pin is Pin.SMC and state.status is status:
                yield card, state.context


def _well(inventory: Inventory) -> str:
    counts = (len(inventory.konnektors), len(inventory.terminals), len(inventory.cards))
    told = "Bereit: {} Konnektor(en) verbunden, {} Kartenterminal(s), {} Karte(n).".format(*counts)
    return f"{told[:-1]}, {len(inventory.readers)} Kartenleser." if inventory.reader_service else told
