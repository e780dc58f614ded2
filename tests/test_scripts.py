"""scripts/run on machines of every kind: what it installs, what it says, and how quick it is the second time.

The machine is a folder of programs: the real small tools, and stand-ins for apt-get, sudo, python3, ffmpeg and id
that write down how they were called.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
TOOLS = (
    *("bash", "cat", "chmod", "cp", "cut", "dirname", "env", "flock", "mkdir", "readlink", "rm", "setpriv", "sh"),
    *("sha256sum", "sleep", "tr", "true"),
)

PYTHON = """#!/bin/sh
# python3, and the python of the environments that it makes
echo "python3 $*" >> "$CALLS"
case "$1 $2" in
"-c "*) exit ${PYTHON_TOO_OLD:-0} ;;
"-m venv") mkdir -p "$5/bin" && cp "$0" "$5/bin/python" ;;
"-m pip")
    [ "$3" = install ] || exit 0
    sleep ${PIP_SECONDS:-0}
    [ -z "$PIP_FAILS" ] || exit 1
    printf '#!/bin/sh\\necho "mkv2castd $*"; pwd\\n' > "${0%/*}/mkv2castd"
    chmod +x "${0%/*}/mkv2castd"
    ;;
esac
"""
APT = """#!/bin/sh
echo "apt-get $*" >> "$CALLS"
case "$*" in
*install*) [ -z "$APT_FAILS" ] || exit 100; for name in ffmpeg ffprobe; do cp "${0%/*}/sh" "${0%/*}/$name"; done ;;
esac
"""
SUDO = """#!/bin/sh
echo "sudo $*" >> "$CALLS"
[ -z "$SUDO_ASKS" ] || exit 1
shift
exec "$@"
"""


@dataclass
class Machine:
    """A fresh clone and the programs that are installed. `calls` holds what was called, without the probing."""

    clone: Path
    programs: Path
    home: Path

    def install(self, name: str, script: str = "#!/bin/sh\n") -> None:
        file = self.programs / name
        file.write_text(script)
        file.chmod(0o755)

    def environment(self, **more: str) -> dict[str, str]:
        return {"PATH": str(self.programs), "HOME": str(self.home), "CALLS": str(self.home / "calls"), **more}

    def run(self, *arguments: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.clone / "scripts/run", *arguments],
            env=self.environment(**more),
            cwd=cwd or self.home,
            capture_output=True,
            text=True,
            timeout=90,
            stdin=subprocess.DEVNULL,
        )

    @property
    def calls(self) -> list[str]:
        file = self.home / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line for line in lines if not line.startswith(("python3 -c", "python3 -m pip --version"))]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """ffmpeg and Python are there; the user is nobody special."""
    machine = Machine(tmp_path / 'a clone\'s "place"', tmp_path / "programs", tmp_path / "home")
    for folder in (machine.clone, machine.programs, machine.home):
        folder.mkdir()
    shutil.copytree(REPOSITORY / "scripts", machine.clone / "scripts")
    shutil.copy(REPOSITORY / "pyproject.toml", machine.clone)
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (machine.programs / tool).symlink_to(found)
    machine.install("python3", PYTHON)
    machine.install("ffmpeg")
    machine.install("ffprobe")
    user(machine, 1000)
    return machine


def user(machine: Machine, number: int) -> None:
    machine.install("id", f"#!/bin/sh\necho {number}\n")


def without_ffmpeg(machine: Machine) -> None:
    (machine.programs / "ffmpeg").unlink()
    (machine.programs / "ffprobe").unlink()


def test_where_nothing_is_missing_nothing_is_installed_and_no_root_is_needed(machine: Machine) -> None:
    done = machine.run("films")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["mkv2castd run films", str(machine.home)]
    assert machine.calls == [
        f"python3 -m venv --clear -- {machine.clone}/.venv",
        f"python3 -m pip install --quiet --disable-pip-version-check --editable {machine.clone}",
    ]


@pytest.mark.parametrize("name", ["-rf", "a b", "a\nb", "'\"$HOME`id`", "*", os.fsdecode(b"caf\xe9")])
def test_a_folder_may_have_any_name(machine: Machine, name: str) -> None:
    (machine.home / name).mkdir()
    done = subprocess.run(
        [machine.clone / "scripts/run", "--", name],
        env=machine.environment(),
        cwd=machine.home,
        capture_output=True,
        timeout=90,
    )
    assert done.stdout == os.fsencode(f"mkv2castd run -- {name}\n{machine.home}\n")


@pytest.mark.alone
def test_a_second_run_does_nothing_but_start(machine: Machine) -> None:
    machine.run("films")
    before = machine.calls
    start = time.perf_counter()
    assert machine.run("films").returncode == 0
    assert time.perf_counter() - start < 1
    assert machine.calls == before


def test_new_requirements_are_installed_into_the_same_environment(machine: Machine) -> None:
    machine.run("films")
    before = len(machine.calls)
    with (machine.clone / "pyproject.toml").open("a") as stream:
        stream.write("# changed\n")
    machine.run("films")
    assert [call.split()[2:4] for call in machine.calls[before:]] == [["pip", "install"]]


def test_a_clone_that_was_moved_is_set_up_again(machine: Machine) -> None:
    machine.run("films")
    before = len(machine.calls)
    machine.clone = machine.clone.rename(machine.clone.with_name("moved"))
    assert machine.run("films").returncode == 0
    assert len(machine.calls) > before


def test_two_runs_at_once_set_up_once(machine: Machine) -> None:
    both = [
        subprocess.Popen(
            [machine.clone / "scripts/run", "films"],
            env=machine.environment(PIP_SECONDS="0.5"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for one in both:
        out, err = one.communicate(timeout=90)
        assert (one.returncode, out.splitlines()[:1]) == (0, [b"mkv2castd run films"]), err
    assert len([call for call in machine.calls if "pip install" in call]) == 1


def test_a_set_up_that_failed_is_tried_again(machine: Machine) -> None:
    failed = machine.run("films", PIP_FAILS="1")
    assert failed.returncode == 2
    assert "Is the network there?" in failed.stderr
    assert machine.run("films").returncode == 0


def test_it_can_be_called_through_a_link_from_anywhere(machine: Machine, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(machine.clone / "scripts/run")
    done = subprocess.run(
        [link, "films"], env=machine.environment(), cwd="/", capture_output=True, text=True, timeout=90
    )
    assert done.stdout.splitlines() == ["mkv2castd run films", "/"]


class TestMissingPrograms:
    def test_root_gets_them_installed(self, machine: Machine) -> None:
        without_ffmpeg(machine)
        user(machine, 0)
        machine.install("apt-get", APT)
        done = machine.run("films")
        assert done.returncode == 0, done.stderr
        assert [call.split()[-2:] for call in machine.calls[:2]] == [
            ["DPkg::Lock::Timeout=300", "update"],
            ["--no-install-recommends", "ffmpeg"],
        ]

    def test_a_user_with_sudo_that_does_not_ask_gets_them_installed(self, machine: Machine) -> None:
        without_ffmpeg(machine)
        machine.install("apt-get", APT)
        machine.install("sudo", SUDO)
        assert machine.run("films").returncode == 0
        assert any(call.startswith("sudo -n env DEBIAN_FRONTEND=noninteractive apt-get") for call in machine.calls)

    @pytest.mark.parametrize("sudo", ["none", "asks for a password"])
    def test_anyone_else_is_told_what_to_install(self, machine: Machine, sudo: str) -> None:
        without_ffmpeg(machine)
        machine.install("apt-get", APT)
        if sudo != "none":
            machine.install("sudo", SUDO)
        done = machine.run("films", SUDO_ASKS="1")
        assert done.returncode == 2
        assert "    apt-get install ffmpeg" in done.stderr.splitlines()
        assert not any(call.startswith("apt-get") for call in machine.calls)

    def test_a_system_without_apt_is_told_what_is_missing(self, machine: Machine) -> None:
        without_ffmpeg(machine)
        user(machine, 0)
        done = machine.run("films")
        assert done.returncode == 2
        assert "needed: ffmpeg" in done.stderr

    def test_a_failing_installation_is_said_to_have_failed(self, machine: Machine) -> None:
        without_ffmpeg(machine)
        user(machine, 0)
        machine.install("apt-get", APT)
        done = machine.run("films", APT_FAILS="1")
        assert done.returncode == 2
        assert "Installing failed" in done.stderr

    def test_an_old_python_is_told(self, machine: Machine) -> None:
        if Path("/usr/bin/python3").exists():
            pytest.skip("the system's own Python would be taken")
        done = machine.run("films", PYTHON_TOO_OLD="1")
        assert done.returncode == 2
        assert "python3-venv" in done.stderr


class TestWhatTheTestDriverIsBuiltWith:
    """/usr/include is the machine's own: whether libc6-dev is asked for is not looked at."""

    def missing(self, machine: Machine) -> set[str]:
        asked = subprocess.run(
            ["bash", "-c", '. "$0" && missing_packages driver', machine.clone / "scripts/_setup.sh"],
            env=machine.environment(),
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert (asked.returncode, asked.stderr) == (0, "")
        return set(asked.stdout.split()) - {"libc6-dev"}

    def test_all_of_it_is_asked_for_where_there_is_no_compiler(self, machine: Machine) -> None:
        assert self.missing(machine) == {"gcc", "pkg-config", "libva-dev", "libx264-dev", "libdrm-dev"}

    def test_a_library_is_asked_for_by_the_name_of_its_package(self, machine: Machine) -> None:
        machine.install("gcc")
        machine.install("pkg-config", '#!/bin/sh\n[ "$2" != x264 ]\n')
        assert self.missing(machine) == {"libx264-dev"}
        machine.install("pkg-config")
        assert self.missing(machine) == set()


def test_the_self_test_of_cards_sets_itself_up_and_takes_nothing_from_where_it_is_called(machine: Machine) -> None:
    (machine.home / "tests").mkdir()
    done = subprocess.run(
        [machine.clone / "scripts/test-gpu", "--node", "gpu/renderD129"],
        env=machine.environment(),
        cwd=machine.home,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert [call.split()[2] for call in machine.calls[:2]] == ["venv", "pip"]
    assert machine.calls[2:] == ["python3 -P -m tests.gpu --node gpu/renderD129"]


class TestWithoutAFolder:
    def test_usage_is_shown_before_anything_is_installed(self, machine: Machine) -> None:
        done = machine.run()
        assert done.returncode == 2
        assert done.stderr.startswith("usage: scripts/run")
        assert machine.calls == []

    def test_help_is_a_result_and_no_error(self, machine: Machine) -> None:
        done = machine.run("--help")
        assert done.returncode == 0
        assert done.stdout.startswith("usage: scripts/run")

    @pytest.mark.parametrize("file", ["config.toml", "conf.d/10-films.toml"])
    def test_a_configuration_is_enough(self, machine: Machine, file: str) -> None:
        path = machine.home / ".config/mkv2castd" / file
        path.parent.mkdir(parents=True)
        path.touch()
        done = machine.run()
        assert done.stdout.splitlines()[0] == "mkv2castd run"

    def test_a_configuration_may_lie_elsewhere(self, machine: Machine, tmp_path: Path) -> None:
        (tmp_path / "xdg/mkv2castd").mkdir(parents=True)
        (tmp_path / "xdg/mkv2castd/config.toml").touch()
        assert machine.run(XDG_CONFIG_HOME=str(tmp_path / "xdg")).returncode == 0


@pytest.mark.parametrize(
    "script",
    [
        "scripts/run",
        "scripts/test",
        "scripts/check",
        "scripts/bench",
        "scripts/test-gpu",
        "scripts/dbus-docs",
        ".ci/run",
    ],
)
def test_the_scripts_can_be_executed_and_read_well(script: str) -> None:
    file = REPOSITORY / script
    assert os.access(file, os.X_OK)
    subprocess.run(["bash", "-n", file], check=True, timeout=90)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_clone_of_somebody_else_is_told_so(machine: Machine) -> None:
    machine.clone.chmod(0o500)
    done = machine.run("films")
    machine.clone.chmod(0o700)
    assert done.returncode == 2
    assert "a folder of your own" in done.stderr
