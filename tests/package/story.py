"""The life of the package on a machine, in chapters that build on each other: installed, at work, interrupted in
every way, upgraded, purged."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clips import make_clip
from tests.package.machine import UNIT, Machine, Packages, until
from tests.trouble import slow_film

FILMS = "/srv/films"
BUS = ("org.mkv2cast.Daemon1", "/org/mkv2cast/Daemon1", "org.mkv2cast.Daemon1.Manager")


def install(machine: Machine, package: Path) -> None:
    shutil.copy(package, machine.path("/root"))
    machine.run("dpkg", "--install", f"/root/{package.name}", timeout=120)


def drop(machine: Machine, film: Path) -> None:
    """As a person does: under another name first."""
    shutil.copy(film, machine.path(f"{FILMS}/.{film.name}.part"))
    machine.path(f"{FILMS}/.{film.name}.part").rename(machine.path(f"{FILMS}/{film.name}"))


def begin_slow_film(machine: Machine, films: Path, name: str, seconds: int = 40) -> None:
    drop(machine, slow_film(films / name, seconds))
    until(machine.encodes, what="its encode begins")


def finished(machine: Machine, name: str) -> bool:
    job = machine.job(name)
    assert job is None or job["status"] not in ("failed", "cancelled"), job
    return job is not None and job["status"] == "completed"


def active(machine: Machine) -> bool:
    return machine.show("ActiveState") == "active"


def forgive(machine: Machine) -> None:
    """What has been started and restarted so far does not count towards the limit."""
    machine.systemctl("reset-failed", UNIT, check=False)


# Installed


def test_it_installs_and_serves_at_once(machine: Machine, packages: Packages) -> None:
    machine.run("useradd", "--create-home", "ada")
    install(machine, packages.first)
    assert active(machine)
    assert machine.show("StatusText") == "nothing to convert"
    assert machine.says("systemctl", "is-enabled", UNIT) == "enabled"
    assert machine.ask("/healthz")["ok"] is True
    assert {"render", "video"} <= set(machine.says("id", "-nG", "mkv2castd").split())


def test_its_configuration_is_a_comment_from_end_to_end(machine: Machine) -> None:
    text = machine.path("/etc/mkv2castd/config.toml").read_text()
    settings = [line for line in text.splitlines() if line and not line.startswith(("#", "["))]
    assert settings == []
    assert "/etc/mkv2castd/config.toml" in machine.says(
        "dpkg-query", "--show", "--showformat=${Conffiles}", "mkv2castd"
    )


def test_a_folder_that_is_not_opened_is_told_with_the_command_that_opens_it(machine: Machine) -> None:
    machine.run("install", "-d", "-o", "mkv2castd", FILMS)
    machine.write("/etc/mkv2castd/conf.d/films.toml", f'[queue]\nmin_free_gib = 0\n[[folder]]\npath = "{FILMS}"\n')
    told = machine.run("mkv2castd", "check", check=False)
    assert f"mkv2castd folder-access {FILMS}" in told.stdout + told.stderr
    done = machine.says("mkv2castd", "folder-access", FILMS)
    assert "restarted" in done
    assert "may not write" not in done
    told = machine.run("mkv2castd", "check", check=False)
    assert "folder-access" not in told.stdout + told.stderr


def test_an_ordinary_user_opens_no_folder(machine: Machine) -> None:
    assert machine.run("mkv2castd", "folder-access", "/home/ada", user="ada", check=False).returncode == 5


# At work


def test_a_film_that_is_dropped_comes_out(machine: Machine, tmp_path: Path) -> None:
    drop(machine, make_clip(tmp_path / "first.mkv", audio=("ac3",)))
    until(lambda: finished(machine, "first.mkv"))
    told = machine.says(
        "ffprobe", "-v", "error", "-show_entries", "stream=codec_name", f"{FILMS}/first_chromecast.mkv"
    )
    assert "codec_name=aac" in told


def test_a_home_is_open_where_it_was_opened_and_nowhere_else(machine: Machine) -> None:
    machine.run("install", "-d", "-o", "mkv2castd", "/home/ada/my films")
    machine.run("mkv2castd", "folder-access", "/home/ada/my films")
    until(lambda: active(machine))
    inside = ("nsenter", "-t", str(machine.main_pid()), "-m", "setpriv", "--reuid=mkv2castd", "--clear-groups")
    assert machine.says(*inside, "ls", "-A", "/home/ada") == "my films"
    machine.run(*inside, "touch", "/home/ada/my films/x")
    assert machine.run(*inside, "touch", "/var/tmp/../lib/dpkg/x", check=False).returncode != 0
    machine.run("mkv2castd", "folder-access", "--remove", "/home/ada/my films")
    forgive(machine)


def test_a_reload_with_a_mistake_in_the_configuration_is_refused_and_nothing_changes(machine: Machine) -> None:
    machine.write("/etc/mkv2castd/conf.d/wrong.toml", "[queue]\nretries = -1\n")
    assert machine.systemctl("reload", UNIT, check=False).returncode != 0
    assert "queue.retries" in machine.journal()
    assert active(machine)
    machine.path("/etc/mkv2castd/conf.d/wrong.toml").unlink()
    machine.systemctl("reload", UNIT)
    until(lambda: "configuration read anew" in machine.journal())
    until(lambda: active(machine))


# On the bus


@pytest.fixture
def bus(machine: Machine) -> tuple[str, ...]:
    told = machine.run("busctl", "get-property", *BUS, "Version", check=False)
    assert told.returncode == 0, f"{told.stderr}{machine.journal()}"
    return BUS


def test_an_ordinary_user_is_told_everything(machine: Machine, bus: tuple[str, ...]) -> None:
    version = machine.says("busctl", "get-property", *bus, "Version", user="ada")
    assert version == f's "{machine.says("mkv2castd", "--version").split()[-1]}"'
    service, path, interface = bus
    call = ("gdbus", "call", "--system", "--dest", service, "--object-path", path, "--method")
    assert "first.mkv" in machine.says(*call, f"{interface}.ListJobs", "{}", user="ada")
    objects = machine.says(*call, "org.freedesktop.DBus.ObjectManager.GetManagedObjects", user="ada")
    assert f"{path}/devices/cpu" in objects


def test_an_ordinary_user_changes_nothing_and_root_and_the_group_do(machine: Machine, bus: tuple[str, ...]) -> None:
    refused = machine.run("busctl", "call", *bus, "PauseQueue", user="ada", check=False)
    assert refused.returncode != 0
    assert machine.says("busctl", "get-property", *bus, "Paused", user="ada") == "b false"
    machine.run("busctl", "call", *bus, "PauseQueue")
    assert machine.says("busctl", "get-property", *bus, "Paused", user="ada") == "b true"
    machine.run("useradd", "--groups", "mkv2cast", "bob")
    machine.run("busctl", "call", *bus, "ResumeQueue", user="bob")
    assert machine.says("busctl", "get-property", *bus, "Paused", user="ada") == "b false"


def test_mkv2castctl_is_there_for_everybody_and_obeys_those_who_may(machine: Machine, bus: tuple[str, ...]) -> None:
    assert "first.mkv" in machine.says("mkv2castctl", "jobs", user="ada")
    assert machine.run("mkv2castctl", "pause", "--all", user="ada", check=False).returncode == 5
    machine.run("mkv2castctl", "pause", "--all")
    until(lambda: machine.show("StatusText") == "nothing to convert; paused")
    machine.run("mkv2castctl", "resume", "--all", user="bob")


def test_nobody_else_can_be_the_daemon(machine: Machine) -> None:
    machine.systemctl("stop", UNIT)
    request = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName", "su")
    taken = machine.run("busctl", "call", *request, BUS[0], "0", user="ada", check=False)
    assert "Access denied" in taken.stderr
    forgive(machine)
    machine.systemctl("start", UNIT)


# Interrupted


def test_an_encode_is_held_to_its_limits(machine: Machine, tmp_path: Path) -> None:
    begin_slow_film(machine, tmp_path, "slow.mkv")
    (encode,) = machine.encodes()
    about = f"/proc/{encode}"
    assert "NoNewPrivs:\t1" in machine.says("cat", f"{about}/status")
    urgency = [int(machine.says("ps", "-o", "ni=", "-p", str(pid))) for pid in (machine.main_pid(), encode)]
    assert urgency[1] == min(19, urgency[0] + 10)
    assert machine.says("ionice", "-p", str(encode)) == "idle"
    assert machine.says("cat", f"{about}/cgroup").endswith(f"{UNIT}/ffmpeg")
    assert machine.says("cat", f"/proc/{machine.main_pid()}/cgroup").endswith(f"{UNIT}/daemon")
    assert machine.says("readlink", f"{about}/ns/net") != machine.says("readlink", "/proc/1/ns/net")


def test_a_stop_in_mid_encode_leaves_nothing_running(machine: Machine) -> None:
    machine.systemctl("stop", UNIT)
    assert machine.show("Result") == "success"
    assert machine.run("pgrep", "-u", "mkv2castd", check=False).stdout == ""
    assert not list(machine.path(FILMS).glob(".*slow*")), "no temporary"
    forgive(machine)
    machine.systemctl("start", UNIT)
    until(machine.encodes, what="the encode begins again")


def test_a_daemon_that_is_killed_is_started_again_and_its_encode_dies_with_it(machine: Machine) -> None:
    (encode,) = machine.encodes()
    before = machine.main_pid()
    machine.systemctl("kill", "--kill-whom=main", "--signal=KILL", UNIT)
    until(lambda: active(machine) and machine.main_pid() not in (0, before), what="started again")
    assert encode not in machine.encodes()
    until(machine.encodes, what="the encode begins again")


def test_a_daemon_that_stands_still_is_started_again(machine: Machine) -> None:
    forgive(machine)
    machine.write(f"/etc/systemd/system/{UNIT}.d/watchdog.conf", "[Service]\nWatchdogSec=4\nRestartSec=0\n")
    machine.systemctl("daemon-reload")
    machine.systemctl("restart", UNIT)
    before = machine.main_pid()
    machine.systemctl("kill", "--kill-whom=main", "--signal=STOP", UNIT)
    until(lambda: "watchdog" in machine.journal().lower(), what="the watchdog bites")
    until(lambda: active(machine) and machine.main_pid() not in (0, before), what="started again")


def test_a_daemon_whose_store_stands_still_is_started_again(machine: Machine) -> None:
    forgive(machine)
    until(machine.encodes, what="the encode begins again")
    before, bites = machine.main_pid(), machine.journal().count("Watchdog timeout")
    connection = sqlite3.connect(machine.path("/var/lib/mkv2castd/mkv2castd.sqlite"), isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        until(lambda: machine.journal().count("Watchdog timeout") > bites, what="the watchdog bites")
        assert "no sign of life of the store" in machine.journal()
        connection.execute("ROLLBACK")
    finally:
        connection.close()
    until(lambda: active(machine) and machine.main_pid() not in (0, before), what="started again")
    machine.path(f"/etc/systemd/system/{UNIT}.d/watchdog.conf").unlink()
    machine.systemctl("daemon-reload")


def test_after_all_that_the_film_is_finished(machine: Machine) -> None:
    until(lambda: finished(machine, "slow.mkv"), 200)
    assert machine.path(f"{FILMS}/slow_chromecast.mkv").exists()


def test_a_request_starts_a_daemon_that_waits_behind_its_socket(machine: Machine) -> None:
    forgive(machine)
    machine.systemctl("stop", UNIT)
    machine.systemctl("start", "mkv2castd.socket")
    assert not active(machine)
    assert machine.ask("/healthz")["ok"] is True
    until(lambda: active(machine))
    machine.systemctl("stop", "mkv2castd.socket", UNIT)
    forgive(machine)
    machine.systemctl("start", UNIT)


# Upgraded


@pytest.fixture
def onlooker(machine: Machine) -> Iterator[str]:
    """Somebody who watches all jobs, as a unit of the machine's; its name."""
    name = "onlooker.service"
    machine.run("systemd-run", "--collect", f"--unit={name}", "mkv2castctl", "watch")
    yield name
    machine.systemctl("stop", name, check=False)


def test_an_upgrade_in_mid_encode_keeps_configuration_folders_and_film(
    machine: Machine, packages: Packages, tmp_path: Path, onlooker: str
) -> None:
    forgive(machine)
    config = machine.path("/etc/mkv2castd/config.toml")
    config.write_text(config.read_text() + "\n# mine\n")
    begin_slow_film(machine, tmp_path, "upgraded.mkv", 20)
    until(lambda: "upgraded.mkv" in machine.journal(onlooker), what="it is looked on")
    before, started, socket = machine.main_pid(), machine.starts(), machine.socket_state()
    install(machine, packages.newer)
    assert active(machine)
    assert machine.main_pid() != before
    assert machine.socket_state() == socket
    assert "it is waited for" in machine.journal(onlooker)
    assert machine.starts() == started + 1, "whoever looks on does not bring back the old one"
    assert config.read_text().endswith("# mine\n")
    until(lambda: finished(machine, "upgraded.mkv"), 200)
    assert finished(machine, "first.mkv")


def test_after_an_upgrade_the_newer_package_is_there_and_runs(machine: Machine, packages: Packages) -> None:
    first, newer = (
        machine.says("dpkg-deb", "--field", f"/root/{package.name}", "Version")
        for package in (packages.first, packages.newer)
    )
    assert first != newer
    assert machine.says("dpkg-query", "--show", "--showformat=${Version}", "mkv2castd") == newer
    # a revision of the package is none of the program's
    version = newer.partition("+")[0]
    assert machine.says("mkv2castd", "--version").split()[-1] == version
    assert machine.says("busctl", "get-property", *BUS, "Version") == f's "{version}"'


# Gone


def test_removed_and_purged_it_leaves_the_films_and_nothing_else(machine: Machine) -> None:
    machine.run("dpkg", "--remove", "mkv2castd")
    assert machine.run("pgrep", "-u", "mkv2castd", check=False).stdout == ""
    assert machine.path("/etc/mkv2castd/config.toml").exists(), "configuration stays until it is purged"
    assert not list(machine.path("/usr/lib").glob("mkv2castd*"))
    machine.run("dpkg", "--purge", "mkv2castd")
    places = ("/etc", "/lib", "/usr", "/var", "/run", "/home", "/opt")
    found = machine.says("find", *places, "-xdev", "-iname", "*mkv2cast*").splitlines()
    # where each deb is kept on its way is apt's, what a person wrote is theirs
    left = [path for path in found if not path.startswith(("/var/log", "/etc/mkv2castd"))]
    assert left == []
    assert [path.name for path in machine.path("/etc/mkv2castd").rglob("*") if path.is_file()] == ["films.toml"]
    assert machine.path(f"{FILMS}/slow_chromecast.mkv").exists()
    failed = machine.says("systemctl", "--failed", "--plain", "--no-legend")
    assert "mkv2cast" not in failed
