from dataclasses import replace

import pytest

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason
from kartenwart.domain.ports.readers import SeenReader, SeenReaders
from kartenwart.domain.reader_matching import Match, match
from kartenwart.domain.readers import SlotState, UsbDevice

NAME = "Cherry GmbH SmartTerminal ST-2xxx"
DOWN = failure(Reason.READER_SERVICE_DOWN)
NOT_SEEN = failure(Reason.READER_NOT_SEEN)


def device(port: str, *names: str, channel: tuple[int, int] | None = None) -> UsbDevice:
    return UsbDevice(
        port=port,
        vendor_id=0x046A,
        product_id=0x003E,
        manufacturer="Cherry GmbH",
        product="SmartTerminal ST-2xxx",
        firmware="5.11",
        slots=1,
        pad=True,
        channel=channel,
        pcsc_names=names,
    )


def seen(*labels: str, **channels: tuple[int, int]) -> SeenReaders:
    """Readers by label; those named by a word have it as label and their place on the bus."""
    places: list[tuple[str, tuple[int, int] | None]] = [*((label, None) for label in labels), *channels.items()]
    return SeenReaders(
        readers=tuple(
            SeenReader(label=label, slot=SlotState.EMPTY, pad=True, channel=channel) for label, channel in places
        )
    )


def test_the_place_on_the_bus_tells_readers_of_one_kind_apart() -> None:
    first, second = device("1-1", NAME, channel=(1, 4)), device("1-2", NAME, channel=(1, 5))

    assert match((first, second), seen(left=(1, 5), right=(1, 4))) == (
        Match(device=first, labels=("right",)),
        Match(device=second, labels=("left",)),
    )


def test_a_name_that_no_other_device_has_is_certain_and_all_its_slots_belong_to_it() -> None:
    one = device("1-1", f"{NAME} [Contact] (4711)", f"{NAME} [Contactless] (4711)")
    labels = (f"{NAME} [Contact] (4711) 00 00", f"{NAME} [Contactless] (4711) 01 00", f"{NAME} [Contact] (4711) 00 01")

    assert match((one,), seen(*labels, "Virtual PCD 00 00")) == (Match(device=one, labels=labels),)


def test_of_two_with_one_name_nobody_says_which_is_which() -> None:
    both = device("1-1", NAME), device("1-2", NAME)
    labels = (f"{NAME} 00 00", f"{NAME} 01 00")

    assert match(both, seen(*labels)) == tuple(Match(device=each, ambiguous=labels) for each in both)


def test_the_place_of_one_makes_the_other_certain() -> None:
    placed, other = device("1-1", NAME, channel=(1, 4)), device("1-2", NAME, channel=(1, 5))
    readers = seen(f"{NAME} 01 00", here=(1, 4))

    assert match((placed, other), readers)[1] == Match(device=other, labels=(f"{NAME} 01 00",))


@pytest.mark.parametrize("names", [(NAME,), ()], ids=["driver", "no driver"])
def test_what_pcscd_does_not_show_is_not_seen(names: tuple[str, ...]) -> None:
    lonely = device("1-1", *names)

    for readers in (seen(), seen("Virtual PCD 00 00"), seen(f"{NAME} (4711) 00 00"), seen(f"{NAME}s 00 00")):
        assert match((lonely,), readers) == (Match(device=replace(lonely, condition=NOT_SEEN)),)


def test_where_pcscd_is_not_there_that_is_what_the_device_lacks() -> None:
    lonely = device("1-1", NAME)

    found = match((lonely,), SeenReaders(readers=(), condition=DOWN))

    assert found[0].device.condition == DOWN


def test_a_device_is_given_the_time_that_pcscd_needs() -> None:
    young = replace(device("1-1", NAME), settled=False)

    assert match((young,), seen()) == (Match(device=young),)


def test_what_a_device_lacks_of_itself_stays() -> None:
    closed = replace(device("1-1", NAME), condition=failure(Reason.READER_NOT_PERMITTED))

    assert match((closed,), seen()) == (Match(device=closed),)
