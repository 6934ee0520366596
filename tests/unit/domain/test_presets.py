from kartenwart.domain.documents import SHORT_TEXT, SignatureFormat
from kartenwart.domain.presets import presets


def test_the_documents_of_daily_work_have_a_preset() -> None:
    assert {name: (one.format, one.qualified) for name, one in presets().items()} == {
        "earztbrief": (SignatureFormat.PADES, True),
        "erezept": (SignatureFormat.CADES_ENVELOPING, True),
        "eau": (SignatureFormat.CADES_ENVELOPING, False),
    }


def test_what_is_shown_of_a_document_fits_the_terminal_and_every_place_in_a_job() -> None:
    for one in presets().values():
        texts = [one.short_text_of(number) for number in (1, 9, 250)]
        assert all(SHORT_TEXT.fullmatch(text) for text in texts)
        assert len(set(texts)) == 3
        assert one.suffix.strip("-").isprintable()
        assert one.title
        assert one.description.endswith(".")
        assert one.source
