"""Konnektoren, terminals, readers, cards and contexts as messages."""

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.failure.v1 import failure_pb2
from kartenwart.api.inventory.v1 import inventory_service_pb2
from kartenwart.api.konnektor.v1 import konnektor_pb2
from kartenwart.api.reader.v1 import reader_pb2
from kartenwart.api.terminal.v1 import terminal_pb2
from kartenwart.domain.inventory import (
    Card,
    CardCertificate,
    CardType,
    CertificateReference,
    Context,
    Inventory,
    KeyAlgorithm,
    Konnektor,
    LinkState,
    OnlineState,
    Pin,
    PinState,
    PinStatus,
    Terminal,
)
from kartenwart.domain.readers import Reader, SlotState, UsbDevice
from kartenwart.edge.convert.basics import EnumTable, timestamp
from kartenwart.edge.convert.failures import failure_message

LINK_STATES = EnumTable(konnektor_pb2.LinkState, "LINK_STATE", LinkState)
ONLINE_STATES = EnumTable(konnektor_pb2.OnlineState, "ONLINE_STATE", OnlineState)
CARD_TYPES = EnumTable(card_pb2.CardType, "CARD_TYPE", CardType)
PINS = EnumTable(card_pb2.Pin, "PIN", Pin)
PIN_STATUSES = EnumTable(card_pb2.PinStatus, "PIN_STATUS", PinStatus)
REFERENCES = EnumTable(card_pb2.CertificateReference, "CERTIFICATE_REFERENCE", CertificateReference)
SLOT_STATES = EnumTable(reader_pb2.SlotState, "SLOT_STATE", SlotState)
ALGORITHMS = EnumTable(card_pb2.KeyAlgorithm, "KEY_ALGORITHM", KeyAlgorithm)

Places = dict[tuple[str, int], str]


def inventory_message(inventory: Inventory) -> inventory_service_pb2.Inventory:
    """Return the picture; what the caller may not see was left out before (operations.inventory.view)."""
    places = card_places(inventory)
    return inventory_service_pb2.Inventory(
        konnektors=[konnektor_message(konnektor) for konnektor in inventory.konnektors],
        terminals=[terminal_message(terminal, places) for terminal in inventory.terminals],
        cards=[card_message(card) for card in inventory.cards],
        readers=[reader_message(reader, places) for reader in inventory.readers],
        readers_condition=readers_condition(inventory),
    )


def card_places(inventory: Inventory) -> Places:
    """Return which card is in which slot of which terminal or reader."""
    return {
        (route.terminal or route.reader, route.slot_id): card.name for card in inventory.cards for route in card.routes
    }


def konnektor_message(konnektor: Konnektor) -> konnektor_pb2.Konnektor:
    """Return a Konnektor with the state of the link to it."""
    return konnektor_pb2.Konnektor(
        name=konnektor.name,
        link_state=LINK_STATES.number(konnektor.link_state),
        condition=failure_message(konnektor.condition) if konnektor.condition else None,
        vendor=konnektor.vendor,
        product=konnektor.product,
        product_type_version=konnektor.product_type_version,
        firmware_version=konnektor.firmware_version,
        services=[
            konnektor_pb2.KonnektorServiceVersion(service=one.service, version=one.version)
            for one in konnektor.services
        ],
        ti_state=ONLINE_STATES.number(konnektor.ti_state),
        sis_state=ONLINE_STATES.number(konnektor.sis_state),
        error_conditions=konnektor.error_conditions,
        events_subscribed=konnektor.events_subscribed,
        last_confirmed_time=timestamp(konnektor.last_confirmed),
    )


def terminal_message(terminal: Terminal, places: Places) -> terminal_pb2.Terminal:
    """Return a terminal with all its slots; `places` says which of the caller's cards are where."""
    slots = range(1, terminal.slot_count + 1)
    return terminal_pb2.Terminal(
        name=terminal.name,
        konnektor=terminal.konnektor,
        ct_id=terminal.ct_id,
        label=terminal.label,
        mac_address=terminal.mac_address,
        ip_address=terminal.ip_address,
        connected=terminal.connected,
        physical=terminal.physical,
        workplaces=terminal.workplaces,
        slots=[terminal_pb2.Slot(slot_id=slot, card=places.get((terminal.name, slot), "")) for slot in slots],
        product=terminal.product,
    )


def reader_message(reader: Reader, places: Places) -> reader_pb2.Reader:
    """Return a reader with its slot; `places` says which of the caller's cards are where."""
    return reader_pb2.Reader(
        name=reader.name,
        label=reader.label,
        slot_state=SLOT_STATES.number(reader.slot),
        card=next((card for (where, _), card in places.items() if where == reader.name), ""),
        pad=reader.pad,
        seen=reader.seen,
        usb=_usb_message(reader.usb) if reader.usb else None,
        condition=failure_message(reader.condition) if reader.condition else None,
    )


def readers_condition(inventory: Inventory) -> failure_pb2.Failure | None:
    """Return why no reader can be seen."""
    service = inventory.reader_service
    return failure_message(service.condition) if service and service.condition else None


def _usb_message(device: UsbDevice) -> reader_pb2.UsbDevice:
    return reader_pb2.UsbDevice(
        port=device.port,
        vendor_id=device.vendor_id,
        product_id=device.product_id,
        manufacturer=device.manufacturer,
        product=device.product,
        firmware=device.firmware,
        slots=device.slots,
        longest_message=device.longest_message,
        extended=device.extended,
    )


def card_message(card: Card) -> card_pb2.Card:
    """Return a card; handles stay inside."""
    return card_pb2.Card(
        name=card.name,
        type=CARD_TYPES.number(card.type),
        holder=card.holder,
        iccsn_tail=card.iccsn_tail,
        insert_time=timestamp(card.inserted_at),
        certificate_expiry=card.certificate_expiry.isoformat() if card.certificate_expiry else "",
        routes=[
            card_pb2.Route(
                konnektor="" if route.at_reader else route.konnektor,
                terminal=route.terminal,
                slot_id=route.slot_id,
                reader=route.reader,
            )
            for route in card.routes
        ],
        pin_states=[pin_state_message(state) for state in card.pin_states],
        confirmed=card.confirmed,
        condition=failure_message(card.condition) if card.condition else None,
    )


def pin_state_message(state: PinState) -> card_pb2.PinState:
    """Return the state of a PIN in a context; attempts_left stays absent where unknown."""
    return card_pb2.PinState(
        context=state.context,
        pin=PINS.number(state.pin),
        status=PIN_STATUSES.number(state.status),
        attempts_left=state.attempts_left,
        observe_time=timestamp(state.observed_at),
        user=state.user,
    )


def context_message(context: Context) -> konnektor_pb2.Context:
    """Return a configured context."""
    return konnektor_pb2.Context(
        name=context.name,
        konnektor="" if context.at_readers else context.konnektor,
        readers=context.at_readers,
        mandant=context.mandant,
        client_system=context.client_system,
        workplace=context.workplace,
        purpose=context.purpose,
    )


def certificate_message(certificate: CardCertificate) -> card_pb2.Certificate:
    """Return a certificate with its decoded facts."""
    return card_pb2.Certificate(
        reference=REFERENCES.number(certificate.reference),
        algorithm=ALGORITHMS.number(certificate.algorithm),
        der=certificate.der,
        issuer=certificate.issuer,
        subject=certificate.subject,
        serial_number=str(certificate.serial_number),
        not_before=timestamp(certificate.not_before),
        not_after=timestamp(certificate.not_after),
        telematik_id=certificate.telematik_id,
        profession_oids=certificate.profession_oids,
    )
