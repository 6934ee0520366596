import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.transport.endpoint import parse_endpoint


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://192.0.2.1", "192.0.2.1", "/"),
        ("https://192.0.2.1:443/ws/EventService", "192.0.2.1", "/ws/EventService"),
        ("http://[::1]:8080/a?b=c", "[::1]:8080", "/a?b=c"),
    ],
)
def test_addresses_are_taken_apart(url: str, authority: str, path: str) -> None:
    endpoint = parse_endpoint(url)
    assert (endpoint.authority, endpoint.path) == (authority, path)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://k",
        "https://",
        "https://u:p@k",
        "https://k/#f",
        "https://k/a b",
        "https://k/\r\nX: y",
        "https://k:99999",
        "https://ü",
    ],
)
def test_what_could_surprise_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_endpoint(url)


@given(st.text(max_size=60))
def test_any_text_is_an_endpoint_or_a_value_error(text: str) -> None:
    for url in (text, f"https://{text}"):
        try:
            endpoint = parse_endpoint(url)
        except ValueError:
            continue
        assert not set(endpoint.authority + endpoint.path) & set("\r\n \0")


def test_rewriting_keeps_the_path_only() -> None:
    placed = parse_endpoint("https://10.0.0.1:9999/ws/x").at(parse_endpoint("https://127.0.0.1:1234/connector.sds"))
    assert (placed.authority, placed.path) == ("127.0.0.1:1234", "/ws/x")
