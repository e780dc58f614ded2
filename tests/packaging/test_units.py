"""Units, policies and rules are such as their readers take without a word."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

REPOSITORY = Path(__file__).parents[2]
PACKAGING = REPOSITORY / "packaging"
UNITS = ("systemd/mkv2castd.service", "systemd/mkv2castd.socket", "systemd/user/mkv2castd.service")
# "systemd-analyze security": ten times the exposure at which it fails, 2.0
THRESHOLD = 20

with_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


def _analyze(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


@with_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_has_nothing_to_say_about_a_unit(unit: str, tmp_path: Path) -> None:
    """An unknown key is a warning only, and no failure: so any word is one. The program is not installed here."""
    text = (PACKAGING / unit).read_text().replace("/usr/bin/mkv2castd", "/bin/true")
    copy = tmp_path / Path(unit).name
    copy.write_text(re.sub(r"^Documentation=.*\n", "", text, flags=re.MULTILINE))
    if copy.suffix == ".socket":
        (tmp_path / "mkv2castd.service").write_text("[Service]\nExecStart=/bin/true\n")
    scope = ["--user"] if "/user/" in unit else []
    ended = _analyze("verify", *scope, copy, XDG_RUNTIME_DIR=str(tmp_path))
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    ("where", "then"),
    [
        ("packaging/systemd/user/mkv2castd.service", "systemctl --user enable --now mkv2castd"),
        ("packaging/systemd/mkv2castd.socket", "systemctl enable --now mkv2castd.socket"),
        ("README.md", "systemctl --user enable --now mkv2castd"),
        ("README.md", "systemctl enable --now mkv2castd.socket"),
    ],
)
def test_who_takes_over_the_port_is_told_to_free_it_first(where: str, then: str) -> None:
    before, found, _ = (REPOSITORY / where).read_text().partition(then)
    assert found
    assert "systemctl disable --now mkv2castd" in before


@with_systemd
def test_the_service_is_confined_as_far_as_gpus_and_films_allow() -> None:
    ended = _analyze(
        *("security", "--offline=yes", f"--threshold={THRESHOLD}", "--no-pager"),
        PACKAGING / "systemd/mkv2castd.service",
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout


def test_the_bus_starts_the_unit_and_lets_nobody_else_have_the_name() -> None:
    parser = configparser.ConfigParser()
    parser.read(PACKAGING / "dbus/org.mkv2cast.Daemon1.service")
    assert parser["D-BUS Service"]["SystemdService"] == "mkv2castd.service"
    policy = ElementTree.parse(PACKAGING / "dbus/org.mkv2cast.Daemon1.conf")
    owners = [one.get("user") for one in policy.iter("policy") if one.find("allow[@own]") is not None]
    assert owners == ["mkv2castd"]


def test_polkit_lets_the_daemon_ask_about_each_kind_of_verb() -> None:
    policy = ElementTree.parse(PACKAGING / "polkit/org.mkv2cast.Daemon1.policy")
    actions = {action.get("id"): action for action in policy.iter("action")}
    assert set(actions) == {f"org.mkv2cast.Daemon1.manage-{kind}" for kind in ("jobs", "folders", "daemon")}
    for action in actions.values():
        owner = action.find("annotate[@key='org.freedesktop.policykit.owner']")
        assert owner is not None
        assert owner.text == "unix-user:mkv2castd"
        # nobody far away does anything unasked
        assert action.findtext("defaults/allow_any") == "auth_admin_keep"


def test_every_requirement_is_bundled_in_a_version_that_is_written_down() -> None:
    lines = (PACKAGING / "debian/bundled.txt").read_text().splitlines()
    assert lines == sorted(lines, key=str.lower)
    pinned = {line.split("==")[0].lower() for line in lines}
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[^A-Za-z0-9-]", line)[0].lower() for line in project["dependencies"]}
    assert wanted <= pinned, "run scripts/build-deb --lock"


def test_the_program_says_the_version_that_the_package_carries() -> None:
    from mkv2castd import __version__

    assert tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"] == __version__
