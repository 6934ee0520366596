"""The proof of an online check (Pruefungsnachweis): gzip over XML, Schema Pruefungsnachweis 1.0."""

import base64
import gzip
import hashlib
from datetime import datetime

from lxml import etree

_NAMESPACE = "http://ws.gematik.de/fa/vsdm/pnw/v1.0"
CHECKED = (1, 2)  # the results that come with a check digit of the service


def proof(result: int, at: datetime, *, code: int = 0, seed: str = "") -> bytes:
    """A proof of a check that ended now; `seed` is what the service makes its check digit of."""
    root = etree.Element(f"{{{_NAMESPACE}}}PN", nsmap={None: _NAMESPACE})
    root.set("CDM_VERSION", "1.0.0")
    _add(root, "TS", at.strftime("%Y%m%d%H%M%S"))
    _add(root, "E", str(result))
    if code:
        _add(root, "EC", str(code))
    if result in CHECKED:
        digest = hashlib.sha512(f"{seed}{at.isoformat()}".encode()).digest()
        _add(root, "PZ", base64.b64encode(digest[:48]).decode())
    return gzip.compress(etree.tostring(root, xml_declaration=True, encoding="UTF-8"), mtime=0)


def _add(parent: "etree._Element", name: str, value: str) -> None:
    etree.SubElement(parent, f"{{{_NAMESPACE}}}{name}").text = value
