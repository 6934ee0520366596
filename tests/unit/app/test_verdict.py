from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kartenwart.app.verdict import NOT_SET_UP, OWNERS, verdict
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Owner, Reason
from kartenwart.domain.inventory import (
    Card,
    CardType,
    Inventory,
    Konnektor,
    LinkState,
    OnlineState,
    Pin,
    PinState,
    PinStatus,
    Terminal,
)
from kartenwart.domain.readers import Reader, ReaderService, SlotState

UP = Konnektor(name="konnektors/k1", link_state=LinkState.UP, ti_state=OnlineState.ONLINE)
TERMINAL = Terminal(
    name="terminals/t-1",
    konnektor="konnektors/k1",
    ct_id="ct",
    label="Empfang",
    mac_address="",
    ip_address="",
    connected=True,
    physical=True,
    workplaces=(),
    slot_count=2,
    product="",
    contexts=frozenset(),
)
EGK = Card(
    name="cards/c-1",
    type=CardType.EGK,
    holder="Erika Mustermann",
    iccsn_tail="",
    inserted_at=None,
    certificate_expiry=None,
    routes=(),
    contexts=frozenset(),
)


def smc_b(*states: tuple[str, PinStatus], pin: Pin = Pin.SMC) -> Card:
    pins = (
        PinState(context=f"contexts/{name}", pin=pin, status=status, attempts_left=None, observed_at=datetime.now(UTC))
        for name, status in states
    )
    return replace(EGK, name="cards/c-2", type=CardType.SMC_B, holder="Praxis", pin_states=tuple(pins))


def test_a_box_without_a_konnektor_says_what_to_enter_and_where() -> None:
    assert verdict(Inventory()) == NOT_SET_UP
    assert "[konnektors.NAME]" in NOT_SET_UP
    assert "[contexts.NAME]" in NOT_SET_UP


def test_a_well_box_counts_what_it_sees_and_names_nobody() -> None:
    inventory = Inventory(konnektors=(UP,), terminals=(TERMINAL,), cards=(EGK, smc_b(("empfang", PinStatus.VERIFIED))))

    assert verdict(inventory) == "Bereit: 1 Konnektor(en) verbunden, 1 Kartenterminal(s), 2 Karte(n)."


@pytest.mark.parametrize("reason", [Reason.KONNEKTOR_UNREACHABLE, Reason.KONNEKTOR_CERTIFICATE_UNTRUSTED])
def test_a_link_that_is_down_says_why_what_to_do_and_who(reason: Reason) -> None:
    cause = failure(reason)
    told = verdict(Inventory(konnektors=(replace(UP, link_state=LinkState.DOWN, condition=cause),)))

    assert told == f"Konnektor k1: {cause.title} {cause.next_step} Zuständig: {OWNERS[cause.owner]}."


def test_the_nearest_cause_comes_first_and_the_others_are_counted() -> None:
    down = replace(UP, link_state=LinkState.DOWN, condition=failure(Reason.KONNEKTOR_SILENT))
    locked = smc_b(("kim", PinStatus.VERIFIABLE))
    off = replace(TERMINAL, connected=False)
    told = verdict(Inventory(konnektors=(down,), terminals=(TERMINAL, off), cards=(locked,)))

    assert told.startswith("Konnektor k1: ")
    assert told.endswith(" (Weitere Hinweise: 2.)")


def test_links_that_are_not_up_yet_or_lost_the_ti_are_told_apart() -> None:
    connecting = Inventory(konnektors=(Konnektor(name="konnektors/k1"),))
    degraded = Inventory(konnektors=(replace(UP, link_state=LinkState.DEGRADED),))
    no_ti = Inventory(konnektors=(replace(UP, ti_state=OnlineState.OFFLINE),))

    assert verdict(connecting) == "Konnektor k1: Die Verbindung wird aufgebaut."
    assert verdict(degraded) == "Konnektor k1: Die Verbindung ist gestört."
    assert verdict(no_ti).endswith("meldet keine Verbindung zur TI. Zuständig: TI-Anbieter.")


def test_a_lost_terminal_and_a_locked_smc_b_are_hints() -> None:
    off = replace(TERMINAL, connected=False)
    card = smc_b(("kim", PinStatus.VERIFIABLE), ("empfang", PinStatus.VERIFIABLE), ("pvs", PinStatus.VERIFIED))

    assert verdict(Inventory(konnektors=(UP,), terminals=(TERMINAL, off))).startswith("1 von 2 Kartenterminals nicht")
    told = verdict(Inventory(konnektors=(UP,), cards=(card,)))
    assert told == "SMC-B nicht freigeschaltet für empfang, kim: kartenwart unlock."


@pytest.mark.parametrize(
    ("status", "command"),
    [
        (PinStatus.BLOCKED, "kartenwart pin unblock"),
        (PinStatus.TRANSPORT_PIN, "--transport-pin"),
        (PinStatus.EMPTY_PIN, "--transport-pin"),
    ],
)
def test_what_no_entry_of_the_pin_can_open_is_told_with_what_can(status: PinStatus, command: str) -> None:
    card = smc_b(("kim", status), ("empfang", PinStatus.VERIFIABLE))
    told = verdict(Inventory(konnektors=(UP,), cards=(card,)))
    assert command in told
    assert told.endswith("(Weitere Hinweise: 1.)")


def test_nobody_is_sent_to_a_pad_for_a_card_in_a_data_centre() -> None:
    card = replace(smc_b(("kim", PinStatus.VERIFIABLE)), type=CardType.HSM_B)
    told = verdict(Inventory(konnektors=(UP,), cards=(card,)))
    assert "für kim: Ihre PIN wird in der Verwaltung des TI-Gateways" in told
    assert "kartenwart" not in told


@pytest.mark.parametrize("status", [PinStatus.VERIFIED, PinStatus.UNKNOWN, PinStatus.DISABLED])
def test_what_is_open_unknown_or_not_ours_is_no_hint(status: PinStatus) -> None:
    others = (smc_b(("empfang", status)), smc_b(("empfang", PinStatus.BLOCKED), pin=Pin.CH))

    assert verdict(Inventory(konnektors=(UP,), cards=others)).startswith("Bereit")


def test_every_owner_has_a_german_name() -> None:
    assert set(OWNERS) == set(Owner)


def test_readers_say_what_is_wrong_with_them_and_count_where_all_is_well() -> None:
    contexts = frozenset({"contexts/labor"})
    here = Inventory(reader_service=ReaderService(contexts=contexts, seen=True))
    assert verdict(here).endswith("0 Karte(n), 0 Kartenleser.")
    down = failure(Reason.READER_SERVICE_DOWN)
    assert verdict(replace(here, reader_service=ReaderService(contexts=contexts, condition=down))).startswith(
        f"Kartenleser der Box: {down.title}"
    )
    unseen = failure(Reason.READER_NOT_SEEN)
    reader = Reader(
        name="readers/r-1", label="Leser", slot=SlotState.UNKNOWN, pad=False, contexts=contexts, condition=unseen
    )
    assert verdict(replace(here, readers=(reader,))).startswith(f"Leser: {unseen.title}")
