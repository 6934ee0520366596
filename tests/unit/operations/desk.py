"""The box's readers as tests tell of them: what pcscd shows, what is on the USB, and contexts that mean readers."""

from dataclasses import replace

from kartenwart.domain.inventory import READERS, CardType, Context
from kartenwart.domain.ports.readers import ReaderCard, SeenReader, SeenReaders
from kartenwart.domain.readers import SlotState, UsbDevice
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.events import EventRing
from kartenwart.operations.inventory import InventoryKeeper
from tests.unit.operations.memory import START, SetClock
from tests.unit.operations.practice import CONTEXTS, K1, NAMES

LAB, NEXT_DOOR = "contexts/labor", "contexts/nebenan"
WITH_READERS = CONTEXTS | {
    LAB: Context(name=LAB, konnektor=READERS, mandant="m1", client_system="", workplace=""),
    NEXT_DOOR: Context(name=NEXT_DOOR, konnektor=READERS, mandant="m3", client_system="", workplace=""),
}
AT_READERS = frozenset({LAB, NEXT_DOOR})

SMCB_HERE = ReaderCard(
    handle="r-smcb",
    type=CardType.SMC_B,
    iccsn="80276001040000000001",  # that of practice.SMCB
    inserted_at=START,
    certificate_expiry=None,
)
EGK_HERE = replace(SMCB_HERE, handle="r-egk", type=CardType.EGK, iccsn="80276001040000000003")  # practice.EGK
PLAIN = SeenReader(label="Leser 00 00", slot=SlotState.EMPTY, pad=False)
PAD = SeenReader(label="Tastatur 01 00", slot=SlotState.EMPTY, pad=True)
PLUGGED = UsbDevice(
    port="1-1.2",
    vendor_id=0x46A,
    product_id=0x3E,
    manufacturer="Cherry",
    product="ST-1144",
    firmware="1.00",
    slots=1,
    pad=False,
    pcsc_names=("Leser",),
)


def holding(card: ReaderCard, reader: SeenReader = PLAIN) -> SeenReader:
    """Return a reader with a card."""
    return replace(reader, slot=SlotState.PRESENT, card=card)


def seen(*readers: SeenReader) -> SeenReaders:
    """Return what pcscd shows."""
    return SeenReaders(readers=readers)


def keeper(events: EventRing, clock: SetClock) -> InventoryKeeper:
    """Return the picture of a practice with a Konnektor and readers."""
    return InventoryKeeper(
        names=NAMES,
        contexts=Contexts(contexts=WITH_READERS),
        konnektors=[K1],
        events=events,
        clock=clock,
        readers=True,
    )
