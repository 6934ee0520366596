"""deploy/install and deploy/uninstall on a folder that stands for the box."""

import subprocess
from pathlib import Path

import pytest

from kartenwart.settings import load
from tests.integration.deploy.conftest import CONFIGURED, Box

pytestmark = pytest.mark.xdist_group("deploy")

CONFIG = "/etc/kartenwart/kartenwart.toml"
WANTED = "/etc/systemd/system/multi-user.target.wants/kartenwart.service"
PLACED = (
    "/usr/local/lib/systemd/system/kartenwart.service",
    "/usr/local/lib/sysusers.d/kartenwart.conf",
    "/usr/local/lib/tmpfiles.d/kartenwart.conf",
    "/usr/local/bin/kartenwart",
    "/opt/kartenwart/current/bin/python",
    "/opt/kartenwart/current/share/uninstall",
    "/opt/kartenwart/current/share/kartenwart.example.toml",
    "/opt/kartenwart/current/share/operations.md",
)
KON = """{"url": "https://192.0.2.10", "mandantId": "m1", "clientSystemId": "kartenwart", "workplaceId": "empfang",
"credentials": {"type": "basic", "username": "kartenwart", "password": "geheim"}, "trustStore": ["MAA="]}"""
KEPT = ("/var/lib/kartenwart", "/var/lib/kartenwart-anchor")


def used(box: Box) -> None:
    """Leave what a running agent leaves."""
    for folder in KEPT:
        box.path(folder).mkdir(parents=True)
        (box.path(folder) / "data").write_text("audit")


def test_a_first_run_places_everything_and_switches_nothing_on(box: Box) -> None:
    said = box.install()

    assert said.status == 0, said.told
    assert [path for path in PLACED if not box.path(path).exists()] == []
    assert not box.path(WANTED).exists()
    assert "noch nicht eingerichtet" in said.told
    assert CONFIG in said.told


def test_owners_and_modes_keep_secrets_from_others(box: Box) -> None:
    box.install()

    assert box.mode("/etc/kartenwart") == "root:kartenwart 750"
    assert box.mode(CONFIG) == "root:kartenwart 640"
    assert box.mode("/etc/kartenwart/conf.d") == "root:kartenwart 750"
    assert box.mode("/etc/kartenwart/credentials") == "root:root 700"
    for path in PLACED[:3]:
        assert box.mode(path) == "root:root 644"
    account = next(line for line in box.path("/etc/passwd").read_text().splitlines() if line.startswith("kartenwart:"))
    assert account.endswith(":/usr/sbin/nologin")


def test_the_first_configuration_is_read_has_no_konnektor_and_holds_the_explained_one(box: Box) -> None:
    box.install()
    settings = load(box.path(CONFIG))

    assert (settings.konnektors, settings.contexts) == ({}, {})
    text = box.path(CONFIG).read_text()
    assert "\n#[konnektors.k1]\n" in text
    assert "\n#[contexts.empfang]\n" in text


def test_a_second_run_changes_nothing(box: Box) -> None:
    box.install()
    before = box.files()
    # What is copied again is the same: only the times of these may differ.
    copied = {str(box.path(path)) for path in PLACED[:4]}
    said = box.install()

    assert said.status == 0, said.told
    assert "baue" not in said.told
    after = box.files()
    assert {path for path in before | after if before.get(path) != after.get(path)} <= copied
    assert len(list(box.path("/opt/kartenwart").iterdir())) == 2


def test_a_written_configuration_stays_and_switches_the_service_on(box: Box) -> None:
    box.install()
    box.path(CONFIG).write_text(CONFIGURED)
    said = box.install()

    assert said.status == 0, said.told
    assert box.path(CONFIG).read_text() == CONFIGURED
    assert box.path(WANTED).is_symlink()
    assert "eingerichtet" in said.told


def test_a_wrong_configuration_is_named_before_anything_changes(box: Box) -> None:
    box.install()
    box.path(CONFIG).write_text(CONFIGURED.replace("workplace", "workplaze"))
    box.path(PLACED[0]).write_text("as it was")
    said = box.install()

    assert said.status == 1
    assert "contexts.empfang.workplaze" in said.told
    assert "Nichts ist geändert" in said.told
    assert box.path(PLACED[0]).read_text() == "as it was"
    assert not box.path(WANTED).exists()


def test_a_kon_file_that_lies_with_the_credentials_is_read_before_the_service_ever_ran(box: Box) -> None:
    box.install()
    box.path(CONFIG).write_text('[konnektors.k1]\nkon = "credential:konnektor_praxis.kon"\n')
    said = box.install()
    assert said.status == 1
    assert "konnektors.k1.kon: credential:konnektor_praxis.kon cannot be read" in said.told
    box.path("/etc/kartenwart/credentials/praxis.kon").write_text(KON)
    said = box.install()

    assert said.status == 0, said.told
    assert "eingerichtet" in said.told
    assert box.path(WANTED).is_symlink()


def test_an_older_state_is_replaced_and_cleared_away(box: Box) -> None:
    box.install()
    current = box.path("/opt/kartenwart/current")
    old = current.resolve().rename(current.parent / "0123456789ab")
    current.unlink()
    current.symlink_to(old.name)
    said = box.install()

    assert said.status == 0, said.told
    assert not old.exists()
    assert (current / "complete").exists()


def test_an_interrupted_build_is_begun_anew(box: Box) -> None:
    box.install()
    current = box.path("/opt/kartenwart/current")
    (current / "complete").unlink()
    (current / "bin" / "python").unlink()
    said = box.install()

    assert said.status == 0, said.told
    assert (current / "bin" / "python").exists()


@pytest.mark.parametrize("options", [("--nonsense",), ("--wheels",), ("--wheels", "/does/not/exist")])
def test_a_wrong_call_of_install_changes_nothing(box: Box, options: tuple[str, ...]) -> None:
    said = box.install(*options)

    assert said.status in {1, 2}
    assert list(box.root.iterdir()) == []


def test_uninstall_removes_the_service_and_keeps_audit_ca_and_configuration(box: Box) -> None:
    box.install()
    box.path(CONFIG).write_text(CONFIGURED)
    box.install()
    used(box)
    said = box.uninstall()

    assert said.status == 0, said.told
    assert [path for path in PLACED if box.path(path).exists()] == []
    assert not box.path(WANTED).is_symlink()
    assert not box.path("/opt/kartenwart").exists()
    assert box.path(CONFIG).read_text() == CONFIGURED
    for folder in KEPT:
        assert (box.path(folder) / "data").read_text() == "audit"
        assert str(box.path(folder)) in said.told
    assert "kartenwart:" in box.path("/etc/passwd").read_text()


def test_what_was_kept_is_found_again_by_the_next_installation(box: Box) -> None:
    box.install()
    box.path(CONFIG).write_text(CONFIGURED)
    used(box)
    box.uninstall()
    said = box.install()

    assert said.status == 0, said.told
    assert box.path(WANTED).is_symlink()
    assert box.mode(CONFIG) == "root:kartenwart 640"


@pytest.mark.parametrize("word", [(), ("ja",), ("",)])
def test_purge_asks_for_its_word(box: Box, word: tuple[str, ...]) -> None:
    box.install()
    used(box)
    said = box.uninstall("--purge", *word)

    assert said.status == 2
    assert "endgueltig" in said.told
    assert [path for path in (*PLACED, *KEPT, CONFIG) if not box.path(path).exists()] == []


def test_purge_removes_everything_and_the_user(box: Box) -> None:
    box.install()
    used(box)
    said = box.uninstall("--purge", "endgueltig")

    assert said.status == 0, said.told
    left = [str(path.relative_to(box.root)) for path in box.root.rglob("*kartenwart*")]
    assert left == []
    for file in ("passwd", "group"):
        assert "kartenwart" not in box.path(f"/etc/{file}").read_text()


def test_folders_at_places_of_ones_own_are_named_and_never_deleted(box: Box, tmp_path: Path) -> None:
    box.install()
    own = tmp_path / "anchor"
    own.mkdir()
    box.path(CONFIG).write_text(f'[box]\nanchor_directory = "{own}"\n' + CONFIGURED)
    said = box.uninstall("--purge", "endgueltig")

    assert said.status == 0, said.told
    assert str(own) in said.told
    assert own.is_dir()


def test_they_are_named_whatever_else_is_wrong_in_the_configuration(box: Box, tmp_path: Path) -> None:
    box.install()
    own = tmp_path / "state"
    own.mkdir()
    box.path(CONFIG).write_text(f'[box]\nstate_directory = "{own}"\n[konnektors.k1]\nkon = "none.kon"\n')
    (box.path(CONFIG).parent / "conf.d" / "broken.toml").write_text("[")
    said = box.uninstall()

    assert said.status == 0, said.told
    assert str(own) in said.told
    assert "broken.toml ist nicht lesbar" in said.told


def test_uninstalling_twice_is_no_error(box: Box) -> None:
    box.install()

    assert [box.uninstall().status, box.uninstall().status] == [0, 0]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_whole_installation_builds_an_environment_that_runs(box: Box) -> None:
    """Pinned packages with their hashes from the index that pip is told to use, as on a box."""
    box.options = ()
    said = box.install()
    assert said.status == 0, said.told
    python = box.path("/opt/kartenwart/current/bin/python")

    def ran(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([python, "-I", *words], capture_output=True, text=True, check=False, timeout=60)

    assert "agent" in ran("-m", "kartenwart", "--help").stdout
    assert ran("-c", "import pip").returncode != 0, "pip stayed behind"
    where = ran("-c", "import kartenwart.app; print(kartenwart.app.__file__)").stdout
    assert where.startswith(str(python.parents[1].resolve().parent)), "it runs the checkout, not the installed copy"
    load(box.path(CONFIG))
