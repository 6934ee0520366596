"""The one logical channel of a card: where it stands, what was verified, which keys were chosen. All is volatile."""

from dataclasses import dataclass
from typing import TypeVar

from firmware_sim.cos import words
from firmware_sim.cos.apdu import Command
from firmware_sim.cos.objects import ElementaryFile, Folder, Guarded, Password, PrivateKey
from firmware_sim.cos.words import Refused
from firmware_sim.world.counts import CardCounts

SPECIFIC = 0x80  # in a reference: an object of the selected folder, else one of the MF
_FIRST_ENVIRONMENT = 1
_Thing = TypeVar("_Thing")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChosenKey:
    """What MANAGE SECURITY ENVIRONMENT chose for one kind of operation, by the reference under which it was found."""

    reference: int
    key: PrivateKey
    algorithm: str


class LogicalChannel:
    """State between power-on and power loss. `counts` is the simulator's own record of what happened."""

    def __init__(self, master: Folder, counts: CardCounts) -> None:
        self.master = master
        self.counts = counts
        self.folder = master
        self.file: ElementaryFile | None = None
        self.chosen: dict[int, ChosenKey] = {}
        self._environments: dict[Folder, int] = {}
        self._uses: dict[Password, int | None] = {}

    # Where it stands

    def enter(self, folder: Folder) -> None:
        """Select a folder: chosen keys are forgotten, folders that are left lose environment and what was verified."""
        left = set(self.folder.path) - set(folder.path)
        for password in [password for one in left for password in one.passwords]:
            self.close(password)
        for one in left:
            self._environments.pop(one, None)
        self.chosen.clear()
        self.folder, self.file = folder, None

    def environment(self, folder: Folder) -> int:
        """The security environment of a folder, 1 unless another was restored."""
        return self._environments.get(folder, _FIRST_ENVIRONMENT)

    def restore_environment(self, number: int) -> None:
        """Take another security environment in the selected folder; chosen keys are forgotten."""
        self._environments[self.folder] = number
        self.chosen.clear()

    # What is there

    def home(self, reference: int) -> Folder:
        """The folder that a reference means."""
        return self.folder if reference & SPECIFIC else self.master

    def password(self, reference: int) -> Password:
        """The password with this reference. Raises `Refused` (6A88)."""
        identifier = reference & ~SPECIFIC
        found = (each for each in self.home(reference).passwords if each.identifier == identifier)
        return _found(next(found, None))

    def key(self, reference: int) -> PrivateKey:
        """The private key with this reference. Raises `Refused` (6A88)."""
        identifier = reference & ~SPECIFIC
        return _found(next((each for each in self.home(reference).keys if each.identifier == identifier), None))

    def choose_file(self, short: int) -> ElementaryFile:
        """Make the file with this short identifier the current one; 0 means the current one. Raises `Refused`."""
        if short:
            self.file = next((each for each in self.folder.files if each.short == short), None)
            if self.file is None:
                raise Refused(words.FILE_NOT_FOUND)
        if self.file is None:
            raise Refused(words.NO_CURRENT_FILE)
        return self.file

    # What was verified

    def open(self, password: Password) -> None:
        """The right PIN was given: it is good for as many uses as the environment of its folder says."""
        self._uses[password] = password.uses.get(self.environment(self._home_of(password)), 0)

    def close(self, password: Password) -> None:
        self._uses.pop(password, None)

    def is_open(self, password: Password) -> bool:
        """Verified, with a use left."""
        return password in self._uses and self._uses[password] != 0

    def require(self, thing: Guarded, folder: Folder, command: Command) -> None:
        """Let the command pass or raise `Refused` (6982); what a password was needed for costs one of its uses."""
        header = bytes((command.cla & ~0x10, *command.header[1:]))
        condition = thing.rules.condition(thing.life_cycle, self.environment(folder), header)
        needed = condition.met_by(self._holds)
        if needed is None:
            raise Refused(words.SECURITY_STATUS)
        for reference in needed:
            self._spend(self.password(reference))

    def _holds(self, reference: int) -> bool:
        try:
            password = self.password(reference)
        except Refused:
            return False
        return not password.enabled or self.is_open(password)

    def _spend(self, password: Password) -> None:
        left = self._uses.get(password)
        if left is not None:
            self._uses[password] = left - 1

    def _home_of(self, password: Password) -> Folder:
        return next((folder for folder in self.folder.path if password in folder.passwords), self.master)


def _found(thing: _Thing | None) -> _Thing:
    if thing is None:
        raise Refused(words.REFERENCE_NOT_FOUND)
    return thing
