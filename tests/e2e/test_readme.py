"""The README's Python, run as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.practice import Practice, Seat


def test_the_python_of_the_readme_lists_the_cards(practice: Practice, signer: Seat, repository: Path) -> None:
    program = re.findall(r"```python\n(.*?)```", (repository / "README.md").read_text(encoding="utf-8"), re.DOTALL)[0]
    env = {**os.environ, "KARTENWART_PROFILE": str(signer.places["profile"])}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=env, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Dr. Anna Adler" in done.stdout
