"""XMP: declarations in every form, and silence from what contradicts itself or wants to do harm."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.codecs.xmp import MAX_XMP_BYTES, pdfa_declaration

PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    ' xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">%s</rdf:RDF></x:xmpmeta>'
    "%s<?xpacket end='w'?>"
)
ELEMENTS = "<rdf:Description><pdfaid:part>{}</pdfaid:part><pdfaid:conformance>{}</pdfaid:conformance></rdf:Description>"
SHORT = '<rdf:Description pdfaid:part="{}" pdfaid:conformance="{}"/>'


def packet(content: str, padding: int = 0) -> str:
    return PACKET % (content, " " * padding)


@pytest.mark.parametrize("form", [ELEMENTS, SHORT])
@given(part=st.sampled_from("123456789"), level=st.sampled_from("ABUFE"))
def test_part_and_level_are_read_in_both_forms(form: str, part: str, level: str) -> None:
    assert pdfa_declaration(packet(form.format(part, level)).encode()) == part + level
    assert pdfa_declaration(packet(form.format(f" {part}\n", level.lower())).encode()) == part + level


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_encoding_of_a_packet_is_read(encoding: str) -> None:
    assert pdfa_declaration(packet(SHORT.format(1, "B"), padding=2000).encode(encoding)) == "1B"


def test_a_part_without_levels_is_read() -> None:
    assert pdfa_declaration(packet('<rdf:Description pdfaid:part="4"/>').encode()) == "4"


@pytest.mark.parametrize(
    "content",
    [
        "",
        '<rdf:Description pdfaid:conformance="B"/>',
        SHORT.format(1, "B") + SHORT.format(3, "B"),
        SHORT.format(1, "B") + SHORT.format(1, "A"),
        SHORT.format(12, "B"),
        SHORT.format("x", "B"),
        SHORT.format(1, "BB"),
        '<rdf:Description part="1" conformance="B"/>',
    ],
)
def test_what_is_missing_or_contradicts_itself_says_nothing(content: str) -> None:
    assert pdfa_declaration(packet(content).encode()) is None


def test_the_same_declaration_twice_is_one() -> None:
    assert pdfa_declaration(packet(SHORT.format(2, "U") + ELEMENTS.format(2, "U")).encode()) == "2U"


def test_a_document_type_is_refused_and_entities_stay_closed(tmp_path: object) -> None:
    body = packet(ELEMENTS.format("&part;", "B"))
    for entity in ("<!ENTITY part '1'>", "<!ENTITY part SYSTEM 'file:///etc/hostname'>"):
        assert pdfa_declaration(f"<!DOCTYPE x [{entity}]>{body}".encode()) is None
    assert pdfa_declaration(f"<!DOCTYPE x>{packet(SHORT.format(1, 'B'))}".encode()) is None


def test_a_bomb_of_entities_does_no_harm() -> None:
    entities = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 12))
    bomb = f"<!DOCTYPE x [<!ENTITY e0 '1'>{entities}]>" + packet(ELEMENTS.format("&e11;", "B"))
    start = time.monotonic()
    assert pdfa_declaration(bomb.encode()) is None
    assert time.monotonic() - start < 2


def test_too_large_a_packet_is_not_looked_at() -> None:
    whole = packet(SHORT.format(1, "B"))
    largest = packet(SHORT.format(1, "B"), padding=MAX_XMP_BYTES - len(whole.encode()))
    assert pdfa_declaration(largest.encode()) == "1B"
    assert pdfa_declaration(largest.encode() + b" ") is None


@given(st.binary(max_size=200))
def test_garbage_says_nothing(garbage: bytes) -> None:
    assert pdfa_declaration(garbage) is None


@given(st.integers(0, 400))
def test_a_cut_packet_is_no_trouble(length: int) -> None:
    assert pdfa_declaration(packet(SHORT.format(1, "B")).encode()[:length]) in {None, "1B"}
