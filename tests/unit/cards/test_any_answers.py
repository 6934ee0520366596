"""Whatever a card or reader answers: values or a typed failure, in bounded many commands, and no word of its data."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.cards.applications.esign import Esign
from kartenwart.cards.applications.hca import Hca
from kartenwart.cards.applications.hpa import Hpa
from kartenwart.cards.applications.kt import Kt
from kartenwart.cards.applications.kvk import Kvk
from kartenwart.cards.applications.master_file import MasterFile
from kartenwart.cards.applications.qes import Qes
from kartenwart.cards.card import Card
from kartenwart.cards.link import CardLink, Lengths
from kartenwart.cards.passwords import Passwords
from kartenwart.cards.processors.chaining import Chaining
from kartenwart.codecs import tlv
from kartenwart.domain.authentication import SignatureScheme
from kartenwart.domain.failures import WorldError
from kartenwart.domain.inventory import CardType, CertificateReference, KeyAlgorithm, Pin
from tests.unit.cards.played import Answering

MOST_COMMANDS = 2000
AUT, ECC = CertificateReference.AUT, KeyAlgorithm.ECC
USES: dict[str, tuple[CardType, Callable[[Card], object]]] = {
    "number": (CardType.HBA, lambda card: MasterFile(card).iccsn()),
    "version": (CardType.HBA, lambda card: MasterFile(card).version()),
    "applications": (CardType.HBA, lambda card: MasterFile(card).applications()),
    "certificate": (CardType.SMC_B, lambda card: Esign(card).certificate(AUT, ECC)),
    "signature": (CardType.SMC_B, lambda card: Esign(card).sign(AUT, SignatureScheme.ECDSA_RAW, bytes(32))),
    "qualified": (CardType.HBA, lambda card: Qes(card).certificate(CertificateReference.QES, ECC)),
    "terminal": (CardType.SMC_KT, lambda card: Kt(card).certificate(AUT, ECC)),
    "person": (CardType.HBA, lambda card: Hpa(card).data()),
    "insurance": (CardType.EGK, lambda card: Hca(card).containers()),
    "status": (CardType.EGK, lambda card: Hca(card).status()),
    "kvk": (CardType.KVK, lambda card: Kvk(card).template()),
    "pin": (CardType.SMC_B, lambda card: Passwords(card).status(Pin.SMC)),
}

words = st.sampled_from(("9000", "6282", "6B00", "6A82", "6982", "6110", "6C05", "63C2", "6400")).map(bytes.fromhex)
contents = st.one_of(
    st.binary(max_size=40),
    st.integers(0, 300).map(bytes),
    st.builds(tlv.encode, st.sampled_from((0x5A, 0x61, 0x30, 0xEF, 0x60)), st.binary(max_size=60)),
)
answers = st.one_of(st.binary(max_size=6), st.builds(lambda content, word: content + word, contents, words))


@pytest.mark.parametrize("use", USES)
@given(coming=st.lists(answers, max_size=8), last=answers, extended=st.booleans())
def test_any_answers(use: str, coming: list[bytes], last: bytes, *, extended: bool) -> None:
    card_type, call = USES[use]
    rest = iter([b"\x90\x00", *coming])
    channel = Answering(lambda _command: next(rest, last))
    lengths = Lengths(extended=extended, chaining=True)
    card = Card(type=card_type, link=CardLink(Chaining(channel, lengths), lengths))
    try:
        call(card)
    except WorldError as error:
        known = error
        assert len(str(known)) < 60
        assert known.__cause__ is None
    assert len(channel.sent) < MOST_COMMANDS
