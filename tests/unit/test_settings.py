import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from kartenwart.app.contexts import contexts
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


def test_the_environment_says_switches_numbers_and_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {
        "KARTENWART_LISTEN__MDNS": "false",
        "kartenwart_box__job_retention_days": "7",
        "KARTENWART_LISTEN__HOST_NAMES": '["box.lan"]',
        "KARTENWART_KONNEKTORS__K1__SHORT_TIMEOUT": "2.5",
        "KARTENWART_PROFILE": "/another/thing",
    }.items():
        monkeypatch.setenv(name, text)
    settings = load(write(tmp_path, KONNEKTOR))
    assert (settings.listen.mdns, settings.listen.host_names) == (False, ("box.lan",))
    assert (settings.box.job_retention_days, settings.konnektors["k1"].short_timeout) == (7, 2.5)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("KARTENWART_LISTEN__HOST_NAMES", "[box", "HOST_NAMES: is no valid JSON"),
        ("KARTENWART_LISTEN__GRPC_PROT", "1", r"listen\.grpc_prot: there is no such setting"),
        ("KARTENWART_LISTEN__MDNS", "maybe", r"listen\.mdns: write true or false"),
        ("KARTENWART_LISTEN", "1", "listen: write a table"),
        ("KARTENWART_CARDS__RSA_UNTIL", "31.12.2026", r"cards\.rsa_until: write a day"),
    ],
)
def test_a_mistake_in_the_environment_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, words: str
) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(SettingsError, match=words):
        load(write(tmp_path, KONNEKTOR))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = KONNEKTOR.replace("[contexts", 'short_timeout = "long"\npoll_interval = 0.1\n[contexts')
    with pytest.raises(SettingsError) as refused:
        load(write(tmp_path, text.replace('mandant = "m1"\n', "") + "[log]\nlevel = 3\n"))
    places = [line.split(": ")[1] for line in str(refused.value).splitlines()]
    assert places == [
        "log.level",
        "konnektors.k1.short_timeout",
        "konnektors.k1.poll_interval",
        "contexts.empfang.mandant",
    ]


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


def two_listening_at(place: str) -> str:
    first = KONNEKTOR.replace("[contexts", f'cetp_listen = "{place}"\n[contexts')
    return first + first.replace("k1", "k2").replace("empfang", "labor")


def test_free_ports_for_events_may_be_many(tmp_path: Path) -> None:
    assert set(load(write(tmp_path, two_listening_at("0.0.0.0:0"))).konnektors) == {"k1", "k2"}


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
        ("[listen]\ngrpc_port = true\n", r"listen\.grpc_port: write a whole number"),
        ("[listen]\nhost_names = 'box'\n", r"listen\.host_names: write a list"),
        ("[listen]\nsocket = 1\n", r"listen\.socket: write a path"),
        ("[listen]\nsocket_group = 1\n", r"listen\.socket_group: write text"),
        ("listen = 1\n", "listen: write a table"),
        (KONNEKTOR.replace("[contexts", "short_timeout = nan\n[contexts"), "short_timeout: write seconds"),
        (KONNEKTOR.replace('"m1"', f'"{"m" * 65}"'), r"mandant: write 1 to 64 characters"),
        (KONNEKTOR.replace('"m1"', '""'), r"mandant: write 1 to 64 characters"),
        (KONNEKTOR.replace('mandant = "m1"\n', ""), r"contexts\.empfang\.mandant: is missing"),
        (KONNEKTOR.replace("[contexts", 'trust_pin = "ab"\n[contexts'), r"trust_pin: write the SHA-256"),
        ('[log]\nlevel = "loud"\n', r"log\.level: choose one of debug, info"),
        ('[listen]\naddress = "box.lan"\n', r"listen\.address: write an IP address"),
        ('[listen]\naddress = ""\n', r"listen\.address: "),
        ('[listen]\nmdns_interface = "eth0"\n', r"listen\.mdns_interface: write an IP address"),
        (two_listening_at("0.0.0.0:7443"), r"konnektors\.k2\.cetp_listen: 0\.0\.0\.0:7443 is that of konnektors\.k1"),
        (KONNEKTOR + '[konnektors.k2]\nurl = "ftp://a"\ntrust_ca = "x"\n', r"konnektors\.k2\.url"),
    ],
)
def test_every_mistake_names_its_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load(write(tmp_path, text))


def test_a_context_may_say_which_terminals_its_workplace_needs(tmp_path: Path) -> None:
    said = 'local_terminals = ["kt-1"]\nremote_terminals = ["Labor", "kt-2"]\nremote_pin_terminal = "kt-1"\n'
    (found,) = contexts(load(write(tmp_path, KONNEKTOR + said))).values()
    assert (found.local_terminals, found.remote_terminals) == (("kt-1",), ("Labor", "kt-2"))
    assert found.remote_pin_terminal == "kt-1"
    with pytest.raises(SettingsError, match=r"contexts\.empfang\.local_terminals"):
        load(write(tmp_path, KONNEKTOR + 'local_terminals = [""]\n'))


def test_a_missing_file_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--config"):
        load(tmp_path / "absent.toml")


def test_settings_are_frozen(tmp_path: Path) -> None:
    settings = load(write(tmp_path, KONNEKTOR))
    with pytest.raises(FrozenInstanceError):
        settings.listen.grpc_port = 5  # type: ignore[misc]


def kon(folder: Path, name: str, **more: object) -> None:
    said = {"url": "https://10.0.0.7/kon8", "mandantId": "m1", "clientSystemId": "pvs", "workplaceId": name}
    credentials = {"type": "basic", "username": "u", "password": "p"}
    (folder / f"{name}.kon").write_text(json.dumps(said | {"credentials": credentials} | more), encoding="utf-8")


def test_a_kon_file_says_what_the_settings_do_not(tmp_path: Path) -> None:
    kon(tmp_path, "praxis", rewriteServiceEndpoints=True, expectedHost="k.example")
    kon(tmp_path, "zwei", clientSystemId="kim")
    text = """
[konnektors.k1]
kon = "praxis.kon"
poll_interval = 5
[konnektors.k2]
kon = "zwei.kon"
url = "https://10.0.0.8"
trust_ca = "ca.pem"
[contexts.zwei]
konnektor = "k1"
kon = "zwei.kon"
workplace = "Labor"
"""
    settings = load(write(tmp_path, text))
    first, second = settings.konnektors["k1"], settings.konnektors["k2"]
    assert (first.url, first.rewrite_endpoints, first.expected_name) == ("https://10.0.0.7/kon8", True, "k.example")
    assert first.kon == tmp_path / "praxis.kon"
    assert (second.url, second.trust_ca) == ("https://10.0.0.8", tmp_path / "ca.pem")
    contexts = {
        name: (one.konnektor, one.client_system, one.workplace) for name, one in sorted(settings.contexts.items())
    }
    assert contexts == {
        "k1": ("k1", "pvs", "praxis"),
        "k2": ("k2", "kim", "zwei"),
        "zwei": ("k1", "kim", "Labor"),
    }
    assert first.logins["kim"].kon == tmp_path / "zwei.kon", "another client system has its own login"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[konnektors.k1]\nkon = "none.kon"\n', r"konnektors\.k1\.kon: .*none\.kon cannot be read"),
        ('[konnektors.k1]\nkon = "broken.kon"\n', r"konnektors\.k1\.kon: .*broken\.kon: is no JSON"),
        ('[contexts.x]\nkonnektor = "k1"\nkon = "broken.kon"\n', r"contexts\.x\.kon: .*is no JSON"),
        ('[konnektors.k1]\nkon = "credential:k"\n', "name a file instead"),
        ("konnektors = 3\n", "konnektors"),
        ("[konnektors]\nk1 = 3\n", r"konnektors\.k1"),
        (KONNEKTOR.replace("[contexts", 'cetp_tls = false\ncetp_trust_ca = "x"\n[contexts'), "goes with cetp_tls"),
    ],
)
def test_a_kon_file_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    (tmp_path / "broken.kon").write_text("{", encoding="utf-8")
    with pytest.raises(SettingsError, match=words):
        load(write(tmp_path, text))


READERS = '[readers]\nenabled = true\n[contexts.labor]\nreaders = true\nmandant = "m1"\n'


def test_a_context_may_mean_the_readers_of_the_box(tmp_path: Path) -> None:
    settings = load(write(tmp_path, READERS))
    context = contexts(settings)["contexts/labor"]
    assert (context.at_readers, context.mandant, context.workplace) == (True, "m1", "")
    assert not settings.readers.laboratory.qes
    assert not settings.readers.laboratory.insurance_data


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (READERS + 'workplace = "w"\n', r"contexts\.labor: readers = true goes with mandant and purpose only"),
        (READERS + 'konnektor = "k1"\n', r"contexts\.labor: readers = true goes with mandant and purpose only"),
        (READERS.replace("enabled = true", "enabled = false"), r"contexts\.labor\.readers: write enabled = true"),
        (READERS.replace("readers = true\n", ""), r"contexts\.labor: konnektor is missing; or write readers = true"),
        ("[readers]\nlaboratories = true\n", r"readers\.laboratories: there is no such setting"),
    ],
)
def test_readers_and_konnektor_do_not_mix(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load(write(tmp_path, text))
