from collections.abc import Callable, Mapping

import uvloop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], uvloop.Loop]]:
    """gRPC stands on uvloop, as on the box: grpc.aio meets its timers and wake-ups."""
    return {"uvloop": uvloop.new_event_loop}
