"""The product's tables of applications, keys and PINs against published object systems, entry by entry."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from kartenwart.cards import object_systems
from kartenwart.cards.object_systems import Application, Renewal, Unblocking
from kartenwart.domain.inventory import CardType, CertificateReference, KeyAlgorithm

Entry = Mapping[str, Any]
CARDS = {
    "egk-152715": (CardType.EGK, "CH"),
    "egk-168583": (CardType.EGK, "CH"),
    "hba-220885": (CardType.HBA, "HP"),
    "smcb-168650": (CardType.SMC_B, "HCI"),
    "smcb-168651": (CardType.SMC_B, "HCI"),
}
_SIZES = {KeyAlgorithm.ECC: "E256", KeyAlgorithm.RSA: "R2048"}


def objects(shared: Path, name: str) -> dict[str, tuple[bytes, Entry]]:
    """Every object by its id, with the identifier of its application; a PIN.QES and its kin have ids of their own."""
    image = json.loads((shared / "cards" / "images" / f"{name}.json").read_text(encoding="utf-8"))

    def walk(folder: Entry) -> Iterator[tuple[str, tuple[bytes, Entry]]]:
        identifier = bytes.fromhex(re.findall(r"[0-9a-f]{10,32}", folder["applicationIdentifier"])[0])
        yield folder["id"], (identifier, folder)
        for child in folder["children"]:
            if "children" in child:
                yield from walk(child)
            else:
                yield child["id"], (identifier, child)

    return dict(walk(image["mf"]))


def contact_rules(entry: Entry) -> str:
    """Access rules of the contact interface."""
    text: str = entry["accessRules"]
    return text[: text.index(",CL{")].lower()


@pytest.fixture(params=CARDS)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def test_applications(shared: Path, name: str) -> None:
    card_type, _ = CARDS[name]
    said = objects(shared, name)
    assert said["MF"][0] == object_systems.MASTER_FILES[card_type]
    assert said["DF.ESIGN"][0] == object_systems.ESIGN
    for identifier, application in {"DF.HCA": object_systems.HCA, "DF.QES": object_systems.QES}.items():
        assert (identifier in said) is (card_type is (CardType.EGK if identifier == "DF.HCA" else CardType.HBA))
        assert identifier not in said or said[identifier][0] == application
    assert card_type is not CardType.HBA or said["DF.HPA"][0] == object_systems.HPA


def test_files(shared: Path, name: str) -> None:
    card_type, _ = CARDS[name]
    wanted = {"EF.GDO": "EF_GDO", "EF.DIR": "EF_DIR", "EF.ATR": "EF_ATR", "EF.Version2": "EF_VERSION_2"}
    if card_type is CardType.EGK:
        wanted |= {"EF.PD": "EF_PD", "EF.VD": "EF_VD", "EF.GVD": "EF_GVD", "EF.StatusVD": "EF_STATUS_VD"}
    if card_type is CardType.HBA:
        wanted |= {"EF.HPD": "EF_HPD"}
    said = objects(shared, name)
    for identifier, constant in wanted.items():
        assert int(said[identifier][1]["shortFileIdentifier"], 16) == getattr(object_systems, constant)


def test_keys_and_certificates(shared: Path, name: str) -> None:
    card_type, holder = CARDS[name]
    said = objects(shared, name)
    applications: list[Application] = [object_systems.ESIGN_OF[card_type]]
    applications += [object_systems.QUALIFIED] if card_type is CardType.HBA else []
    held = 0
    for application in applications:
        for (reference, algorithm), place in application.keys.items():
            kind = "OSIG" if (reference, holder) == (CertificateReference.SIG, "HCI") else reference.value
            identifier, key = said[f"PrK.{holder}.{kind}.{_SIZES[algorithm]}"]
            assert identifier == application.identifier
            assert place.key == 0x80 | int(key["keyIdentifier"], 16)
            identifier, file = said.get(f"EF.C.{holder}.{kind}.{_SIZES[algorithm]}", (b"", {}))
            if file:
                assert identifier == application.identifier
                assert place.certificate == int(file["shortFileIdentifier"], 16)
                held += 1
    assert held == {CardType.EGK: 4, CardType.HBA: 8, CardType.SMC_B: 6}[card_type]


def test_pins(shared: Path, name: str) -> None:
    card_type, _ = CARDS[name]
    said = objects(shared, name)
    found = 0
    for pin, password in object_systems.PASSWORDS[card_type].items():
        if pin.reference not in said:
            continue
        identifier, entry = said[pin.reference]
        in_application = password.application is not None
        assert identifier == (password.application or object_systems.MASTER_FILES[card_type])
        assert password.reference == int(entry["pwdIdentifier"], 16) | (0x80 if in_application else 0)
        basis = said["PIN.CH"][1] if "passwordReference" in entry else entry
        lengths = [int(basis[f"{which}Length"], 16) for which in ("minimum", "maximum")]
        assert [password.shortest, password.longest] == lengths
        rules = contact_rules(entry)
        assert password.switchable is ("00||26||00" in rules and "00||28||00" in rules)
        assert (password.renewal is Renewal.WITH_OLD) is ("00||24||00" in rules)
        allowed = {p1 for p1 in ("00", "01", "02") if f"00||2c||{p1}" in rules}
        forms = {Unblocking.PUK_OR_NEW_PIN: {"00", "01"}, Unblocking.PUK_ONLY: {"01"}, Unblocking.NEW_PIN_ONLY: {"02"}}
        assert allowed == forms[password.unblocking]
        found += 1
    assert found == {CardType.SMC_B: 1, CardType.HBA: 2, CardType.EGK: 8}[card_type]
