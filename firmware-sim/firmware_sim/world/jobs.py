"""Job numbers of the SignatureService: "ABC-123", none used twice within 1,000 calls (4252)."""

from collections import deque
from random import Random

from firmware_sim.world.codes import KonnektorError

REMEMBERED = 1000
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class JobNumbers:
    """Gives out numbers, refuses used ones, and knows which calls are signing now."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._used: deque[str] = deque(maxlen=REMEMBERED)
        self._issued: deque[str] = deque(maxlen=REMEMBERED)
        self._running: dict[str, str] = {}
        self._stopped: set[str] = set()

    def issue(self) -> str:
        """A number that was neither given out nor used lately."""
        while True:
            letters = "".join(self._random.choices(_LETTERS, k=3))
            number = f"{letters}-{self._random.randrange(1000):03d}"
            if number not in self._used and number not in self._issued:
                self._issued.append(number)
                return number

    def start(self, number: str, handle: str) -> None:
        """A SignDocument with this number and card begins. Raises 4252."""
        if number in self._used:
            raise KonnektorError(4252)
        self._used.append(number)
        self._running[number] = handle

    def card_of(self, number: str) -> str:
        """The handle of the card that a running call uses. Raises 4243 when no such call is running."""
        if number not in self._running:
            raise KonnektorError(4243)
        return self._running[number]

    def stop(self, number: str) -> None:
        """StopSignature of a running call."""
        self._stopped.add(number)

    def stopped(self, number: str) -> bool:
        return number in self._stopped

    def finish(self, number: str) -> None:
        self._running.pop(number, None)
        self._stopped.discard(number)
