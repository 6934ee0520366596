"""Readers at the box: what deploy/install places for them, and what its rules let the service do."""

import json
import re
import shutil
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.integration.deploy.conftest import Box
from tests.integration.deploy.test_unit import complaints, exposure
from tests.lacking import lacking
from tests.processes import REPOSITORY

pytestmark = pytest.mark.xdist_group("deploy")

READERS = REPOSITORY / "deploy" / "readers"
PLACED = (
    "/usr/local/lib/systemd/system/kartenwart.service.d/50-readers.conf",
    "/usr/local/lib/udev/rules.d/70-kartenwart.rules",
    "/etc/polkit-1/rules.d/50-kartenwart.rules",
)
MOST_EXPOSURE_WITH_READERS = 1.7
ASKED = """
const rules = [];
const polkit = {Result: {YES: "yes", NOT_HANDLED: null}, addRule: (rule) => rules.push(rule)};
eval(require("fs").readFileSync(process.argv[1], "utf8"));
const asked = JSON.parse(process.argv[2]);
console.log(JSON.stringify(asked.map(([id, user]) => rules[0]({id}, {user}))));
"""


def there(box: Box) -> list[str]:
    return [path for path in PLACED if box.path(path).exists()]


def test_readers_are_only_where_they_are_wished_and_stay_so(box: Box) -> None:
    box.install()
    assert there(box) == []
    said = box.install("--readers", "yes")
    assert said.status == 0, said.told
    assert there(box) == list(PLACED)
    assert {box.mode(path) for path in PLACED} == {"root:root 644"}
    said = box.install()
    assert "baue" not in said.told
    assert there(box) == list(PLACED)
    box.install("--readers", "no")
    assert there(box) == []
    assert not box.path(PLACED[0]).parent.exists()


def test_a_changed_rule_comes_with_the_next_run(box: Box) -> None:
    box.install("--readers", "yes")
    box.path(PLACED[2]).write_text("// of yesterday\n")
    box.install()

    assert box.path(PLACED[2]).read_text() == (READERS / "polkit.rules").read_text()


@pytest.mark.parametrize("word", [(), ("perhaps",), ("",)])
def test_another_word_changes_nothing(box: Box, word: tuple[str, ...]) -> None:
    assert box.install("--readers", *word).status == 2
    assert not box.root.exists() or list(box.root.iterdir()) == []


def test_uninstall_takes_the_rules_and_leaves_those_of_others(box: Box) -> None:
    box.install("--readers", "yes")
    other = box.path(PLACED[2]).with_name("40-other.rules")
    other.write_text("// another's")
    said = box.uninstall()

    assert said.status == 0, said.told
    assert there(box) == []
    assert other.exists()


def with_drop_in(unit: Path, place: Path) -> Path:
    folder = place / f"{unit.name}.d"
    folder.mkdir()
    shutil.copy(READERS / "kartenwart.conf", folder)
    return unit


def test_systemd_knows_the_drop_in(unit: Path, tmp_path: Path) -> None:
    assert complaints(with_drop_in(unit, tmp_path), tmp_path) == ""


def test_with_readers_the_unit_stays_locked_in(unit: Path, tmp_path: Path) -> None:
    service = (READERS / "kartenwart.conf").read_text().partition("[Service]\n")[2]
    joined = tmp_path / unit.name
    joined.write_text(unit.read_text().replace("\n[Install]", f"\n{service}\n[Install]"))

    assert exposure(unit) < exposure(joined) <= MOST_EXPOSURE_WITH_READERS


def test_the_service_waits_for_the_socket_and_needs_it_not(unit: Path) -> None:
    lines = (READERS / "kartenwart.conf").read_text().splitlines()

    assert {"Wants=pcscd.socket", "After=pcscd.socket"} <= set(lines)
    assert not [line for line in lines if line.startswith(("Requires=", "BindsTo="))]


def test_polkit_is_told_to_let_the_user_of_the_service_reach_readers_and_nobody_else(unit: Path) -> None:
    node = shutil.which("node") or lacking("needs node: polkit's rules are JavaScript")
    user = next(line for line in unit.read_text().splitlines() if line.startswith("User=")).removeprefix("User=")
    pcsc, card = "org.debian.pcsc-lite.access_pcsc", "org.debian.pcsc-lite.access_card"
    asked = [(pcsc, user), (card, user), (pcsc, "nobody"), (card, "root"), ("org.freedesktop.login1.reboot", user)]
    done = subprocess.run(
        [node, "-e", ASKED, READERS / "polkit.rules", json.dumps(asked)], capture_output=True, text=True, check=True
    )

    assert json.loads(done.stdout) == ["yes", "yes", None, None, None]


@pytest.mark.parametrize(
    ("interfaces", "reader"),
    [
        (":0b0000:", True),
        (":030101:0b0000:", True),  # a keyboard with a slot for cards
        (":0b0000:0b0000:", True),
        (":080650:", False),
        (":030b01:", False),
    ],
)
def test_the_udev_rule_means_card_readers(interfaces: str, reader: bool) -> None:
    (rule,) = [line for line in (READERS / "udev.rules").read_text().splitlines() if not line.startswith("#")]
    pattern = re.search(r'ENV\{ID_USB_INTERFACES\}=="([^"]+)"', rule)

    assert pattern
    assert fnmatchcase(interfaces, pattern[1]) is reader
    assert not re.search(r"\b(GROUP|OWNER|MODE)\b", rule)  # pcscd's own access stays
