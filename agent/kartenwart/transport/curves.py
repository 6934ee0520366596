"""Names OpenSSL's configuration before `ssl` is imported, so that brainpool servers and keys can be spoken to.

Imports nothing heavy and above all not `ssl`: `__main__` calls this first.
"""

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

CONFIGURATION = Path(__file__).with_name("openssl.cnf")


def prepare(environ: MutableMapping[str, str] = os.environ) -> None:
    """Set OPENSSL_CONF to the shipped file unless the administrator named another one.

    RuntimeError where `ssl` was imported before: then it would be too late and brainpool would fail later, unexplained.
    """
    if "OPENSSL_CONF" in environ:
        return
    if "ssl" in sys.modules:
        raise RuntimeError("curves.prepare() must run before anything imports ssl")
    environ["OPENSSL_CONF"] = str(CONFIGURATION)
