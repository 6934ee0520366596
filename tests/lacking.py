"""What a test needs and the machine lacks: said by name, and a failure in CI, where set-up has brought everything."""

import os
from typing import NoReturn

import pytest


def lacking(words: str) -> NoReturn:
    """Skip the test with these words; fail it in CI."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(words)
    pytest.skip(words)
