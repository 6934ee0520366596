"""The hardened XML parser and small readers on elements.

No entities, no DTD, no network, UTF-8 only (the Konnektor's messages are: WS-I BP 1.2), an own size cap. With the
encoding forced to UTF-8 a document type can only stand there as its literal bytes, so looking for them is enough.
"""

from typing import TypeAlias

from lxml import etree

from kartenwart.codecs.malformed import MalformedError, OversizedError

Element: TypeAlias = etree._Element  # lxml's own name for the type of every element


def parse(data: bytes, *, limit: int, huge: bool = False, encoding: str = "utf-8") -> Element:
    """Return the root element of `data`.

    `limit` is the cap in bytes. `huge` allows text nodes above 8 MiB: only for named answers that carry documents.
    `encoding` is UTF-8 or ISO-8859-15, whatever the document declares.
    Raises OversizedError or MalformedError.
    """
    if len(data) > limit:
        raise OversizedError(f"an XML document of more than {limit} bytes")
    if b"<!DOCTYPE" in data:
        raise MalformedError("an XML document with a document type")
    parser = etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=not huge,  # XML that was signed comes as it is
        remove_pis=not huge,
        huge_tree=huge,
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        # lxml's words quote the document; they must not travel in the chain either.
        raise MalformedError("no well-formed XML") from None


def text(parent: Element, path: str) -> str:
    """Return the stripped text at `path`; MalformedError names the path where it is missing or empty."""
    found = optional_text(parent, path)
    if not found:
        raise MalformedError(f"an answer without {_short(path)}")
    return found


def optional_text(parent: Element, path: str) -> str:
    """Return the stripped text at `path`, or ""."""
    return (parent.findtext(path) or "").strip()


def child(parent: Element, path: str) -> Element:
    """Return the element at `path`; MalformedError names the path where it is missing."""
    found = parent.find(path)
    if found is None:
        raise MalformedError(f"an answer without {_short(path)}")
    return found


def number(value: str | None, what: str) -> int:
    """Return a non-negative decimal of at most nine digits; MalformedError names `what` otherwise."""
    digits = (value or "").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise MalformedError(f"{what} is no number")
    return int(digits)


def boolean(value: str | None) -> bool:
    """Return an xs:boolean; whatever is not true is False."""
    return (value or "").strip() in ("true", "1")


def _short(path: str) -> str:
    return "/".join(step.rpartition("}")[2] for step in path.split("/{"))
