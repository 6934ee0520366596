"""The explained example configuration is one that the agent reads as it stands."""

import re
import tomllib
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import pytest

from kartenwart.settings import Box, Konnektor, Listen, Log, load


@pytest.fixture
def example(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/kartenwart.service")
    return repository / "deploy" / "kartenwart.example.toml"


def of(kind: Any) -> dict[str, Field[Any]]:
    return {one.name: one for one in fields(kind)}


def test_the_example_is_read_and_names_every_setting(example: Path) -> None:
    settings = load(example)
    assert settings.contexts["empfang"].konnektor == "k1"
    assert settings.konnektors["k1"].trust_pin is not None
    told = tomllib.loads(example.read_text())
    assert set(told["listen"]) | {"ready_file"} == set(of(Listen))  # that one is for tests
    assert (set(told["box"]), set(told["log"])) == (set(of(Box)), set(of(Log)))
    named = set(re.findall(r"^(?:# )?(\w+) = ", example.read_text(), re.MULTILINE))
    assert set(of(Konnektor)) - named == {"logins"}
    assert "# [konnektors.k1.logins.pvs]" in example.read_text()


def test_it_shows_how_to_say_which_terminals_a_workplace_needs(example: Path, tmp_path: Path) -> None:
    text = re.sub(
        r"^# (local_terminals|remote_terminals|remote_pin_terminal) = ",
        r"\1 = ",
        example.read_text(),
        flags=re.MULTILINE,
    )
    (tmp_path / "kartenwart.toml").write_text(text)
    told = load(tmp_path / "kartenwart.toml").contexts["empfang"]
    assert (told.local_terminals, told.remote_terminals) == (("Empfang",), ("00-0D-F8-00-00-02",))
    assert told.remote_pin_terminal == "Empfang"


def test_what_it_shows_as_usual_is_what_holds_without_it(example: Path) -> None:
    told = tomllib.loads(example.read_text())
    usual = told["konnektors"]["k1"]
    for key in ("rewrite_endpoints", "poll_interval", "short_timeout", "card_timeout", "cetp_tls", "cetp_advertise"):
        assert usual[key] == of(Konnektor)[key].default, key
    assert load(example).box == Box()
    assert {key: value for key, value in told["listen"].items() if key not in {"host_names", "socket"}} == {
        key: field.default for key, field in of(Listen).items() if key not in {"host_names", "socket", "ready_file"}
    }


@pytest.mark.parametrize(
    ("on", "off"),
    [
        (("trust_ca", "expected_name"), ("trust_pin",)),
        (("client_cert", "client_key"), ("client_p12", "client_p12_password_file")),
        (("user", "password_file"), ("client_p12", "client_p12_password_file")),
        (("cetp_trust_ca",), ()),
    ],
)
def test_the_other_ways_that_it_shows_are_read_too(
    example: Path, tmp_path: Path, on: tuple[str, ...], off: tuple[str, ...]
) -> None:
    text = example.read_text()
    for key in off:
        text = text.replace(f"\n{key} = ", f"\n# {key} = ", 1)
    for key in on:
        text = text.replace(f"\n# {key} = ", f"\n{key} = ", 1)
    (tmp_path / "kartenwart.toml").write_text(text)
    told = load(tmp_path / "kartenwart.toml").konnektors["k1"]
    assert all(getattr(told, key) for key in on)
    assert not any(getattr(told, key) for key in off)
