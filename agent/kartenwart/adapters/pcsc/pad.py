"""A reader's pad by PC/SC part 10: a person types there, and what is typed goes to the card inside the reader."""

from collections.abc import Callable
from dataclasses import dataclass, field

from kartenwart.adapters.pcsc.conditions import PcscError
from kartenwart.adapters.pcsc.pcscd import GET_FEATURES
from kartenwart.cards.channel import PinTemplate
from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.pcsc_pin import (
    Entry,
    Feature,
    Properties,
    modify_block,
    read_features,
    read_properties,
    verify_block,
)
from kartenwart.domain.catalogue import halted
from kartenwart.domain.failures import Reason

Control = Callable[[int, bytes], bytes]
_NO_PROPERTIES = Properties()


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a reader can do, as it says itself; `usb` is bus and device number, where its driver tells them."""

    features: dict[int, int] = field(default_factory=dict)
    properties: Properties = _NO_PROPERTIES
    usb: tuple[int, int] | None = None

    @property
    def pad(self) -> bool:
        """True where a PIN can be typed at it."""
        return Feature.VERIFY_PIN_DIRECT in self.features

    @property
    def most_apdu_bytes(self) -> int:
        """Return how long an APDU it takes; 0 where it does not say."""
        return self.properties.most_apdu_bytes or 0


def read_abilities(control: Control) -> Abilities:
    """Ask a reader; one that knows none of the questions, or garbles its answers, has no abilities."""
    features = _features(control)
    properties = features.get(Feature.GET_TLV_PROPERTIES)
    if properties is None:
        return Abilities(features=features)
    try:
        return Abilities(features=features, properties=read_properties(control(properties, b"")))
    except MalformedError:
        return Abilities(features=features)
    except PcscError as error:
        if error.reason is not Reason.READER_FAULT:
            raise
        return Abilities(features=features)


def _features(control: Control) -> dict[int, int]:
    try:
        return read_features(control(GET_FEATURES, b""))
    except MalformedError:
        return {}
    except PcscError as error:
        if error.reason is not Reason.READER_FAULT:
            raise
        return {}  # 8010001F and its kin: the driver knows no such question


class ReaderPad:
    """The pad of one reader for one verb (see cards.channel.PinPad).

    `gate` is called when the block is ready and nothing was sent yet; if it raises, nothing is sent. READER_WITHOUT_PAD
    where this reader cannot ask for it.
    """

    def __init__(self, control: Control, abilities: Abilities, gate: Callable[[], None]) -> None:
        self._control = control
        self._abilities = abilities
        self._gate = gate

    def verify(self, template: PinTemplate) -> bytes:
        """Let a person type the one secret of the template."""
        return self._once(Feature.VERIFY_PIN_DIRECT, verify_block(template.command, self._entry(template)))

    def change(self, template: PinTemplate) -> bytes:
        """Let a person type the old PIN or PUK, and the new PIN twice."""
        return self._once(
            Feature.MODIFY_PIN_DIRECT, modify_block(template.command, self._entry(template), ask_old=True)
        )

    def set_new(self, template: PinTemplate) -> bytes:
        """Let a person type the new PIN twice."""
        return self._once(
            Feature.MODIFY_PIN_DIRECT, modify_block(template.command, self._entry(template), ask_old=False)
        )

    def _once(self, feature: Feature, block: bytes) -> bytes:
        control_code = self._abilities.features.get(feature)
        if control_code is None:
            raise halted(Reason.READER_WITHOUT_PAD)
        self._gate()
        return self._control(control_code, block)

    def _entry(self, template: PinTemplate) -> Entry:
        """Return the lengths that both card and pad allow; READER_WITHOUT_PAD where there are none."""
        told = self._abilities.properties
        shortest = max(template.shortest, told.shortest_pin or 0)
        longest = min(template.longest, told.longest_pin or template.longest)
        if shortest > longest:
            raise halted(Reason.READER_WITHOUT_PAD)
        return Entry(shortest=shortest, longest=longest)
