import re

import pytest

from kartenwart.domain.inventory import CardType
from kartenwart.operations.names import ResourceNames, fresh_name

ONE, TWO = ResourceNames(b"1" * 16), ResourceNames(b"2" * 16)


def card(names: ResourceNames, card_type: CardType = CardType.HBA, handle: str = "h", iccsn: str = "80276") -> str:
    return names.card(konnektor="konnektors/k1", handle=handle, card_type=card_type, iccsn=iccsn)


def test_names_have_one_form_and_depend_on_the_boxs_secret() -> None:
    for name in (card(ONE), fresh_name("cards", "c")):
        assert re.fullmatch(r"cards/c-[a-z2-7]{16}", name)
    assert card(ONE) != card(TWO)
    assert fresh_name("jobs", "j") != fresh_name("jobs", "j")
    with pytest.raises(ValueError, match="16 bytes"):
        ResourceNames(b"short")


def test_doctors_and_practice_cards_keep_their_name_and_patients_cards_do_not() -> None:
    for lasting in (CardType.HBA, CardType.HBA_QSIG, CardType.SMC_B, CardType.HSM_B):
        assert card(ONE, lasting, "a") == card(ONE, lasting, "b")
    for passing in (CardType.EGK, CardType.KVK, CardType.SMC_KT, CardType.UNKNOWN):
        assert card(ONE, passing, "a") != card(ONE, passing, "b")
        assert card(ONE, passing, "a", "1") == card(ONE, passing, "a", "2")
    assert card(ONE, CardType.HBA, "a", "") != card(ONE, CardType.HBA, "b", "")


def test_a_terminal_keeps_its_name_however_its_mac_is_written() -> None:
    names = [
        ONE.terminal(konnektor=konnektor, ct_id=ct_id, mac_address=mac)
        for konnektor, ct_id, mac in (
            ("konnektors/k1", "1", "00-1B-2C-3D-4E-5F"),
            ("konnektors/k2", "2", "00:1b:2c:3d:4e:5f"),
        )
    ]
    assert len(set(names)) == 1
    virtual = [
        ONE.terminal(konnektor="konnektors/k1", ct_id=ct_id, mac_address=mac)
        for ct_id, mac in (("1", ""), ("2", ""), ("3", "00-00-00-00-00-00"))
    ]
    assert len(set(virtual)) == 3
