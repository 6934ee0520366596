"""Published object systems load into the simulated card, and it answers what they say, by their own text.

The images are read here once more and independently: no table of the simulator is asked what to expect.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from firmware_sim.cos import CardOs
from firmware_sim.cos.image import ImageError, load_image

IMAGES = ("egk-152715", "egk-168583", "hba-220885", "smcb-168650", "smcb-168651")
Entry = Mapping[str, Any]
_BODIES = "TransparentElementaryFile"
_DIGEST = "20" + "5A" * 32 + "00"
_SIGNING = {"signECDSA": "00", "signPSS": "05", "signPKCS1_V1_5": "02"}


class Place(NamedTuple):
    """An object of an image, and the AID of the folder in which it lies."""

    aid: str
    entry: Entry


@pytest.fixture(params=IMAGES)
def image(request: pytest.FixtureRequest, shared: Path) -> Entry:
    read: Entry = json.loads((shared / "cards" / "images" / f"{request.param}.json").read_text(encoding="utf-8"))
    return read


@pytest.fixture
def card(image: Entry) -> CardOs:
    return load_image(image)


def places(image: Entry, *kinds: str) -> list[Place]:
    """Everything of these types, in the order of the image."""

    def walk(folder: Entry) -> Iterator[Place]:
        aid = re.findall(r"[0-9a-f]{10,32}", folder["applicationIdentifier"])[0]
        for child in folder["children"]:
            if child["type"] in kinds:
                yield Place(aid, child)
            if "children" in child:
                yield from walk(child)

    return list(walk(image["mf"]))


def send(card: CardOs, command: str) -> tuple[bytes, str]:
    answer = card.transmit(bytes.fromhex(command))
    return answer[:-2], answer[-2:].hex()


def select(card: CardOs, aid: str) -> None:
    assert send(card, f"00A4040C{len(aid) // 2:02X}{aid}")[1] == "9000"


def contact(entry: Entry, environment: int = 1) -> dict[str, str]:
    """Condition by command of the activated object at the contacts."""
    rules = entry["accessRules"].split("},CL{")[0]
    start = rules.find(f"[ACTIVATED,{environment},")
    text = rules[start : rules.find("}]", start)]
    lines = re.split(r"\),\(\{|,\{\(\{", text)[1:]
    return {
        command: condition
        for line in lines
        for commands, condition in [line.split("},", 1)]
        for command in commands.split(",")
    }


def free(entry: Entry, command: str) -> bool:
    return contact(entry).get(command, "").rstrip(")") == "ALW"


def content(entry: Entry) -> bytes:
    body = entry["body"]
    return bytes(body["zeros"]) if isinstance(body, dict) else bytes.fromhex(body)


def test_every_application_can_be_selected_and_is_named(image: Entry, card: CardOs) -> None:
    aids = [place.aid for place in places(image, _BODIES)]
    for aid in dict.fromkeys(aids):
        data, word = send(card, f"00A40404{len(aid) // 2:02X}{aid}00")
        assert word == "9000"
        assert bytes.fromhex(f"84{len(aid) // 2:02X}{aid}") in data


def test_files_read_as_they_are_written(image: Entry, card: CardOs) -> None:
    """Whoever may read: by short identifier and by identifier, to the end and no further. Others: 6982."""
    seen = {"free": 0, "closed": 0}
    for aid, entry in places(image, _BODIES):
        select(card, aid)
        whole, command = content(entry), f"00B0{0x80 | int(entry['shortFileIdentifier'], 16):02X}00000000"
        if not free(entry, "00||b0||??||??"):
            assert send(card, command) == (b"", "6982"), entry["id"]
            seen["closed"] += 1
            continue
        seen["free"] += 1
        assert send(card, command) == ((whole, "9000") if whole else (b"", "6b00")), entry["id"]
        assert send(card, f"00A4020C02{entry['fileIdentifier']}")[1] == "9000"
        assert send(card, f"00B0{len(whole):04X}00")[1] == "6b00", "at the end"
        if whole:
            assert send(card, f"00B0{len(whole) - 1:04X}02") == (whole[-1:], "6282"), "over the end"
    assert seen["free"] > 10
    assert (seen["closed"] > 0) == ("eGK" in image["card"])


def test_control_parameters_say_size_and_identifiers(image: Entry, card: CardOs) -> None:
    for aid, entry in places(image, _BODIES):
        select(card, aid)
        data, word = send(card, f"00A4020402{entry['fileIdentifier']}00")
        size = int(entry["numberOfOctet"], 16)
        assert (word, data[2:6], data[-3:].hex()) == ("9000", b"\x80\x02" + size.to_bytes(2, "big"), "8a0105")


def test_records(image: Entry, card: CardOs) -> None:
    for aid, entry in places(
        image, "LinearFixedElementaryFile", "LinearVariableElementaryFile", "CyclicElementaryFile"
    ):
        select(card, aid)
        mode = f"{int(entry['shortFileIdentifier'], 16) << 3 | 4:02X}"
        told = free(entry, "00||b2||??||??")
        for number, record in enumerate(entry["records"], start=1):
            expected = (bytes.fromhex(record["value"]), "9000") if told else (b"", "6982")
            assert send(card, f"00B2{number:02X}{mode}00") == expected
        beyond = f"00B2{len(entry['records']) + 1:02X}{mode}00"
        assert send(card, beyond)[1] == ("6a83" if told else "6982")


def reference(place: Place, master: str) -> int:
    """P2 of a password: 80 + id in a folder below the MF."""
    return int(place.entry["pwdIdentifier"], 16) | (0 if place.aid == master else 0x80)


def master(image: Entry) -> str:
    aid: str = image["mf"]["applicationIdentifier"].strip("{}")
    return aid


def test_states_of_passwords(image: Entry, card: CardOs) -> None:
    own = {place.entry["pwdIdentifier"]: place.entry for place in places(image, "PWD") if place.aid == master(image)}
    for place in places(image, "PWD", "MultireferencePWD"):
        select(card, place.aid)
        entry = place.entry
        basis = own[entry["passwordReference"]] if entry["type"] == "MultireferencePWD" else entry
        words = {"transportPIN": "62c1", "leerPIN": "62c7", "regularPassword": f"63c{int(basis['retryCounter'], 16)}"}
        expected = "62d0" if entry["flagEnabled"] == "FALSE" else words[basis["transportStatus"]]
        assert send(card, f"802000{reference(place, master(image)):02X}") == (b"", expected), entry["id"]


def test_wrong_and_right_pins(image: Entry, card: CardOs) -> None:
    for place in places(image, "PWD"):
        select(card, place.aid)
        entry, number = place.entry, f"{reference(place, master(image)):02X}"
        if entry["transportStatus"] != "regularPassword":
            assert send(card, f"002000{number}08{entry['secret']}")[1] == "6985", "the transport PIN opens nothing"
            continue
        assert send(card, f"002000{number}0826999999FFFFFFFF")[1] == "63c2"
        assert send(card, f"002000{number}08{entry['secret']}")[1] == "9000"
        assert send(card, f"802000{number}")[1] == "9000"


def test_transport_pins_are_changed_as_the_rules_allow(image: Entry, card: CardOs) -> None:
    new = "26123456FFFFFFFF"
    for place in places(image, "PWD"):
        entry, number = place.entry, f"{reference(place, master(image)):02X}"
        select(card, place.aid)
        if entry["transportStatus"] == "transportPIN":
            assert send(card, f"002400{number}10{entry['secret']}{new}")[1] == "9000"
        elif entry["transportStatus"] == "leerPIN":
            word = send(card, f"002401{number}08{new}")[1]
            assert word == ("9000" if free(entry, "00||24||01||??") else "6982"), entry["id"]
            if word != "9000":
                continue
        else:
            continue
        assert send(card, f"002000{number}08{new}")[1] == "9000"
        assert send(card, f"002C00{number}10{entry['PUK']}{new}")[1] == (
            "9000" if free(entry, "00||2c||00||??") else "6982"
        )
        assert send(card, f"002C01{number}08{entry['PUK']}")[1] == "9000"


def test_no_key_signs_without_its_pin_and_none_without_its_secret(image: Entry, card: CardOs) -> None:
    """6982 before the PIN; after it 6400, since a published image keeps its private keys to itself."""
    for aid, entry in places(image, "PrivateElcKey", "PrivateRsaKey"):
        names = re.findall(r"\[1,\(([^)]*)\)\]", entry["listAlgorithmIdentifier"])[0].split(",")
        algorithm = next((_SIGNING[name] for name in names if name in _SIGNING), None)
        condition = contact(entry).get("00||2a||9e||9a", "")
        if algorithm is None or not condition:
            continue
        card.reset()
        select(card, aid)
        key = int(entry["keyIdentifier"], 16) | 0x80
        assert send(card, f"002241B6068401{key:02X}8001{algorithm}")[1] == "9000", entry["id"]
        assert send(card, f"002A9E9A{_DIGEST}")[1] == "6982", entry["id"]
        opened = re.match(r"(?:OR\{)?PWD\(([0-9a-f]{2})\)", condition)
        assert opened, condition
        if open_password(card, image, aid, int(opened[1], 16)):
            assert send(card, f"002A9E9A{_DIGEST}")[1] == "6400", entry["id"]


def open_password(card: CardOs, image: Entry, aid: str, number: int) -> bool:
    """Set a PIN of our own where nobody has, and verify it; False when that takes another PIN first."""
    home = aid if number & 0x80 else master(image)
    wanted = f"{number & 0x7F:02x}"
    entries = {
        place.entry["pwdIdentifier"]: place.entry
        for place in places(image, "PWD", "MultireferencePWD")
        if place.aid == home
    }
    entry = entries[wanted]
    basis = entries[entry["passwordReference"]] if entry["type"] == "MultireferencePWD" else entry
    new = "26123456FFFFFFFF"
    secret = basis["secret"] if basis["transportStatus"] == "regularPassword" else new
    send(card, f"002400{number:02X}10{basis['secret']}{new}")
    send(card, f"002401{number:02X}08{new}")
    return send(card, f"002000{number:02X}08{secret}")[1] == "9000"


def test_keys_for_card_verifiable_certificates_are_there(image: Entry, card: CardOs) -> None:
    found = places(image, "PublicElcVerificationKey")
    assert found
    for aid, entry in found:
        select(card, aid)
        assert send(card, f"002281B60A8308{entry['keyIdentifier']}")[1] == "9000"
    assert send(card, "002281B60A83080102030405060708")[1] == "6a88"
    assert send(card, "002A00BE0101")[1] == "6a81", "but none is ever checked"


def test_signature_pins_are_good_for_250_uses(shared: Path) -> None:
    image = json.loads((shared / "cards" / "images" / "hba-220885.json").read_text(encoding="utf-8"))
    card = load_image(image)
    select(card, "d27600006601")
    assert open_password(card, image, "d27600006601", 0x81)
    assert send(card, "002241B6068401868001" + "00")[1] == "9000"
    words = [send(card, f"002A9E9A{_DIGEST}")[1] for _ in range(251)]
    assert (set(words[:250]), words[250]) == ({"6400"}, "6982")


def test_by_its_aerial_a_card_shows_next_to_nothing(shared: Path) -> None:
    """What is free at the contacts needs the PACE channel here; only EF.ATR, EF.CardAccess and versions stay free."""
    image = json.loads((shared / "cards" / "images" / "egk-152715.json").read_text(encoding="utf-8"))
    card = load_image(image, interface="CL")
    assert send(card, "00B09C0000")[1] == "9000"
    assert send(card, "00B0820000")[1] == "6982"
    assert send(card, "80200001")[1] == "6982"


def test_what_is_no_image() -> None:
    with pytest.raises(ImageError):
        load_image({"card": "SMC-B"})
