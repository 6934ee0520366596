"""Answers of a Konnektor written by hand for tests."""

from xml.sax.saxutils import escape

NAMESPACES = {
    "S": "http://schemas.xmlsoap.org/soap/envelope/",
    "EVT": "http://ws.gematik.de/conn/EventService/v7.2",
    "CONN": "http://ws.gematik.de/conn/ConnectorCommon/v5.0",
    "CARD": "http://ws.gematik.de/conn/CardService/v8.1",
    "CMN": "http://ws.gematik.de/conn/CardServiceCommon/v2.0",
    "CT": "http://ws.gematik.de/conn/CardTerminalInfo/v8.0",
    "CERT": "http://ws.gematik.de/conn/CertificateService/v6.0",
    "CC": "http://ws.gematik.de/conn/CertificateServiceCommon/v2.0",
    "SIG": "http://ws.gematik.de/conn/SignatureService/v7.5",
    "ERR": "http://ws.gematik.de/tel/error/v2.0",
    "DSS": "urn:oasis:names:tc:dss:1.0:core:schema",
    "PI": "http://ws.gematik.de/int/version/ProductInformation/v1.1",
}
_DECLARED = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
OK = "<CONN:Status><CONN:Result>OK</CONN:Result></CONN:Status>"


def envelope(body: str) -> bytes:
    return f"<S:Envelope {_DECLARED}><S:Body>{body}</S:Body></S:Envelope>".encode()


def error(*codes: int, text: str = "Ein Fehler", severity: str = "Error") -> str:
    traces = "".join(
        f"<ERR:Trace><ERR:EventID>e</ERR:EventID><ERR:Instance>i</ERR:Instance><ERR:LogReference>l</ERR:LogReference>"
        f"<ERR:CompType>Konnektor</ERR:CompType><ERR:Code>{code}</ERR:Code><ERR:Severity>{severity}</ERR:Severity>"
        f"<ERR:ErrorType>Technical</ERR:ErrorType><ERR:ErrorText>{escape(text)}</ERR:ErrorText></ERR:Trace>"
        for code in codes
    )
    return (
        "<ERR:Error><ERR:MessageID>m</ERR:MessageID><ERR:Timestamp>2026-03-01T12:00:00Z</ERR:Timestamp>"
        f"{traces}</ERR:Error>"
    )


def fault(*codes: int, text: str = "Ein Fehler", severity: str = "Error") -> bytes:
    detail = error(*codes, text=text, severity=severity)
    return envelope(
        f"<S:Fault><faultcode>S:Server</faultcode><faultstring>{escape(text)}</faultstring><detail>{detail}</detail></S:Fault>"
    )


def warning(*codes: int) -> str:
    return f"<CONN:Status><CONN:Result>Warning</CONN:Result>{error(*codes)}</CONN:Status>"


def card(number: int, holder: str = "Erika Erfunden") -> str:
    return (
        f"<CARD:Card><CONN:CardHandle>handle-{number}</CONN:CardHandle><CMN:CardType>EGK</CMN:CardType>"
        "<CARD:CardVersion><CARD:COSVersion><CARD:Major>4</CARD:Major></CARD:COSVersion></CARD:CardVersion>"
        f"<CMN:Iccsn>{80276001011699900000 + number}</CMN:Iccsn><CMN:CtId>ct-1</CMN:CtId><CMN:SlotId>1</CMN:SlotId>"
        f"<CARD:InsertTime>2026-03-01T13:00:00+01:00</CARD:InsertTime>"
        f"<CARD:CardHolderName>{escape(holder)}</CARD:CardHolderName><CARD:Kvnr>X000000012</CARD:Kvnr>"
        "<CARD:CertificateExpirationDate>2030-01-31+01:00</CARD:CertificateExpirationDate></CARD:Card>"
    )


def cards(count: int, holder: str = "Erika Erfunden") -> bytes:
    listed = "".join(card(number, holder) for number in range(count))
    return envelope(f"<EVT:GetCardsResponse>{OK}<CARD:Cards>{listed}</CARD:Cards></EVT:GetCardsResponse>")
