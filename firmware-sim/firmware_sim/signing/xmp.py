"""The XMP packet and the information dictionary of a PDF/A, which must say the same (ISO 19005-1, 6.7)."""

from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
   <pdfaid:part>{part}</pdfaid:part>
   <pdfaid:conformance>B</pdfaid:conformance>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
   <dc:format>application/pdf</dc:format>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
   <dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
   <xmp:CreatorTool>{tool}</xmp:CreatorTool>
   <xmp:CreateDate>{date}</xmp:CreateDate>
   <xmp:ModifyDate>{date}</xmp:ModifyDate>
  </rdf:Description>
  <rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
   <pdf:Producer>{tool}</pdf:Producer>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Particulars:
    """Who made a document, with what, and when (UTC)."""

    title: str
    author: str
    tool: str
    made: datetime

    def xmp(self, part: str) -> bytes:
        """The XMP packet, which declares PDF/A-{part}b."""
        words = {
            name: escape(text) for name, text in (("title", self.title), ("author", self.author), ("tool", self.tool))
        }
        return _PACKET.format(part=part, date=self.made.strftime("%Y-%m-%dT%H:%M:%SZ"), **words).encode()

    def information(self) -> bytes:
        """The information dictionary."""
        date = self.made.strftime("(D:%Y%m%d%H%M%SZ)").encode()
        texts = {b"Title": self.title, b"Author": self.author, b"Creator": self.tool, b"Producer": self.tool}
        entries = b"".join(b"/%s %s " % (name, _text_string(text)) for name, text in texts.items())
        return b"<< " + entries + b"/CreationDate %s /ModDate %s >>" % (date, date)


def _text_string(text: str) -> bytes:
    """A PDF text string: UTF-16 with a byte order mark, in hexadecimal."""
    return b"<%s>" % (b"\xfe\xff" + text.encode("utf-16-be")).hex().upper().encode()
