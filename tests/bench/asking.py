"""A fresh process that asks a Konnektor which cards are there, as a script of a practice's IT would (P1).

    python tests/bench/asking.py HOST PORT PATH ROOT CERTIFICATE KEY

Nothing but the standard library and lxml; where EventService answers it is told, so it need not even look that up.
"""

import http.client
import ssl
import sys

from lxml import etree

REQUEST = (
    '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>'
    '<GetCards xmlns="http://ws.gematik.de/conn/EventService/v7.2" xmlns:c="http://ws.gematik.de/conn/ConnectorCommon/v5.0"'
    ' xmlns:x="http://ws.gematik.de/conn/ConnectorContext/v2.0"><x:Context><c:MandantId>m1</c:MandantId>'
    "<c:ClientSystemId>kartenwart</c:ClientSystemId><c:WorkplaceId>empfang</c:WorkplaceId></x:Context></GetCards>"
    "</S:Body></S:Envelope>"
)
CARD = "{http://ws.gematik.de/conn/CardService/v8.1}Card"


def main(host: str, port: str, path: str, root: str, certificate: str, key: str) -> None:
    """Print a line per card."""
    context = ssl.create_default_context(cafile=root)
    context.check_hostname = False
    context.load_cert_chain(certificate, key)
    connection = http.client.HTTPSConnection(host, int(port), context=context)
    connection.request(
        "POST",
        path,
        REQUEST,
        {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": '"http://ws.gematik.de/conn/EventService/v7.2#GetCards"',
        },
    )
    answer = etree.fromstring(connection.getresponse().read())
    for card in answer.iter(CARD):
        sys.stdout.write(" ".join(each.text or "" for each in card).strip() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
