from collections.abc import Callable, Mapping

import uvloop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], uvloop.Loop]]:
    """The doors stand on uvloop, as on the box: its TLS and sockets are not asyncio's."""
    return {"uvloop": uvloop.new_event_loop}
