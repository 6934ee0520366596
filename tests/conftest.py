"""What every test may ask for: the fixtures beside the repository, a free port, processes with a bounded life."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.lacking import lacking
from tests.processes import REPOSITORY, Running, Start, running


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of an xdist_group on one worker.

    pytest-xdist 3.8 writes the group into a name that pytest has no more since 9.2, so --dist=loadgroup sees none.
    """
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        groups = "_".join(sorted({str(mark.args[0]) for mark in item.iter_markers("xdist_group")}))
        if groups and item.parent is not None and not item.nodeid.endswith(f"@{groups}"):
            item._id = item.parent.id.child(f"{item.name}@{groups}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests recorded under the name "summary": with several workers nothing else of theirs is seen."""
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        for name, value in report.user_properties:
            if name == "summary":
                terminalreporter.write_line(str(value))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout under test."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of schemas and card fixtures beside the repository; without it the test is skipped, in CI it fails."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        lacking(f"needs the folder {folder} (official schemas and card fixtures)")
    return folder


@pytest.fixture
def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listened on a moment ago; prefer port 0 where a server says its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts processes (tests/processes.py) that are stopped when the test ends."""
    async with AsyncExitStack() as stack:

        async def begin(*command: str | Path, **environment: str) -> Running:
            return await stack.enter_async_context(running(command, environment))

        yield begin
