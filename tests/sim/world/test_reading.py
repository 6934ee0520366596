"""World files: what is wrong is said with its place."""

import pytest

from firmware_sim.world.reading import WorldFileError, default_text, read_world


def test_the_default_world_is_the_practice_at_the_market() -> None:
    world = read_world(default_text())
    assert world.name == "Praxis am Markt"
    assert {mandant.name for mandant in world.konnektors[0].mandants} == {"m1", "m2"}
    assert [card.kind for card in world.cards].count("hba") == 2


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("server_key =", "server_kay =", "unknown key server_kay"),
        ('server_key = "p256"', 'server_key = "p384"', "'p384' is none of"),
        ('kind = "egk"', "", "kind is missing"),
        ('local = ["kt-empfang"]', 'local = ["kt-keller"]', "terminal 'kt-keller' does not exist"),
        ('local = ["kt-empfang"]', 'local = "kt-empfang"', "a list is needed"),
        ("slot = 4\n", "slot = 9\n", "has no slot 9"),
        ("slot = 4\n", "slot = 3\n", "is taken already"),
        ('managed_smb = ["smcb-m2"]', 'managed_smb = ["egk-muster"]', "SMC-B 'egk-muster' does not exist"),
        ('name = "hba-brandt"', 'name = "hba-adler"', "stands twice"),
        ('iccsn = "80276001011699900301"', 'iccsn = "8027"', "20 digits"),
        ('kvnr = "X000000012"', 'kvnr = "12"', "a letter and 9 digits"),
        ("00-0D-F8-00-00-01", "00:0D:F8:00:00:01", "six pairs with dashes"),
        ('pin = "PIN.SMC"\n', 'pin = "PIN.CH"\n', "with PIN.CH does not exist"),
        ('{ empfang = "kt-empfang" }', '{ keller = "kt-empfang" }', "workplace 'keller' does not exist"),
        ("[[konnektors]]\n", "[[konnektors]\n", "no TOML"),
    ],
)
def test_mistakes_are_named(before: str, after: str, said: str) -> None:
    text = default_text()
    assert before in text
    with pytest.raises(WorldFileError, match=said.replace("[", r"\[")):
        read_world(text.replace(before, after, 1))


def test_a_pin_written_as_a_number_is_not_repeated() -> None:
    with pytest.raises(WorldFileError) as caught:
        read_world(default_text().replace('pin = "135790"', "pin = 135790"))
    assert "135790" not in str(caught.value)
