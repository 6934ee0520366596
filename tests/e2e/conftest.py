"""One practice for all stories: starting it takes seconds, and the stories use different cards and workplaces."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.demo_practice import Agent, Simulator, stop
from tests.e2e.practice import Practice, Seat
from tests.processes import REPOSITORY

BOTH = ("--context", "empfang", "--context", "sprechzimmer")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the stories on one worker: they share a practice."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("e2e"))
            item.add_marker(pytest.mark.timeout(180))  # a story starts a dozen processes, the first one a practice


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """A running simulator and a running agent that knows the users adler and brandt."""
    folder = tmp_path_factory.mktemp("practice")
    sources = os.pathsep.join(str(REPOSITORY / source) for source in ("agent", "firmware-sim"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", sources)
        # The stories start some hundred short processes: compiled once, each needs half the time.
        environment.setenv("PYTHONPYCACHEPREFIX", str(REPOSITORY / ".pytest_cache" / "compiled"))
        environment.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield from running(folder)


def running(folder: Path) -> Iterator[Practice]:
    """Start simulator and agent, stop them by their own pids."""
    simulator = Simulator.start(folder / "sim")
    agent = Agent(folder=folder / "box")
    started = Practice(folder=folder, simulator=simulator, agent=agent)
    try:
        agent.configure(simulator)
        agent.start()
        for user in ("adler", "brandt"):
            assert started.technician.run("users", "create", user).status == 0
        yield started
    finally:
        for seat in started.seats:
            seat.stop()
        stop(agent.process)
        stop(simulator.process)


@pytest.fixture(autouse=True)
def nobody_stays(practice: Practice) -> Iterator[None]:
    """Send everybody home after a story."""
    yield
    for seat in practice.seats:
        seat.stop()
    practice.seats.clear()


@pytest.fixture
def technician(practice: Practice) -> Seat:
    """At the box."""
    return practice.technician


@pytest.fixture
def signer(practice: Practice) -> Seat:
    """A doctor's workplace."""
    return doctor(practice)


@pytest.fixture
def bound(binding: None, signer: Seat) -> Seat:
    """The doctor's workplace, its user adler bound to her HBA."""
    return signer


@pytest.fixture(scope="session")
def binding(practice: Practice) -> None:
    """Bind adler to her HBA, once: it costs a PIN entry."""
    under = doctor(practice).begin("users", "bind", "adler", "adler", "--context", "sprechzimmer")
    practice.type(practice.asked(under))
    assert under.ended().status == 0


def doctor(practice: Practice) -> Seat:
    """A signer who may act for both users."""
    return practice.enrolled("signer", "signer", *BOTH, "--user", "adler", "--user", "brandt")


@pytest.fixture
def letter(practice: Practice) -> Path:
    """A doctor's letter, PDF/A-2b."""
    from firmware_sim.signing import make_pdf

    path = practice.folder / "letter.pdf"
    if not path.exists():
        path.write_bytes(make_pdf("pdfa2"))
    return path
