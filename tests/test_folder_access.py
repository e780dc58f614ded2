"""Media folders are opened to the service and closed again, and what was done is told."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mkv2castd import drop_in, folder_access
from mkv2castd.check_service import service_findings
from mkv2castd.config import Config, FolderConfig
from mkv2castd.errors import ErrorCode, Mkv2castdError
from mkv2castd.finding import Finding, Level
from mkv2castd.folder_access import Wish, change, is_denied, opened

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root opens folders")
Systemd = Callable[[], list[str]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mkv2castd.service.d" / "50-folders.conf"


@pytest.fixture(autouse=True)
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Systemd:
    """In the place of systemd's own: what it was asked; it says what lies in the file `said`. The machine's own
    service is none of a test's business."""
    programs, asked, said = tmp_path / "programs", tmp_path / "asked", tmp_path / "said"
    programs.mkdir()
    said.touch()
    (programs / "systemctl").write_text(f'#!/bin/sh\necho "$*" >>{asked}\ncat {said}\n')
    (programs / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return lambda: asked.read_text().splitlines() if asked.exists() else []


@as_root
def test_a_folder_is_opened_and_closed_again(films: Path, file: Path) -> None:
    done = change(Wish((films,)), file)
    assert done[:2] == [f"opened: {films}", f"written: {file}"]
    assert opened(file) == (films,)
    done = change(Wish((films,), remove=True), file)
    assert done[:2] == [f"closed: {films}", f"removed: {file}"]
    assert not file.exists()


@as_root
def test_those_that_were_open_stay_open_and_a_link_is_followed(films: Path, tmp_path: Path, file: Path) -> None:
    other, link = tmp_path / "other", tmp_path / "link"
    other.mkdir()
    link.symlink_to(other)
    change(Wish((films,)), file)
    change(Wish((link,)), file)
    assert opened(file) == tuple(sorted((films, other)))


@as_root
def test_where_all_is_open_already_nothing_is_done(films: Path, file: Path, systemctl: Systemd) -> None:
    change(Wish((films,)), file)
    before = systemctl()
    assert "nothing to do" in change(Wish((films,)), file)[0]
    assert _changing(systemctl()) == _changing(before)


@as_root
def test_systemd_is_told_again_of_what_it_has_not_read(
    films: Path, file: Path, systemctl: Systemd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_access, "_BOOTED", tmp_path)
    change(Wish((films,)), file)
    before = _changing(systemctl()).count("daemon-reload")
    (tmp_path / "said").write_text("yes\n")
    assert change(Wish((films,)), file)[0] == f"opened: {films}"
    assert "show --property=NeedDaemonReload --value mkv2castd.service" in systemctl()
    assert _changing(systemctl()).count("daemon-reload") == before + 1


@as_root
def test_the_restarts_of_many_folders_are_not_held_against_the_service(
    films: Path, file: Path, systemctl: Systemd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_access, "_BOOTED", tmp_path)
    change(Wish((films,)), file)
    assert systemctl()[-2:] == ["reset-failed mkv2castd.service", "restart mkv2castd.service"]


@as_root
def test_a_link_in_a_home_is_refused_with_the_folder_behind_it(
    films: Path, tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setattr(drop_in, "_HOMES", (home,))
    (home / "films").symlink_to(films)
    with pytest.raises(Mkv2castdError, match=re.escape(f"name {films}")) as caught:
        change(Wish((home / "films",)), file)
    assert caught.value.code is ErrorCode.INVALID_PATH
    assert not file.exists()


def _changing(asked: list[str]) -> list[str]:
    """Without what only looks."""
    return [line for line in asked if line.split()[0] not in ("show", "is-active")]


@as_root
def test_permission_is_looked_at_from_within_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_access, "USER", "daemon")
    closed = tmp_path / "closed"
    folder = closed / "films"
    folder.mkdir(parents=True)
    closed.chmod(0o700)
    folder.chmod(0o777)
    assert not is_denied(folder)
    folder.chmod(0o755)
    assert is_denied(folder)


@as_root
@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish((Path("/etc"),)), ErrorCode.INVALID_PATH),
        (Wish((Path("/var/lib/mkv2castd/films"),)), ErrorCode.INVALID_PATH),
        (Wish((Path("/srv/nowhere at all"),)), ErrorCode.INVALID_PATH),
        (Wish((Path("/srv/never opened"),), remove=True), ErrorCode.NO_SUCH_FOLDER),
    ],
)
def test_what_cannot_be_opened_is_refused_and_nothing_is_written(wish: Wish, code: ErrorCode, file: Path) -> None:
    with pytest.raises(Mkv2castdError) as caught:
        change(wish, file)
    assert caught.value.code is code
    assert not file.exists()


def test_only_root_opens_folders(films: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Mkv2castdError, match="sudo") as caught:
        change(Wish((films,)), file)
    assert caught.value.code is ErrorCode.NOT_AUTHORIZED


# What check tells of it


def _findings(folder: Path, *opened: Path, denied: bool = False, output: Path | None = None) -> list[Finding]:
    one = FolderConfig(path=str(folder), output=str(output) if output is not None else "")
    return service_findings(Config(folder=(one,)), opened, lambda _: denied)


def test_check_names_the_command_that_opens_a_folder(films: Path) -> None:
    (found,) = _findings(films)
    assert (found.level, found.remedy) == (Level.PROBLEM, f"mkv2castd folder-access {films}")


def test_check_names_the_command_that_gives_the_permission(films: Path) -> None:
    (found,) = _findings(films, films, denied=True)[:1]
    assert found.level is Level.PROBLEM
    assert found.remedy is not None
    assert "setfacl" in found.remedy


def test_check_looks_at_the_output_folder_too(films: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.mkdir()
    (found,) = _findings(films, films, output=output)
    assert str(output) in found.what
    assert [one.level for one in _findings(films, tmp_path, output=output)] == [Level.OK]
