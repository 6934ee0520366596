"""TLS curve groups for brainpool keys, set before anything imports `ssl`."""

import os
from pathlib import Path


def allow_brainpool() -> None:
    """Point OpenSSL to our configuration; it reads it once, when the first module needs OpenSSL."""
    os.environ["OPENSSL_CONF"] = str(Path(__file__).with_name("openssl.cnf"))
