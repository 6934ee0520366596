"""connector.sds, and the choice of services and addresses from it.

Rules: only MalformedError; under https no service is ever called without TLS; rewritten addresses are the Konnektor's.
"""

from kartenwart.adapters.konnektor.services import choose
from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.directory import read_directory
from kartenwart.transport.endpoint import parse_endpoint
from tests.fuzz.target import choice, hold

BASES = tuple(parse_endpoint(address) for address in ("https://192.0.2.1:443/", "http://192.0.2.1:80/"))


def judge(data: bytes) -> None:
    """The first byte chooses the base address and whether endpoints are rewritten."""
    number, answer = choice(data, 4)
    base, rewrite = BASES[number % 2], number >= 2
    try:
        services = choose(read_directory(answer), base, rewrite=rewrite)
    except MalformedError:
        return
    hold(
        "what is listed is sorted",
        list(services.listed) == sorted(services.listed, key=lambda one: (one.service, one.version)),
    )
    for service in services.chosen.values():
        hold("https never becomes http", service.endpoint.tls == base.tls)
        hold("a rewritten address is the base", not rewrite or service.endpoint.host == base.host)
