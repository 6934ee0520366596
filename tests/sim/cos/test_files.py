"""Files and applications: selection, portions of reading, and what stands in the files of each kind of card."""

import gzip

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from firmware_sim.cos.cvc import ROOT, root_point
from firmware_sim.patients.kvk import checksum_right
from firmware_sim.simulation import Simulation
from firmware_sim.world.practice import WorldError
from tests.sim.cos.wire import ESIGN, HCA, QES, read, select, send, verify, words

MASTERS = {
    "egk-muster": "D2760001448000",
    "hba-adler": "D27600014601",
    "smcb-m1": "D27600014606",
}


@pytest.mark.parametrize("card", MASTERS)
def test_a_card_says_what_it_is(practice: Simulation, card: str) -> None:
    chip, aid = practice.chips.of_card(card), MASTERS[card]
    first = send(chip, "00B201F400")
    assert first == (bytes.fromhex(f"61{len(aid) // 2 + 2:02X}4F{len(aid) // 2:02X}{aid}"), "9000")
    assert read(chip, 0x02).data.hex().upper() == f"5A0A{practice.practice.card(card).configuration.iccsn}"
    assert read(chip, 0x11).data[:7].hex().upper() == f"EF{'2B' if card.startswith('egk') else '26'}C003020000"
    assert read(chip, 0x1D).data[:1] == b"\xe0"
    for wrong in set(MASTERS.values()) - {aid}:
        assert select(chip, wrong) == "6A82"
    assert select(chip, aid) == "9000"


def test_the_card_of_a_terminal(practice: Simulation) -> None:
    chip = practice.chips.of_terminal("kt-empfang")
    assert (select(chip, "D2760001448003"), len(read(chip, 0x0A).data)) == ("9000", 222)
    assert select(chip, "D27600014400") == "9000"
    certificate = x509.load_der_x509_certificate(read(chip, 0x04).data)
    policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert "1.2.276.0.76.4.82" in [policy.policy_identifier.dotted_string for policy in policies]
    assert chip is practice.chips.of_terminal("kt-empfang")
    with pytest.raises(WorldError, match="no terminal"):
        practice.chips.of_terminal("kt-keller")


def test_every_application_of_the_directory_can_be_selected(practice: Simulation) -> None:
    for card in ("egk-muster", "hba-adler", "smcb-m1"):
        chip = practice.chips.of_card(card)
        records: list[bytes] = []
        while (reply := send(chip, f"00B2{len(records) + 1:02X}F400")).word == "9000":
            records.append(reply.data)
        assert reply.word == "6A83"
        assert len(records) == {"egk-muster": 8, "hba-adler": 7, "smcb-m1": 2}[card]
        for record in records:
            assert select(chip, record[4:].hex()) == "9000"


def test_selecting(practice: Simulation) -> None:
    chip = practice.chips.of_card("hba-adler")
    told = send(chip, f"00A4040406{QES}00")
    assert (told.word, told.data.hex().upper()) == ("9000", f"620E8201388406{QES}8A0105")
    assert send(chip, "00A4020C02C006").word == "9000"
    assert send(chip, "00A4020402C00600").data.hex().upper() == "621180020BB882010183" + "02C0068801308A0105"
    assert send(chip, "00A4020C02FFFF").word == "6A82"
    assert send(chip, "00A4030C").word == "9000"
    assert send(chip, "00A4030C").word == "6A82", "nothing is above the MF"
    assert send(chip, "00A4000C023F00").word == "6A86"
    assert send(chip, "00A4040C03D27600").word == "6700"


def test_a_beginning_of_an_aid_finds_one_application_after_the_other(practice: Simulation) -> None:
    """So a card must never be known by such a beginning: an HBA and an SMC-B share theirs."""
    chip = practice.chips.of_card("hba-adler")
    found = []
    reply = send(chip, "00A4040405D27600014600")
    while reply.word == "9000":
        found.append(reply.data[reply.data.index(b"\x84\x06") + 2 :][:6].hex().upper())
        reply = send(chip, "00A4040605D27600014600")
    assert (found, reply.word) == (["D27600014601", "D27600014602", "D27600014603"], "6A82")
    assert select(practice.chips.of_card("smcb-m1"), "D276000146") == "9000"


def test_reading_in_portions(practice: Simulation) -> None:
    chip = practice.chips.of_card("smcb-m1")
    select(chip, ESIGN)
    assert send(chip, "00B0000010").word == "6986", "no file is selected"
    whole = read(chip, 0x06)
    size = len(whole.data)
    assert (whole.word, size > 0x200) == ("9000", True)
    assert send(chip, "00B0860000") == (whole.data[:256], "9000")
    assert send(chip, "00B0010010") == (whole.data[0x100:0x110], "9000"), "it is the current file now"
    assert send(chip, f"00B0{size - 8:04X}10") == (whole.data[-8:], "6282")
    assert send(chip, f"00B0{size - 8:04X}00") == (whole.data[-8:], "9000")
    assert send(chip, f"00B0{size:04X}00").word == "6B00"
    assert send(chip, "00B0860000FFFF").word == "6282"
    assert send(chip, "00B0860C").word == "6700"
    assert send(chip, "00B09E0000").word == "6A82"
    assert send(chip, "00B0C60000").word == "6A86"


def test_records_are_no_bytes(practice: Simulation) -> None:
    chip = practice.chips.of_card("smcb-m1")
    assert words(chip, "00B09E0000", "00B2011400", "00B201F500", "00B200F400") == ["6981", "6981", "6A86", "6A86"]


def test_insurance_data(practice: Simulation) -> None:
    chip = practice.chips.of_card("egk-muster")
    select(chip, HCA)
    personal, insurance, status = read(chip, 0x01).data, read(chip, 0x02).data, read(chip, 0x0C).data
    assert int.from_bytes(personal[:2], "big") == len(personal) - 2
    assert b"X000000012" in etree.tostring(etree.fromstring(gzip.decompress(personal[2:])))
    start, end = (int.from_bytes(insurance[at : at + 2], "big") for at in (0, 2))
    assert (start, end, insurance[4:8]) == (8, len(insurance) - 1, b"\xff" * 4)
    assert b"Kostentraeger" in gzip.decompress(insurance[start : end + 1])
    assert (len(status), status[:1], status[15:20].hex()) == (25, b"0", "0050020000")
    assert read(chip, 0x03).word == "6982", "protected data"
    assert read(chip, 0x1C).word == "6B00", "no proof yet"
    verify(chip, "02", "654321")
    protected = read(chip, 0x03)
    assert (protected.word, b"Zuzahlungsstatus" in gzip.decompress(protected.data[2:])) == ("9000", True)
    assert send(chip, "00B2013400") == (bytes(46), "9000")
    assert send(chip, "00B2333400").word == "6A83"
    select(chip, "D27600014407")
    assert read(chip, 0x10).word == "6982", "emergency data need a role"


def test_an_online_update_reaches_the_chip(practice: Simulation) -> None:
    chip, card = practice.chips.of_card("egk-muster"), practice.practice.card("egk-muster")
    select(chip, HCA)
    before = read(chip, 0x0C).data
    assert b"Ahornweg" in gzip.decompress(read(chip, 0x01).data[2:])
    card.street = "Neue Gasse"
    card.update(practice.practice.devices["konnektor"].now())
    card.street = "Neue Gasse"
    assert b"Neue Gasse" in gzip.decompress(read(chip, 0x01).data[2:])
    assert read(chip, 0x0C).data != before


def test_certificates_are_those_that_the_konnektor_reads(practice: Simulation) -> None:
    keys = practice.konnektors["konnektor"].around.keys
    for card, aid, short, reference in (
        ("smcb-m1", ESIGN, 0x07, "C.SIG"),
        ("smcb-m1", ESIGN, 0x06, "C.AUT"),
        ("hba-adler", QES, 0x06, "C.QES"),
        ("hba-adler", ESIGN, 0x05, "C.ENC"),
        ("egk-muster", ESIGN, 0x04, "C.AUT"),
    ):
        chip = practice.chips.of_card(card)
        select(chip, aid)
        assert read(chip, short).data == keys[card].certificate(reference)


@pytest.mark.parametrize("card", MASTERS)
def test_card_verifiable_certificates_hold_and_lead_to_the_root(practice: Simulation, card: str) -> None:
    chip = practice.chips.of_card(card)
    authority, own = read(chip, 0x07).data, read(chip, 0x06).data
    assert (len(authority), len(own)) == (220, 222)
    holders: list[bytes] = []
    above = root_point()
    for certificate in (authority, own):
        body, signature = certificate[4:-67], certificate[-64:]
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.BrainpoolP256R1(), above)
        key.verify(encode_dss_signature(r, s), body, ec.ECDSA(hashes.SHA256()))
        start = body.index(b"\x86\x41") + 2
        above, holders = body[start : start + 65], [*holders, body[start + 68 :][: body[start + 67]]]
    assert holders[1][2:].hex() == practice.practice.card(card).configuration.iccsn
    assert words(chip, f"002281B60A8308{ROOT.hex()}", f"002281B60A8308{bytes(8).hex()}") == ["9000", "6A88"]
    assert read(chip, 0x07).data == authority


def test_a_kvk_is_a_memory_card(practice: Simulation) -> None:
    chip = practice.chips.of_card("kvk-mueller")
    assert chip.power_on()[:2] == b"\x3b\x04"
    assert words(chip, "00A4040006D27600000101", "00A4040006D27600014606", "80B0000000", "00D60000") == [
        "9000",
        "6A82",
        "6E00",
        "6D00",
    ]
    template = send(chip, "00B0000000")
    assert (template.word, template.data[:1], checksum_right(template.data)) == ("9000", b"\x60", True)
    assert send(chip, f"00B0{len(template.data):04X}00").word == "6B00"
    assert send(chip, f"00B0{len(template.data) - 1:04X}02").word == "6282"


def test_which_cards_have_a_chip(practice: Simulation) -> None:
    chips = practice.chips
    assert chips.in_slot("kt-empfang", 3) is chips.of_card("smcb-m1")
    assert chips.in_slot("kt-empfang", 2) is None
    with pytest.raises(WorldError, match="no card"):
        chips.of_card("nobody")
