import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.codecs.kon import KonError, KonPassword, KonPkcs12, read_kon

PLAIN: dict[str, Any] = {
    "version": "1.0.0",
    "url": "https://konnektor.example:8443",
    "mandantId": "M1",
    "workplaceId": "W1",
    "clientSystemId": "C1",
    "userId": "U1",
    "env": "ru",
    "credentials": {"type": "basic", "username": "u", "password": "geheim"},
}


def kon(**changes: Any) -> bytes:
    return json.dumps({key: value for key, value in (PLAIN | changes).items() if value is not None}).encode()


def test_a_whole_file_is_read() -> None:
    found = read_kon(kon(rewriteServiceEndpoints=True, expectedHost="k.example", trustStore=["AAEC"]), {})
    assert (found.url, found.mandant, found.client_system, found.workplace) == (PLAIN["url"], "M1", "C1", "W1")
    assert (found.rewrite_endpoints, found.expected_host, found.trusted) == (True, "k.example", (b"\x00\x01\x02",))
    assert found.login == KonPassword(user="u", password="geheim")
    assert "geheim" not in repr(found)


def test_what_may_be_missing() -> None:
    found = read_kon(b"\xef\xbb\xbf" + kon(credentials=None, userId=None), {})
    assert (found.rewrite_endpoints, found.expected_host, found.trusted, found.login) == (False, "", (), None)


def test_certificates_of_both_kinds() -> None:
    data = base64.b64encode(b"p12").decode()
    found = read_kon(kon(credentials={"type": "pkcs12", "data": data}), {})
    assert found.login == KonPkcs12(data=b"p12", password="")
    elsewhere = read_kon(kon(credentials={"type": "system", "name": "x"}), {})
    assert elsewhere.login is None
    assert "client_p12" in elsewhere.unusable_login


def test_who_is_asked_for_nothing_and_a_product_that_is_said() -> None:
    found = read_kon(kon(credentials={"type": "none"}, product="konnektor", serviceEndpoints=[]), {})
    assert (found.login, found.unusable_login) == (None, "")


def test_base64_that_is_wrapped_in_lines() -> None:
    whole = base64.encodebytes(bytes(range(200))).decode()
    assert whole.count("\n") > 1
    found = read_kon(kon(credentials={"type": "pkcs12", "data": whole}, trustStore=[whole.replace("\n", "\r\n")]), {})
    assert found.login == KonPkcs12(data=bytes(range(200)), password="")
    assert found.trusted == (bytes(range(200)),)


def test_variables_of_the_environment_are_put_in_and_break_nothing() -> None:
    file = kon(credentials={"type": "basic", "username": "u", "password": "a${PW}z"})
    assert read_kon(file, {"PW": '"\\ü'}).login == KonPassword(user="u", password='a"\\üz')
    with pytest.raises(KonError, match="PW"):
        read_kon(file, {})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no JSON object"),
        (kon(url=None), '"url" is missing'),
        (kon(mandantId=7), '"mandantId" is missing or no text'),
        (kon(clientSystemId=""), '"clientSystemId"'),
        (kon(workplaceId=None), '"workplaceId"'),
        (kon(credentials=[]), "no object"),
        (kon(credentials={"type": "magic"}), "none of basic, pkcs12, none, system"),
        (kon(credentials={"type": "basic", "username": "u"}), '"credentials.password"'),
        (kon(credentials={"type": "pkcs12"}), '"credentials.data"'),
        (kon(credentials={"type": "pkcs12", "data": "%%"}), "no base64"),
        (kon(product="consumer", mandantId=None), "no Konnektor"),
        (kon(product=7), "no Konnektor"),
        (kon(trustStore="AA"), "no list"),
        (kon(trustStore=["%"]), "entry 1 is no base64"),
    ],
)
def test_each_mistake_is_named(data: bytes, words: str) -> None:
    with pytest.raises(KonError, match=words):
        read_kon(data, {})


@given(st.binary(max_size=60))
def test_any_bytes_are_a_file_or_a_typed_error(data: bytes) -> None:
    for candidate in (data, kon().replace(b"geheim", data), kon().replace(b'"M1"', data)):
        try:
            read_kon(candidate, {})
        except KonError:
            continue
