import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.codecs.malformed import MalformedError, OversizedError
from kartenwart.codecs.soap.xml import parse

BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY b "xxxxxxxxxx"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a d="&c;">&c;</a>"""


@pytest.mark.parametrize(
    "document",
    [
        BOMB,
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>',
        b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4APA-a/+AD4-',
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
        b"<a>&undefined;</a>",
        b"<a>",
        b"",
        b"<a>\xe4</a>",
    ],
)
def test_what_is_dangerous_or_broken_is_refused(document: bytes) -> None:
    with pytest.raises(MalformedError):
        parse(document, limit=10_000)


def test_the_error_does_not_quote_the_document() -> None:
    with pytest.raises(MalformedError) as refused:
        parse(b"<secret-handle><x></secret-handle>", limit=100)
    assert "secret" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_size_is_capped_before_anything_is_parsed() -> None:
    with pytest.raises(OversizedError):
        parse(b"<a>" + b"x" * 100 + b"</a>", limit=100)


def test_large_text_only_where_it_was_named() -> None:
    document = b"<a>" + b"x" * (11 * 1024 * 1024) + b"</a>"
    with pytest.raises(MalformedError):
        parse(document, limit=len(document))
    assert len(parse(document, limit=len(document), huge=True).text or "") == 11 * 1024 * 1024


def test_comments_and_instructions_do_not_split_text() -> None:
    assert parse(b"<a>on<!-- x -->e<?p i?></a>", limit=100).text == "one"


@given(st.binary(max_size=300))
def test_any_bytes_give_an_element_or_a_typed_error(data: bytes) -> None:
    try:
        parse(data, limit=250)
    except MalformedError:
        return
