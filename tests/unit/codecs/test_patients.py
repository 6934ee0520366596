"""What stands on patients' cards: decoded as far as it goes, capped, and never in the words of an error."""

import gzip
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.codecs import kvk, vsd
from kartenwart.codecs.malformed import MalformedError, OversizedError
from kartenwart.codecs.soap import card_requests, patients
from kartenwart.codecs.soap.exchange import CallContext
from kartenwart.codecs.soap.patients import VsdAnswer, VsdRequest
from kartenwart.domain.inventory import CardType
from kartenwart.domain.patients import CheckResult, ContainerKind
from tests.unit.codecs import containers
from tests.unit.codecs.answers import OK, envelope, warning

CONTEXT = CallContext(mandant="m", client_system="c", workplace="w")
READ = patients.read_vsd(CONTEXT, VsdRequest(egk="e", authority="s", check_online=True, read_receipt=True))
READERS: tuple[Callable[[bytes], object], ...] = (
    vsd.read_person,
    vsd.read_insurance,
    vsd.read_protected,
    vsd.read_proof,
    kvk.read_template,
)


@pytest.mark.parametrize("encoding", ["ISO-8859-15", "UTF-8"])
@pytest.mark.parametrize("version", ["5.1", "5.2", "5.3"])
def test_a_person_in_each_version_of_the_schema(version: str, encoding: str) -> None:
    namespace = f"http://ws.gematik.de/fa/vsdm/vsd/v{version}"
    found = vsd.read_person(containers.person(namespace=namespace, encoding=encoding))
    assert (found.insured_id, found.given_names, found.family_name) == ("X000000012", "Jürgen", "Größe")
    assert (found.title, found.name_prefix, found.gender) == ("Dr.", "", "M")
    street, box = found.addresses
    assert (street.street, street.postal_code, street.country, street.post_box) == ("Domgasse", "50667", "D", "")
    assert (box.post_box, box.city, box.street) == ("12", "Köln", "")
    assert "Größe" not in repr(found)


def test_covers_of_statutory_and_private_insurers() -> None:
    statutory = vsd.read_insurance(containers.insurance())
    assert (statutory.insurer.number, statutory.status, statutory.region) == ("109500969", "1", "38")
    assert (statutory.private, statutory.ends, statutory.billed_insurer) == (False, "", None)
    private = vsd.read_insurance(containers.insurance(containers.PRIVATE))
    assert (private.private, private.tariff, private.status) == (True, "02", "")


def test_protected_data_and_the_proof() -> None:
    data = vsd.read_protected(containers.protected())
    assert (data.co_payment_free, data.co_payment_free_until, data.medical_contract) == (True, "20261231", "1")
    assert not vsd.read_protected(containers.protected("")).co_payment_free
    for number, result in enumerate(CheckResult, start=1):
        assert vsd.read_proof(containers.proof(str(number))).result is result
    checked = vsd.read_proof(containers.proof("3", "<EC>12999</EC>"))
    assert (checked.code, checked.digit, checked.checked) == (12999, b"", "20261121090000")
    assert vsd.read_proof(gzip.decompress(containers.proof())).digit == b"QUJD"


@pytest.mark.parametrize("result", ["0", "7", "x", "", "12"])
def test_a_proof_with_another_result_is_no_proof(result: str) -> None:
    with pytest.raises(MalformedError):
        vsd.read_proof(containers.proof(result))


def test_a_bomb_is_not_even_unpacked() -> None:
    bomb = containers.bomb()
    assert len(bomb) < vsd.CONTAINER_LIMIT
    tracemalloc.start()
    try:
        with pytest.raises(OversizedError):
            vsd.read_person(bomb)
        assert tracemalloc.get_traced_memory()[1] < 8 * vsd.XML_LIMIT
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "container",
    [
        containers.bomb(),
        b"x" * (vsd.CONTAINER_LIMIT + 1),
    ],
    ids=["bomb", "large"],
)
def test_what_is_too_large_is_not_read(container: bytes) -> None:
    with pytest.raises(OversizedError):
        vsd.read_person(container)


@pytest.mark.parametrize(
    "container",
    [
        containers.person()[:-12],
        containers.person()[:-4],
        containers.insurance(),
        gzip.compress(b"no xml"),
        gzip.compress(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
        gzip.compress(containers.xml("UC_PersoenlicheVersichertendatenXML", "<Versicherter></Versicherter>")),
        gzip.compress(
            containers.xml("UC_PersoenlicheVersichertendatenXML", containers.PERSON.replace("Größe", "a" * 300))
        ),
        b"",
    ],
    ids=["cut", "without its length", "another", "no xml", "doctype", "empty", "long", "nothing"],
)
def test_what_cannot_be_read_is_said_without_its_content(container: bytes) -> None:
    with pytest.raises(MalformedError) as problem:
        vsd.read_person(container)
    assert "a" * 20 not in str(problem.value)
    assert problem.value.__cause__ is None


def test_an_old_card() -> None:
    person, cover = kvk.read_template(containers.template(*containers.FIELDS))
    assert (person.family_name, person.given_names, person.birth_date) == ("Müller", "Max", "19640812")
    assert (cover.insurer.name, cover.ends) == ("Kasse", "20301200")


@pytest.mark.parametrize(
    "template",
    [
        containers.template(*containers.FIELDS, checksum=1),
        containers.template(*containers.FIELDS)[:-4],
        containers.template(*containers.FIELDS) + b"\0",
        containers.template(*containers.FIELDS[:2]),
        containers.template((0x87, b"M\x07"), (0x88, b"12081964")),
        b"\x60",
        b"",
    ],
)
def test_a_damaged_old_card(template: bytes) -> None:
    with pytest.raises(MalformedError):
        kvk.read_template(template)


@given(st.binary(max_size=300), st.sampled_from(READERS))
def test_any_bytes_are_read_or_malformed(data: bytes, read: Callable[[bytes], object]) -> None:
    for container in (data, gzip.compress(data)):
        try:
            read(container)
        except MalformedError:
            continue


@given(st.integers(0, 400), st.binary(max_size=3))
def test_cut_and_spoilt_containers_end_in_a_typed_error(place: int, spoilt: bytes) -> None:
    whole = containers.person()
    data = whole[:place] + spoilt + whole[place + len(spoilt) :]
    try:
        vsd.read_person(data)
    except MalformedError:
        return


@given(st.lists(st.tuples(st.sampled_from([0x80, 0x82, 0x84, 0x89]), st.text("abc ÄÖÜäöüß", max_size=20)), max_size=5))
def test_texts_of_an_old_card_come_back(fields: list[tuple[int, str]]) -> None:
    table = str.maketrans("ÄÖÜäöüß", "[\\]{|}~")
    given_fields = [(tag, text.translate(table).encode("ascii")) for tag, text in fields]
    person, cover = kvk.read_template(containers.template(*containers.FIELDS, *given_fields))
    last = {tag: " ".join(text.split()) for tag, text in fields}
    assert (person.title, person.insured_id) == (last.get(0x84, ""), last.get(0x82, ""))
    assert cover.insurer.name == last.get(0x80, "Kasse")


def test_an_answer_to_read_vsd() -> None:
    answer = READ.decode(containers.read_vsd_answer())
    assert isinstance(answer, VsdAnswer)
    assert set(answer.containers) == {
        ContainerKind.PERSONAL,
        ContainerKind.INSURANCE,
        ContainerKind.PROTECTED,
        ContainerKind.PROOF,
    }
    assert (answer.status.open_transactions, answer.status.version) == (False, "5.2.0")
    assert "19640812" not in repr(answer)
    with pytest.raises(MalformedError):
        READ.decode(containers.read_vsd_answer().replace(b"AllgemeineVersicherungsdaten", b"Anderes"))


@given(st.integers(0, 2000))
def test_a_cut_answer(place: int) -> None:
    with pytest.raises(MalformedError):
        READ.decode(containers.read_vsd_answer()[:place])


def test_answers_about_cards_asked_for() -> None:
    wish = card_requests.request_card(CONTEXT, ct_id="ct-1", slot_id=2, text="Bitte", seconds=7)
    assert b"TimeOut>7<" in wish.body
    assert b"CardType" not in wish.body
    namespace = 'xmlns:CTS="http://ws.gematik.de/conn/CardTerminalService/v1.1"'
    card = "<CARD:Card><CONN:CardHandle>h-1</CONN:CardHandle></CARD:Card>"
    there = wish.decode(
        envelope(
            f"<CTS:RequestCardResponse {namespace}>{OK}<CTS:AlreadyInserted>true</CTS:AlreadyInserted>{card}"
            "</CTS:RequestCardResponse>"
        )
    )
    assert isinstance(there, card_requests.CardRequestAnswer)
    assert (there.handle, there.already_inserted, there.error) == ("h-1", True, None)
    for card_type, spelled in ((CardType.HBA, b"HBAx"), (CardType.SMC_B, b"SM-B"), (CardType.EGK, b"EGK")):
        one = card_requests.request_card(CONTEXT, ct_id="ct-1", slot_id=2, text="", seconds=7, card_type=card_type)
        assert b">" + spelled + b"</" in one.body
    ejection = card_requests.eject_card(CONTEXT, handle="h-1", text="", milliseconds=7000)
    assert b"TimeOut>7000<" in ejection.body
    assert b"DisplayMsg" not in ejection.body
    told = ejection.decode(envelope(f"<CTS:EjectCardResponse {namespace}>{warning(4203)}</CTS:EjectCardResponse>"))
    assert told is not None
    assert getattr(told, "code", 0) == 4203
