"""Cards of any kind over a channel whose answers are the fuzzer's: recognised, read, asked for PINs and signatures.

Three bytes choose the kind of card, what is done with it, and the way its answers take (processors); then come the
answers, each behind two bytes of length, the last one for ever. Rules: values or WorldError, whose words do not repeat
the card's; boundedly many commands; a signature is asked for once, and a pad as well; no command carries a secret.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from kartenwart.cards.applications.esign import Esign
from kartenwart.cards.applications.hca import Hca
from kartenwart.cards.applications.hpa import Hpa
from kartenwart.cards.applications.kt import Kt
from kartenwart.cards.applications.kvk import Kvk
from kartenwart.cards.applications.master_file import MasterFile
from kartenwart.cards.applications.qes import Qes
from kartenwart.cards.card import Card
from kartenwart.cards.channel import Channel, PinTemplate
from kartenwart.cards.link import LARGEST_FILE, CardLink, Lengths
from kartenwart.cards.passwords import Passwords
from kartenwart.cards.processors.chaining import Chaining
from kartenwart.cards.processors.secure_messaging import SecureMessaging, SessionKeys
from kartenwart.cards.recognition import recognise
from kartenwart.cards.signing import SigningApplication
from kartenwart.codecs.apdu import read_response
from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.pcsc_pin import EMPTY_FORMAT_2
from kartenwart.domain.authentication import SignatureScheme
from kartenwart.domain.failures import WorldError
from kartenwart.domain.inventory import CardType, CertificateReference, KeyAlgorithm, Pin
from kartenwart.domain.jobs import PinVerb
from kartenwart.domain.ports.cards import PinWish
from tests.fuzz.target import choice, hold
from tests.unit.cards.secured_card import SecuredCard

CAN = "123456"
ATR = bytes.fromhex("3BD396FF81B1FE451F078081052D")
MOST_WORDS = 60
MOST_COMMANDS = 3000  # beside those whose answers are in the input
_VERIFY_TO_UNBLOCK = frozenset({0x20, 0x24, 0x26, 0x28, 0x2C})
_STATUS_CLASS = 0x80
_SIGNS = frozenset({0x2A, 0x88})

KINDS: tuple[CardType | None, ...] = (
    None,  # as it is recognised
    CardType.EGK,
    CardType.HBA,
    CardType.SMC_B,
    CardType.SMC_KT,
    CardType.KVK,
)


class Answers:
    """The channel: gives the answers of an input one after the other, the last for ever, and keeps what was sent."""

    def __init__(self, data: bytes) -> None:
        self.coming = list(answers(data))
        self.sent: list[bytes] = []

    def transmit(self, command: bytes) -> bytes:
        self.sent.append(command)
        hold("commands come to an end", len(self.sent) < len(self.coming) + MOST_COMMANDS)
        secret = command[1] in _VERIFY_TO_UNBLOCK and command[0] & _STATUS_CLASS == 0
        hold("no command carries a secret: that is the pad's", not secret)
        return self.coming[min(len(self.sent), len(self.coming)) - 1] if self.coming else b""


class Inside:
    """What an honest card secures: an answer that is none becomes 6F00."""

    def __init__(self, answering: Answers) -> None:
        self._answering = answering

    def transmit(self, command: bytes) -> bytes:
        answer = self._answering.transmit(command)
        try:
            read_response(answer)
        except MalformedError:
            return b"\x6f\x00"
        return answer


class Pad:
    """The pad: its answer is the card's next one."""

    def __init__(self, answering: Answers) -> None:
        self.asked: list[PinTemplate] = []
        self._answering = answering

    def verify(self, template: PinTemplate) -> bytes:
        return self._ask(template, 1)

    def change(self, template: PinTemplate) -> bytes:
        return self._ask(template, 2)

    def set_new(self, template: PinTemplate) -> bytes:
        return self._ask(template, 1)

    def _ask(self, template: PinTemplate, places: int) -> bytes:
        self.asked.append(template)
        hold("a template holds no digit", template.command[5:] == EMPTY_FORMAT_2 * places)
        return self._answering.transmit(bytes((0x80, 0, 0, 0)))  # stands for the pad's own way to the card


def judge(data: bytes) -> None:
    """Do one thing with one card."""
    kind, rest = choice(data, len(KINDS))
    use, rest = choice(rest, len(USES))
    way, rest = choice(rest, len(WAYS))
    answering = Answers(rest)
    try:
        card = _card(KINDS[kind], answering)
        USES[use](WAYS[way](card, answering), answering)
    except WorldError as error:
        hold("an error has words of ours, not the card's", len(str(error)) <= MOST_WORDS)
        hold("an error carries nothing of the card in its chain", error.__cause__ is None)


def answers(data: bytes) -> Iterator[bytes]:
    """Cut an input into answers."""
    while data:
        size = int.from_bytes(data[:2], "big")
        yield data[2 : 2 + size]
        data = data[2 + size :]


def _card(kind: CardType | None, answering: Answers) -> Card:
    if kind is None:
        return recognise(answering, ATR)
    return Card(type=kind, link=CardLink(answering, Lengths()))


def _behind(card: Card, channel: Channel, *, extended: bool) -> Card:
    lengths = Lengths(extended=extended, chaining=True, command=card.link.lengths.command)
    return replace(card, link=CardLink(Chaining(channel, lengths), lengths))


def _secured(card: Card, channel: Channel) -> Card:
    keys = SessionKeys(encryption=bytes(16), authentication=bytes(range(16)))
    return replace(card, link=CardLink(SecureMessaging(channel, keys), card.link.lengths))


WAYS: tuple[Callable[[Card, Answers], Card], ...] = (
    lambda card, _answering: card,
    lambda card, answering: _behind(card, answering, extended=False),
    lambda card, answering: _behind(card, answering, extended=True),
    _secured,
    lambda card, answering: _secured(card, SecuredCard(Inside(answering), bytes(16), bytes(range(16)))),
    lambda card, answering: _secured(card, Chaining(answering, Lengths(chaining=True))),
    lambda card, _answering: card.secure(CAN, draw=lambda: 12345678901234567),
)


def _number(card: Card, _answering: Answers) -> None:
    iccsn = MasterFile(card).iccsn()
    hold("an ICCSN has 20 digits", len(iccsn) == 20 and iccsn.isdecimal())
    hold("a card does not show it", iccsn not in repr(card))


def _master_file(card: Card, _answering: Answers) -> None:
    session = MasterFile(card)
    hold("applications have identifiers", all(5 <= len(one) <= 16 for one in session.applications()))
    hold("versions can be shown", repr(session.version()).isprintable())


def _certificate(card: Card, _answering: Answers) -> None:
    der = _opened(card).certificate(_reference(card), KeyAlgorithm.ECC)
    hold("a certificate is one object", der[:1] == b"\x30" and len(der) <= LARGEST_FILE)


def _sign(scheme: SignatureScheme) -> Callable[[Card, Answers], None]:
    def sign(card: Card, answering: Answers) -> None:
        session = _opened(card)
        before = len(answering.sent)
        try:
            signature = session.sign(_reference(card), scheme, bytes(32))
            hold("a signature is as long as its key", len(signature) == (64 if scheme.is_ecdsa else 256))
        finally:
            asked = [command for command in answering.sent[before:] if command[1] in _SIGNS]
            hold("a signature is asked for once", len(asked) <= 1)

    return sign


def _pin_status(card: Card, _answering: Answers) -> None:
    for pin in Pin:
        reading = Passwords(card).status(pin) if pin in _pins(card) else None
        left = reading.attempts_left if reading else None
        hold("attempts are few or unknown", left is None or 0 <= left <= 15)


def _pin_verb(card: Card, answering: Answers) -> None:
    for pin in _pins(card):
        for verb in PinVerb:
            pad = Pad(answering)
            try:
                result = Passwords(card).carry_out(
                    PinWish(verb=verb, pin=pin, set_new_pin=len(pin.value) % 2 == 0), pad
                )
                hold("a result comes from the pad", len(pad.asked) == 1)
                hold("attempts are few or unknown", result.attempts_left is None or 0 <= result.attempts_left <= 15)
            except WorldError as error:
                hold("an error has words of ours, not the card's", len(str(error)) <= MOST_WORDS)
            hold("a pad is asked once", len(pad.asked) <= 1)


def _patient(card: Card, _answering: Answers) -> None:
    session = Hca(card)
    hold("containers are not empty", all(session.containers().values()))
    session.status()


def _old_card(card: Card, _answering: Answers) -> None:
    hold("a template is one object", Kvk(card).template()[:1] == b"\x60")


def _professional(card: Card, _answering: Answers) -> None:
    hold("a file has an end", len(Hpa(card).data()) <= LARGEST_FILE)


def _opened(card: Card) -> SigningApplication:
    openers: Mapping[CardType, Callable[[Card], SigningApplication]] = {CardType.SMC_KT: Kt, CardType.HBA: Qes}
    return openers.get(card.type, Esign)(card)


def _reference(card: Card) -> CertificateReference:
    return CertificateReference.QES if card.type is CardType.HBA else CertificateReference.AUT


def _pins(card: Card) -> tuple[Pin, ...]:
    return {
        CardType.EGK: (Pin.CH, Pin.MRPIN_NFD, Pin.AMTS_REP),
        CardType.HBA: (Pin.CH, Pin.QES),
        CardType.SMC_B: (Pin.SMC,),
    }.get(card.type, (Pin.CH,))


USES: tuple[Callable[[Card, Answers], None], ...] = (
    _number,
    _master_file,
    _certificate,
    _sign(SignatureScheme.ECDSA_RAW),
    _sign(SignatureScheme.RSASSA_PSS),
    _sign(SignatureScheme.RSASSA_PKCS1_V1_5),
    _pin_status,
    _pin_verb,
    _patient,
    _old_card,
    _professional,
)
