from pathlib import Path

import pytest

from kartenwart.settings import SettingsError, load

KONNEKTOR = """
[konnektors.k1]
url = "https://127.0.0.2:8443"
trust_ca = "root.pem"
[contexts.empfang]
konnektor = "k1"
mandant = "m1"
client_system = "kartenwart"
workplace = "empfang"
"""


def write(folder: Path, text: str, name: str = "kartenwart.toml") -> Path:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_files_drop_ins_and_environment_win_in_that_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, KONNEKTOR + "[listen]\ngrpc_port = 1\njson_port = 1\nenrol_port = 1\n")
    write(tmp_path, "[listen]\njson_port = 2\nenrol_port = 2\n", "conf.d/50-ports.toml")
    monkeypatch.setenv("KARTENWART_LISTEN__ENROL_PORT", "3")
    listen = load(file).listen
    assert (listen.grpc_port, listen.json_port, listen.enrol_port) == (1, 2, 3)


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    settings = load(write(tmp_path, KONNEKTOR + '[box]\nstate_directory = "state"\n'))
    assert settings.box.state_directory == tmp_path / "state"
    assert settings.konnektors["k1"].trust_ca == tmp_path / "root.pem"


def test_credentials_come_from_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, KONNEKTOR.replace('"root.pem"', '"credential:root"'))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/kartenwart")
    assert load(file).konnektors["k1"].trust_ca == Path("/run/credentials/kartenwart/root")


def test_credentials_without_systemd_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    file = write(tmp_path, KONNEKTOR.replace('"root.pem"', '"credential:root"'))
    with pytest.raises(SettingsError, match=r"konnektors\.k1\.trust_ca: .*name a file instead"):
        load(file)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense = [", "no valid TOML"),
        ("[listen]\nport = 1\n", r"listen\.port: there is no such setting"),
        ("[listen]\ngrpc_port = 70000\n", r"listen\.grpc_port: .*65535"),
        (KONNEKTOR.replace('trust_ca = "root.pem"', ""), r"konnektors\.k1: say whom to trust"),
        (KONNEKTOR.replace('konnektor = "k1"', 'konnektor = "k2"'), r"contexts\.empfang\.konnektor: there is no"),
        (KONNEKTOR.replace("contexts.empfang", '"contexts"."Empfang 1"'), r"use 1 to 40 of a-z"),
        (KONNEKTOR + '[konnektors.k2]\nurl = "https://a"\ntrust_ca = "x"\nuser = "u"\n', "user and password_file"),
        (KONNEKTOR + '[konnektors.k2]\nurl = "https://a"\ntrust_ca = "x"\n', r"konnektors\.k2: no context uses it"),
        (KONNEKTOR.replace("trust_ca", f'trust_pin = "{"0" * 64}"\ntrust_ca'), r"konnektors\.k1: choose one"),
        (
            KONNEKTOR.replace("[contexts", 'cetp_listen = "0.0.0.0:65536"\n[contexts'),
            r"cetp_listen: the port is at most",
        ),
        ('[listen]\naddress = "box.lan"\n', r"listen\.address: write an IP address"),
        ('[listen]\naddress = ""\n', r"listen\.address: "),
        ('[listen]\nmdns_interface = "eth0"\n', r"listen\.mdns_interface: write an IP address"),
        (KONNEKTOR + '[konnektors.k2]\nurl = "ftp://a"\ntrust_ca = "x"\n', r"konnektors\.k2\.url"),
    ],
)
def test_every_mistake_names_its_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load(write(tmp_path, text))


def test_a_missing_file_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--config"):
        load(tmp_path / "absent.toml")


def test_settings_are_frozen(tmp_path: Path) -> None:
    settings = load(write(tmp_path, KONNEKTOR))
    with pytest.raises(ValueError, match="frozen"):
        settings.listen.grpc_port = 5  # type: ignore[misc]
