"""Media folders are opened to the service and closed again, and what was done is told."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mkv2castd.check_service import service_findings
from mkv2castd.config import Config, FolderConfig
from mkv2castd.errors import ErrorCode, Mkv2castdError
from mkv2castd.finding import Finding, Level
from mkv2castd.folder_access import Wish, change, opened

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root opens folders")
Systemd = Callable[[], list[str]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mkv2castd.service.d" / "50-folders.conf"


@pytest.fixture(autouse=True)
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Systemd:
    """In the place of systemd's own: what it was asked. The machine's own service is none of a test's business."""
    programs, asked = tmp_path / "programs", tmp_path / "asked"
    programs.mkdir()
    (programs / "systemctl").write_text(f'#!/bin/sh\necho "$*" >>{asked}\n')
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
    assert set(systemctl()[len(before) :]) == {"show --property=NeedDaemonReload --value mkv2castd.service"}


@as_root
@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish((Path("/etc"),)), ErrorCode.INVALID_PATH),
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
