"""The explained example configuration is one that the agent reads as it stands."""

import tomllib
from pathlib import Path

import pytest

from kartenwart.settings import Listen, load


def test_the_example_is_read_and_names_every_listening_setting(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/kartenwart.service")
    example = repository / "deploy" / "kartenwart.example.toml"
    settings = load(example)
    assert settings.contexts["empfang"].konnektor == "k1"
    assert settings.konnektors["k1"].trust_pin is not None
    named = set(tomllib.loads(example.read_text())["listen"])
    assert named | {"ready_file"} == set(Listen.model_fields)
