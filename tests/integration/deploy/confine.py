"""Runs a command under what a unit file forbids, without a running systemd:  confine.py UNIT COMMAND...

No capabilities (the user stays, so that folders of the test can be read), no new privileges, no core dumps, and the
unit's system calls as systemd filters them: SystemCallFilter, MemoryDenyWriteExecute, RestrictAddressFamilies,
RestrictNamespaces. Says what it could not do with exit status 99.
"""

import ctypes
import errno
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, LAST_CAPABILITY = 24, 38, 63
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
MASKED_EQUAL, EQUAL = 7, 4
PROT_WRITE, PROT_EXEC, SHM_EXEC = 2, 4, 0o100000


class Compare(ctypes.Structure):
    """struct scmp_arg_cmp of libseccomp."""

    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


class Filter:
    """A list of what is allowed; all else fails with EPERM."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libseccomp.so.2")
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(ERRNO | errno.EPERM))

    def add(self, name: str, action: int = ALLOW, *compares: Compare) -> None:
        """Add a rule; a name that this machine does not have is passed over, as systemd does."""
        number = self._library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return
        array = (Compare * len(compares))(*compares)
        done = self._library.seccomp_rule_add_array(self._context, action, number, len(compares), array)
        if done != 0:
            raise OSError(-done, f"seccomp refused the rule for {name}")

    def load(self) -> None:
        if (done := self._library.seccomp_load(self._context)) != 0:
            raise OSError(-done, "seccomp could not be loaded")


def settings(unit: Path) -> Iterator[tuple[str, list[str]]]:
    """Each setting of the file with its words, in order."""
    for line in unit.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.startswith("#"):
            yield name, value.split()


def expanded(name: str) -> set[str]:
    """The system calls of a group such as @system-service, by systemd's own word."""
    if not name.startswith("@"):
        return {name}
    said = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True, capture_output=True, text=True)
    inner = [word for line in said.stdout.splitlines()[1:] if (word := line.strip()) and not word.startswith("#")]
    return set().union(*(expanded(word) for word in inner))


def allowed(unit: Path) -> set[str]:
    """The system calls that the unit's filter lets through: the first line says that it is a list of the allowed."""
    calls: set[str] = set()
    for name, words in settings(unit):
        if name == "SystemCallFilter":
            takes_away = words[0].startswith("~")
            for word in words:
                group = expanded(word.removeprefix("~"))
                calls = calls - group if takes_away else calls | group
    return calls


def conditional(told: dict[str, list[str]]) -> dict[str, list[tuple[Compare, ...]]]:
    """System calls that are allowed only with some arguments."""
    rules: dict[str, list[tuple[Compare, ...]]] = {}
    if told.get("MemoryDenyWriteExecute") == ["yes"]:
        not_writable, not_executable = Compare(2, MASKED_EQUAL, PROT_WRITE, 0), Compare(2, MASKED_EQUAL, PROT_EXEC, 0)
        rules |= {"mmap": [(not_writable,), (not_executable,)]}
        rules |= {name: [(not_executable,)] for name in ("mprotect", "pkey_mprotect")}
        rules["shmat"] = [(Compare(2, MASKED_EQUAL, SHM_EXEC, 0),)]
    families = [getattr(socket, name) for name in told["RestrictAddressFamilies"]]
    rules["socket"] = [(Compare(0, EQUAL, family, 0),) for family in families]
    return rules


def confine(unit: Path) -> None:
    """Give up all that the unit takes away, for good."""
    told = dict(settings(unit))
    calls, rules = allowed(unit), conditional(told)
    if told.get("RestrictNamespaces") == ["yes"]:
        calls -= {"unshare", "setns"}
    filtered = Filter()
    for name in sorted(calls):
        if name == "clone3" and told.get("RestrictNamespaces") == ["yes"]:
            filtered.add(name, ERRNO | errno.ENOSYS)  # its flags lie in memory: libc falls back to clone
        else:
            for compares in rules.get(name, [()]):
                filtered.add(name, ALLOW, *compares)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    library = ctypes.CDLL(None, use_errno=True)
    for capability in range(LAST_CAPABILITY + 1):
        library.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    if library.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no new privileges")
    filtered.load()


if __name__ == "__main__":
    try:
        confine(Path(sys.argv[1]))
    except OSError as error:
        print(f"confine: {error}", file=sys.stderr)  # noqa: T201 - to whoever started it
        sys.exit(99)
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - the command of the test itself
