"""`mkv2castd check`: each thing that can be wrong with a machine is found, with its remedy."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from mkv2castd import check, check_ffmpeg, check_places
from mkv2castd.check import Finding, Level
from mkv2castd.config import Config, FolderConfig, HttpConfig, QueueConfig
from mkv2castd.errors import ConfigError
from mkv2castd.lock import state_folder
from mkv2castd.model import Container

BANNER = "ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026 the FFmpeg developers"
ENCODERS = ("libx264", "aac", "srt", "mov_text", "libvpx", "libopus", "webvtt")
FILTERS = ("zscale", "tonemap", "bwdif", "scale")
MUXERS = ("matroska,webm", "webm", "mp4")

FakeFfmpeg = Callable[..., None]


@pytest.fixture
def fake_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeFfmpeg:
    """Puts programs of our own making in the place of ffmpeg and ffprobe; both are missing before the first call."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))

    def make(
        banner: str = BANNER,
        encoders: tuple[str, ...] = ENCODERS,
        filters: tuple[str, ...] = FILTERS,
        muxers: tuple[str, ...] = MUXERS,
        instead: str | None = None,
    ) -> None:
        lists = {
            "-encoders": [f" V..... {name}   An encoder" for name in encoders],
            "-filters": [f" TS. {name}   V->V   A filter" for name in filters],
            "-muxers": [f"  E {name}   A muxer" for name in muxers],
        }
        cases = "".join(f"{option}) printf '%s\\n' {_quoted(lines)} ;;\n" for option, lines in lists.items())
        script = f"#!/bin/sh\n{instead or ''}\necho {_quoted([banner])} >&2\ncase $1 in\n{cases}esac\n"
        _program(programs / "ffmpeg", script)
        _program(programs / "ffprobe", f"#!/bin/sh\necho {_quoted([banner.replace('ffmpeg', 'ffprobe', 1)])}\n")

    return make


def _quoted(lines: list[str]) -> str:
    return " ".join(f"'{line}'" for line in lines)


def _program(path: Path, script: str) -> None:
    path.write_text(script)
    path.chmod(0o755)


def told(findings: list[Finding], level: Level) -> list[str]:
    return [finding.what for finding in findings if finding.level is level]


class TestFfmpeg:
    async def test_the_real_one_is_found_good(self) -> None:
        await check.require_ffmpeg()
        found = await check_ffmpeg.ffmpeg_findings(set(Container))
        assert told(found, Level.PROBLEM) == []

    async def test_the_start_is_not_held_up(self) -> None:
        times = []
        for _ in range(3):
            start = time.perf_counter()
            await check.require_ffmpeg()
            times.append(time.perf_counter() - start)
        assert min(times) < 1.0  # about 0.09 s on an idle machine

    async def test_a_missing_ffmpeg_is_told_with_its_remedy(self, fake_ffmpeg: FakeFfmpeg) -> None:
        with pytest.raises(ConfigError, match="is not installed: install it: apt-get install ffmpeg"):
            await check.require_ffmpeg()
        (finding,) = await check_ffmpeg.ffmpeg_findings({Container.MKV})
        assert finding.level is Level.PROBLEM
        assert finding.remedy == "install it: apt-get install ffmpeg"

    async def test_ffmpeg_without_ffprobe_is_told(self, fake_ffmpeg: FakeFfmpeg, tmp_path: Path) -> None:
        fake_ffmpeg()
        (tmp_path / "programs/ffprobe").unlink()
        with pytest.raises(ConfigError, match="ffprobe is not installed"):
            await check.require_ffmpeg()
        assert told(await check_ffmpeg.ffmpeg_findings({Container.MKV}), Level.PROBLEM) == [
            "ffprobe is not installed"
        ]

    async def test_an_old_one_is_refused(self, fake_ffmpeg: FakeFfmpeg) -> None:
        fake_ffmpeg("ffmpeg version 4.3.7-0+deb11u1 Copyright")
        with pytest.raises(ConfigError, match=r"ffmpeg 4\.3\.7-0\+deb11u1 is too old, 5\.1 is the least: install"):
            await check.require_ffmpeg()

    async def test_what_is_no_ffmpeg_is_refused(self, fake_ffmpeg: FakeFfmpeg) -> None:
        fake_ffmpeg("hello")
        with pytest.raises(ConfigError, match="does not tell its version"):
            await check.require_ffmpeg()

    async def test_a_build_without_x264_is_refused(self, fake_ffmpeg: FakeFfmpeg) -> None:
        fake_ffmpeg(encoders=tuple(name for name in ENCODERS if name != "libx264"))
        with pytest.raises(ConfigError, match="no encoder libx264: use a complete build"):
            await check.require_ffmpeg()

    async def test_an_encoder_that_no_folder_needs_is_only_a_warning(self, fake_ffmpeg: FakeFfmpeg) -> None:
        fake_ffmpeg(encoders=tuple(name for name in ENCODERS if name != "libvpx"))
        await check.require_ffmpeg()
        missing = ["ffmpeg has no encoder libvpx"]
        assert told(await check_ffmpeg.ffmpeg_findings({Container.MKV}), Level.WARNING) == missing
        assert told(await check_ffmpeg.ffmpeg_findings({Container.WEBM}), Level.PROBLEM) == missing

    async def test_missing_muxers_and_filters_are_told(self, fake_ffmpeg: FakeFfmpeg) -> None:
        fake_ffmpeg(muxers=("matroska",), filters=("scale", "bwdif", "tonemap"))
        found = await check_ffmpeg.ffmpeg_findings({Container.MKV, Container.MP4})
        assert told(found, Level.PROBLEM) == ["ffmpeg has no muxer mp4"]
        assert told(found, Level.WARNING) == ["ffmpeg has no filter zscale: HDR films cannot be converted"]

    async def test_one_that_fails_is_told_with_its_last_line(self, fake_ffmpeg: FakeFfmpeg) -> None:
        fake_ffmpeg(instead="echo 'libavcodec.so.59: not found' >&2; exit 127")
        with pytest.raises(ConfigError, match=r"ended with 127: libavcodec\.so\.59: not found"):
            await check.require_ffmpeg()

    async def test_one_that_hangs_does_not_hang_the_check(
        self, fake_ffmpeg: FakeFfmpeg, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(check_ffmpeg, "_SECONDS", 0.2)
        fake_ffmpeg(instead="while :; do read x < /dev/zero; done")
        with pytest.raises(ConfigError, match="did not end within"):
            await check.require_ffmpeg()

    @pytest.mark.parametrize(
        ("banner", "shown", "old"),
        [
            ("ffmpeg version 5.1.9-0+deb12u1 Copyright", "5.1.9-0+deb12u1", False),
            ("ffmpeg version 5.1 Copyright", "5.1", False),
            ("ffmpeg version 5.0.3 Copyright", "5.0.3", True),
            ("ffmpeg version 4.3.1 Copyright", "4.3.1", True),
            ("ffmpeg version 3.4.13-0ubuntu0.1 Copyright", "3.4.13-0ubuntu0.1", True),
            ("ffmpeg version n6.1-5-gabc Copyright", "n6.1-5-gabc", False),
            ("ffmpeg version 10.0 Copyright", "10.0", False),
            ("ffmpeg version N-118000-g0123456 Copyright", "N-118000-g0123456", False),
            (
                "ffmpeg version 2024-05-13-git-37db0454e4-full_build Copyright",
                "2024-05-13-git-37db0454e4-full_build",
                False,
            ),
            ("warning: x\nffprobe version 7.1.1-1 Copyright", "7.1.1-1", False),
            ("", None, False),
        ],
    )
    def test_versions(self, banner: str, shown: str | None, old: bool) -> None:
        assert check_ffmpeg.version(banner) == shown
        assert check_ffmpeg.too_old(banner) is old


def one_folder(path: Path, **keys: object) -> Config:
    folder = msgspec.convert({"path": str(path), "name": "films", **keys}, FolderConfig)
    return Config(folder=(folder,), queue=QueueConfig(min_free_gib=0))


class TestFolders:
    def test_a_good_folder_is_told_so(self, tmp_path: Path) -> None:
        (finding,) = check_places.folder_findings(one_folder(tmp_path))
        assert finding.level is Level.OK
        assert "readable and writable" in finding.what
        assert list(tmp_path.iterdir()) == []

    def test_watching_nothing_is_a_warning(self) -> None:
        assert told(check_places.folder_findings(Config()), Level.WARNING) == ["no folder is watched"]

    def test_a_missing_folder(self, tmp_path: Path) -> None:
        (finding,) = check_places.folder_findings(one_folder(tmp_path / "none"))
        assert finding.level is Level.PROBLEM
        assert "is not there" in finding.what
        assert finding.remedy is not None

    def test_a_file_in_place_of_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        (finding,) = check_places.folder_findings(one_folder(tmp_path / "file"))
        assert "is no folder" in finding.what

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
    def test_folders_that_may_not_be_read_or_written(self, tmp_path: Path) -> None:
        closed, fixed = tmp_path / "closed", tmp_path / "fixed"
        closed.mkdir(mode=0)
        fixed.mkdir(mode=0o500)
        assert "cannot be read" in check_places.folder_findings(one_folder(closed))[0].what
        (finding,) = check_places.folder_findings(one_folder(fixed))
        assert "cannot be written: permission denied" in finding.what
        assert f"uid {os.geteuid()}" in (finding.remedy or "")

    @pytest.mark.parametrize(("source", "wanted"), [("keep", ["out"]), ("trash", ["out", "in"])])
    def test_sources_need_to_be_writable_only_where_something_is_done_to_them(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, wanted: list[str]
    ) -> None:
        (tmp_path / "in").mkdir()
        (tmp_path / "out").mkdir()
        monkeypatch.setattr(check_places, "_not_writable", lambda path: "read-only file system")
        config = one_folder(tmp_path / "in", output=str(tmp_path / "out"), source=source)
        problems = told(check_places.folder_findings(config), Level.PROBLEM)
        assert [problem.split(" cannot be written")[0].rpartition("/")[2] for problem in problems] == wanted

    def test_an_output_folder_that_is_yet_to_be_made_is_fine(self, tmp_path: Path) -> None:
        (finding,) = check_places.folder_findings(one_folder(tmp_path, output=str(tmp_path / "a/b/c")))
        assert finding.level is Level.OK
        assert list(tmp_path.iterdir()) == []

    def test_an_output_folder_below_a_file_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        (finding,) = check_places.folder_findings(one_folder(tmp_path, output=str(tmp_path / "file/out")))
        assert finding.level is Level.PROBLEM

    def test_too_little_room_is_told(self, tmp_path: Path) -> None:
        config = msgspec.structs.replace(one_folder(tmp_path), queue=QueueConfig(min_free_gib=1_000_000))
        (finding,) = check_places.folder_findings(config)
        assert finding.level is Level.WARNING
        assert "min_free_gib" in (finding.remedy or "")

    @pytest.mark.parametrize(("allowed", "level"), [(True, Level.OK), (False, Level.PROBLEM)])
    def test_a_file_system_without_nameless_files_is_asked_for_its_permissions(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: bool, level: Level
    ) -> None:
        def unsupported(path: Path, flags: int, mode: int = 0o777) -> int:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")

        monkeypatch.setattr(os, "open", unsupported)
        monkeypatch.setattr(os, "access", lambda path, mode: allowed or not mode & os.W_OK)
        (finding,) = check_places.folder_findings(one_folder(tmp_path))
        assert finding.level is level


class TestStateFolder:
    def test_one_that_is_yet_to_be_made_is_fine_and_not_made(self, tmp_path: Path) -> None:
        (finding,) = check_places.state_findings(tmp_path / "a/b")
        assert finding.level is Level.OK
        assert list(tmp_path.iterdir()) == []

    def test_one_that_cannot_be_written_is_a_problem(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        (finding,) = check_places.state_findings(tmp_path / "file/state")
        assert finding.level is Level.PROBLEM
        assert "--state-dir" in (finding.remedy or "")

    def test_a_full_disk_is_a_problem(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(check_places, "STATE_LEAST_BYTES", shutil.disk_usage(tmp_path).total * 2)
        (finding,) = check_places.state_findings(tmp_path)
        assert finding.level is Level.PROBLEM
        assert "MiB are free" in finding.what


class TestInotify:
    @pytest.fixture
    def settings(self, tmp_path: Path) -> Path:
        folder = tmp_path / "inotify"
        folder.mkdir()
        (folder / "max_user_watches").write_text("10\n")
        return folder

    @pytest.fixture
    def tree(self, tmp_path: Path) -> Path:
        for number in range(8):
            (tmp_path / f"tree/{number}").mkdir(parents=True)
        return tmp_path / "tree"

    def test_more_folders_than_the_kernel_watches(self, tree: Path, settings: Path) -> None:
        (finding,) = check_places.inotify_findings(one_folder(tree).folder, settings)
        assert finding.level is Level.WARNING
        assert finding.what.startswith("9 folders to watch, the kernel's limit for one user is 10")
        assert "fs.inotify.max_user_watches=524288" in (finding.remedy or "")

    def test_only_the_root_counts_where_subfolders_are_left_out(self, tree: Path, settings: Path) -> None:
        (finding,) = check_places.inotify_findings(one_folder(tree, recursive=False).folder, settings)
        assert finding == Finding(Level.OK, "1 folders to watch, the kernel's limit for one user is 10")

    def test_links_are_not_followed(self, tree: Path, settings: Path) -> None:
        (tree / "loop").symlink_to(tree)
        (finding,) = check_places.inotify_findings(one_folder(tree).folder, settings)
        assert finding.what.startswith("9 ")

    def test_polled_and_missing_folders_need_no_watches(self, tree: Path, settings: Path) -> None:
        assert check_places.inotify_findings(one_folder(tree, watch="poll").folder, settings) == []
        assert check_places.inotify_findings(one_folder(tree / "none").folder, settings) == []

    def test_counting_ends_when_its_time_is_up(
        self, tree: Path, settings: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(check_places, "COUNT_SECONDS", -1.0)
        (finding,) = check_places.inotify_findings(one_folder(tree).folder, settings)
        assert finding.what.startswith("at least 0 folders")

    def test_a_kernel_that_tells_nothing(self, tree: Path) -> None:
        (finding,) = check_places.inotify_findings(one_folder(tree).folder, tree)
        assert finding.level is Level.WARNING


class TestPort:
    @pytest.fixture
    def taken(self) -> Iterator[str]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield f"127.0.0.1:{server.getsockname()[1]}"

    def listening(self, address: str) -> Config:
        return Config(http=HttpConfig((address,)))

    async def test_a_taken_port_is_a_problem(self, tmp_path: Path, taken: str) -> None:
        found = await check.findings(self.listening(taken), tmp_path)
        (problem,) = told(found, Level.PROBLEM)
        assert taken.rpartition(":")[2] in problem

    async def test_our_own_daemon_may_have_it(self, tmp_path: Path, taken: str) -> None:
        with state_folder(tmp_path):
            found = await check.findings(self.listening(taken), tmp_path)
        assert told(found, Level.PROBLEM) == []
        assert "a daemon is running on this state folder" in told(found, Level.OK)

    async def test_a_free_port_stays_free(self, tmp_path: Path, taken: str) -> None:
        socket_file = tmp_path / "http"
        found = await check.findings(self.listening(f"unix:{socket_file}"), tmp_path)
        assert f"unix:{socket_file} is free to listen on" in told(found, Level.OK)
        assert not socket_file.exists()


class TestEverything:
    async def test_a_good_machine_has_no_problem(self, tmp_path: Path) -> None:
        films = tmp_path / "films"
        films.mkdir()
        config = msgspec.structs.replace(one_folder(films), http=HttpConfig(("127.0.0.1:0",)))
        found = await check.findings(config, tmp_path / "state")
        assert told(found, Level.PROBLEM) == []
        assert all(finding.remedy for finding in found if finding.level is not Level.OK)

    async def test_a_missing_setpriv_is_a_warning(self, tmp_path: Path, fake_ffmpeg: FakeFfmpeg) -> None:
        fake_ffmpeg()
        found = await check.findings(Config(http=HttpConfig(())), tmp_path)
        assert any("setpriv" in what for what in told(found, Level.WARNING))

    async def test_without_a_daemon_nobody_is_said_to_run(self, tmp_path: Path) -> None:
        assert not check.daemon_runs(tmp_path)
        with state_folder(tmp_path):
            assert check.daemon_runs(tmp_path)
        assert not check.daemon_runs(tmp_path)
