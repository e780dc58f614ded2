"""The configuration: what is read, how files add up, and that each mistake is named with file, key and remedy."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomli_w

from mkv2castd import config
from mkv2castd.config import Config, FolderConfig, Settings, remember, settings_for
from mkv2castd.config_checks import listen_address, normal_path
from mkv2castd.config_loading import load
from mkv2castd.errors import ConfigError, ErrorCode
from mkv2castd.model import Container

FOLDER = {"path": "/srv/films"}
TEXT, NUMBER, TRUTH, TABLE = "text", 3, True, {"a": 1}


def written(tmp_path: Path, text: str | bytes, name: str = "config.toml") -> Path:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def read(*files: Path, extra: tuple[Path, ...] = ()) -> Config:
    return load(files, extra)


def fault(tmp_path: Path, text: str | bytes) -> str:
    """The message about a file of this content; the file's name, which must lead it, is left off."""
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read(file)
    assert caught.value.code is ErrorCode.INVALID_CONFIG
    message = caught.value.message
    assert message.startswith(f"{file}: ")
    assert "\n" not in message
    return message.removeprefix(f"{file}: ")


def with_key(key: str, value: Any) -> str:
    table, _, name = key.rpartition(".")
    if table == "folder":
        return tomli_w.dumps({"folder": [{**FOLDER, name: value}]})
    return tomli_w.dumps({table: {name: value}} if table else {name: value})


class TestReading:
    def test_without_a_file_everything_has_its_default(self) -> None:
        assert read() == Config()

    def test_every_key_is_read(self, tmp_path: Path) -> None:
        file = written(
            tmp_path,
            """
            [[folder]]
            path = "/srv/incoming"
            name = "in"
            output = "/srv/cast"
            profile = ["chromecast-1", "chromecast-3"]
            container = "mp4"
            suffix = ".cast"
            recursive = false
            include = ["*.mkv"]
            exclude = ["extras/*"]
            watch = "poll"
            poll_seconds = 5
            rescan_minutes = 0
            settle_seconds = 1.5
            source = "trash"
            keep_trash_days = 7
            hardlinks = true
            priority = -100
            subtitles = "embed"
            burn_forced_only = true
            accept_damaged = true
            [video]
            quality = "high"
            max_height = 720
            [audio]
            languages = ["de", "ENG"]
            surround = "only"
            bitrate_kbps = 256
            passthrough = ["ac3", "eac3"]
            loudness = "ebu-r128"
            [devices]
            cpu_slots = 2
            remux_slots = 4
            nodes = ["/dev/gpu/renderD129"]
            disabled = ["pci-0000_03_00_0"]
            detect = false
            slots = {"pci-0000_04_00_0" = 3}
            [queue]
            paused = true
            hours = ["22:00-07:00", "12:00-14:30"]
            min_free_gib = 0.5
            retries = 0
            keep_finished_days = 1
            stall_seconds = 60
            on_battery = "go-on"
            [http]
            listen = ["[::1]:0", "unix:/run/mkv2castd/http"]
            """,
        )
        expected = FolderConfig(
            path="/srv/incoming",
            name="in",
            output="/srv/cast",
            profile=("chromecast-1", "chromecast-3"),
            container=Container.MP4,
            suffix=".cast",
            recursive=False,
            include=("*.mkv",),
            exclude=("extras/*",),
            watch="poll",
            poll_seconds=5,
            rescan_minutes=0,
            settle_seconds=1.5,
            source="trash",
            keep_trash_days=7,
            hardlinks=True,
            priority=-100,
            subtitles="embed",
            burn_forced_only=True,
            accept_damaged=True,
        )
        got = read(file)
        assert got.folder == (expected,)
        assert got.folder[0].root == Path("/srv/incoming")
        assert got.folder[0].output_root == Path("/srv/cast")
        assert got.video == config.VideoConfig("high", 720)
        assert got.audio == config.AudioConfig(("de", "ENG"), "only", 256, ("ac3", "eac3"), "ebu-r128")
        nodes, disabled, slots = ("/dev/gpu/renderD129",), ("pci-0000_03_00_0",), {"pci-0000_04_00_0": 3}
        assert got.devices == config.DevicesConfig(2, 4, False, nodes, disabled, slots)
        assert got.queue == config.QueueConfig(True, ("22:00-07:00", "12:00-14:30"), 0.5, 0, 1, 60, "go-on")
        assert got.http == config.HttpConfig(("[::1]:0", "unix:/run/mkv2castd/http"))

    def test_a_byte_order_mark_is_no_mistake(self, tmp_path: Path) -> None:
        assert read(written(tmp_path, b"\xef\xbb\xbf[queue]\nretries = 1\n")).queue.retries == 1

    def test_a_folder_without_a_name_is_called_like_the_last_part_of_its_path(self, tmp_path: Path) -> None:
        text = '[[folder]]\npath = "/srv/films/"\n[[folder]]\npath = "/"\n'
        assert [folder.name for folder in read(written(tmp_path, text)).folder] == ["films", "root"]

    def test_a_path_has_one_spelling(self) -> None:
        assert normal_path("//srv/./films//x/../") == "/srv/films"
        assert normal_path("/") == "/"


class TestSeveralFiles:
    def test_later_files_win_key_by_key_and_folders_add_up(self, tmp_path: Path) -> None:
        first = written(
            tmp_path, '[queue]\nretries = 1\nmin_free_gib = 9\n[[folder]]\npath = "/srv/a"\n', "config.toml"
        )
        second = written(tmp_path, '[queue]\nretries = 7\n[[folder]]\npath = "/srv/b"\n', "conf.d/10.toml")
        got = read(first, second)
        assert (got.queue.retries, got.queue.min_free_gib) == (7, 9)
        assert [folder.path for folder in got.folder] == ["/srv/a", "/srv/b"]

    def test_a_list_of_a_later_file_takes_the_place_of_the_earlier(self, tmp_path: Path) -> None:
        first = written(tmp_path, '[http]\nlisten = ["127.0.0.1:1"]', "a.toml")
        second = written(tmp_path, '[http]\nlisten = ["127.0.0.1:2"]', "b.toml")
        assert read(first, second).http.listen == ("127.0.0.1:2",)

    def test_the_file_with_the_mistake_is_the_one_that_is_named(self, tmp_path: Path) -> None:
        good, bad = written(tmp_path, "", "good.toml"), written(tmp_path, "[queue]\nretries = -1", "bad.toml")
        with pytest.raises(ConfigError, match=r"bad\.toml: queue\.retries"):
            read(good, bad)

    @pytest.mark.parametrize("again", ["/srv/a", "/srv/a/", "//srv/a", "/srv/b/../a"])
    def test_a_path_that_stands_twice_is_refused(self, tmp_path: Path, again: str) -> None:
        first = written(tmp_path, '[[folder]]\npath = "/srv/a"', "a.toml")
        second = written(tmp_path, f'[[folder]]\npath = "{again}"\nname = "other"', "b.toml")
        with pytest.raises(ConfigError, match=r"b\.toml: folder\[0\]\.path: /srv/a stands twice"):
            read(first, second)

    def test_two_folders_of_one_name_are_refused(self, tmp_path: Path) -> None:
        message = fault(tmp_path, '[[folder]]\npath = "/a/films"\n[[folder]]\npath = "/b/films"\n')
        assert message.startswith("folder[1].name: /a/films and /b/films are both called 'films'")
        assert "another name" in message


class TestFoldersOfTheCommandLine:
    def test_they_are_watched_with_the_defaults(self, tmp_path: Path) -> None:
        got = read(extra=(tmp_path,))
        assert got.folder == (FolderConfig(path=str(tmp_path), name=tmp_path.name),)

    def test_a_relative_one_counts_from_the_current_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert read(extra=(Path("films"),)).folder[0].path == str(tmp_path / "films")

    def test_one_that_a_file_names_keeps_the_settings_of_the_file(self, tmp_path: Path) -> None:
        file = written(tmp_path, '[[folder]]\npath = "/srv/films/"\npriority = 5')
        got = read(file, extra=(Path("/srv/films"), Path("/srv/./films")))
        assert [(folder.path, folder.priority) for folder in got.folder] == [("/srv/films", 5)]

    def test_two_of_one_name_get_names_of_their_own(self) -> None:
        got = read(extra=(Path("/a/films"), Path("/b/films"), Path("/c/films")))
        assert [folder.name for folder in got.folder] == ["films", "films-2", "films-3"]

    def test_one_whose_name_is_not_utf_8_has_a_printable_name(self) -> None:
        path = Path(os.fsdecode(b"/srv/caf\xe9\n"))
        (folder,) = read(extra=(path,)).folder
        assert folder.root == path
        assert folder.name == "caf\ufffd\ufffd"


class TestUnreadableFiles:
    def test_malformed_toml_is_told_with_its_line(self, tmp_path: Path) -> None:
        assert "line 2" in fault(tmp_path, "[queue]\nretries = = 3\n")

    def test_a_file_that_is_not_utf_8_is_told_with_its_place(self, tmp_path: Path) -> None:
        assert fault(tmp_path, b"# caf\xe9\n") == "is not UTF-8 (byte 5): save it as UTF-8"

    @pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "9" * 5000, "a = 2020-13-45", 'a = "\x01"'])
    def test_odd_toml_is_a_message_and_no_crash(self, tmp_path: Path, text: str) -> None:
        assert fault(tmp_path, text).startswith("is not TOML: ")

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: No such file"):
            read(tmp_path / "none.toml")

    def test_a_folder_in_place_of_a_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
            read(tmp_path)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_a_file_that_may_not_be_read_is_named(self, tmp_path: Path) -> None:
        file = written(tmp_path, "")
        file.chmod(0)
        with pytest.raises(ConfigError, match="cannot be read: Permission denied"):
            read(file)


WRONG = [
    ("folder.path", [NUMBER, TRUTH, [TEXT], "", "relative/path", "a\0b", "/a\0b", "~/films"]),
    ("folder.name", [NUMBER, "a/b", "..", "a\nb"]),
    ("folder.output", [NUMBER, "relative", "/a\0"]),
    ("folder.profile", ["chromecast", [], [NUMBER], ["vhs"], TABLE]),
    ("folder.container", [NUMBER, "avi", ["mkv"]]),
    ("profile", [NUMBER, TABLE]),
    ("folder.suffix", [NUMBER, "a/b", "a\0", "x" * 200, ""]),
    ("folder.recursive", [TEXT, NUMBER]),
    ("folder.include", ["*.mkv", [NUMBER]]),
    ("folder.exclude", ["*.mkv", [NUMBER]]),
    ("folder.watch", [NUMBER, "always"]),
    ("folder.poll_seconds", [TEXT, TRUTH, 0, -1, math.inf, math.nan]),
    ("folder.rescan_minutes", [TEXT, TRUTH, -1, math.inf, math.nan]),
    ("folder.settle_seconds", [TEXT, TRUTH, -0.1, math.inf, math.nan]),
    ("folder.source", [NUMBER, "delete"]),
    ("folder.keep_trash_days", [TEXT, 1.5, -1, 10**30]),
    ("folder.hardlinks", [TEXT, NUMBER]),
    ("folder.priority", [TEXT, 1.5, -101, 101]),
    ("folder.subtitles", [NUMBER, "vtt", ["burn"]]),
    ("folder.burn_forced_only", [TEXT, NUMBER]),
    ("folder.accept_damaged", [TEXT, NUMBER]),
    ("video.quality", [NUMBER, "best"]),
    ("video.max_height", [TEXT, 1.5, -1, 1, 15, 4321]),
    ("audio.languages", ["de", [NUMBER], ["german"], ["xx"], ["und"], ["de-AT"], [""]]),
    ("audio.surround", [TRUTH, "both"]),
    ("audio.passthrough", ["ac3", [NUMBER], ["aac"], ["dts-hd"]]),
    ("audio.loudness", [TRUTH, "replaygain"]),
    ("audio.bitrate_kbps", [TEXT, 1.5, 31, 513]),
    ("devices.cpu_slots", [TEXT, 0, 65]),
    ("devices.remux_slots", [TEXT, 0, 65]),
    ("devices.detect", [TEXT, NUMBER]),
    ("devices.nodes", ["/dev/dri/renderD129", [NUMBER], ["renderD129"], [""], ["/dev/\0"]]),
    ("devices.disabled", ["pci-0000_03_00_0", [NUMBER], ["cpu"], ["remux"]]),
    ("devices.slots", [NUMBER, ["a"], *({name: 1} for name in ("cpu", "remux"))]),
    ("devices.slots", [{"pci-0000_03_00_0": many} for many in (TEXT, 0, 65, 1.5)]),
    ("queue.paused", [TEXT, NUMBER]),
    (
        "queue.hours",
        ["22:00-07:00", [NUMBER], *([text] for text in ("", "22-07", "24:00-07:00", "07:00-07:00", "7:00-8:00"))],
    ),
    ("queue.min_free_gib", [TEXT, TRUTH, -1, math.inf, math.nan]),
    ("queue.retries", [TEXT, 1.5, -1, 101]),
    ("queue.keep_finished_days", [TEXT, 1.5, -1, 10**30]),
    ("queue.stall_seconds", [TEXT, 0, math.inf, math.nan]),
    ("queue.on_battery", [TEXT, NUMBER, TRUTH]),
    (
        "http.listen",
        ["127.0.0.1:8080", [NUMBER], *([text] for text in ("8080", "localhost", ":80", "::1:80", "a:b", "[::1]"))],
    ),
    ("http.listen", [["127.0.0.1:65536"], ["127.0.0.1:-1"], ["0.0.0.0:80"], ["nas:80"], ["unix:a"], ["unix:"]]),
    ("dbus.bus", [NUMBER, "user", ""]),
    ("video", [NUMBER, [TABLE]]),
    ("folder", [NUMBER, TABLE]),
]


class TestImpossibleValues:
    @pytest.mark.parametrize(
        ("key", "value"),
        [(key, value) for key, values in WRONG for value in values],
        ids=lambda value: repr(value)[:40],
    )
    def test_the_message_names_the_key_and_what_is_allowed(self, tmp_path: Path, key: str, value: Any) -> None:
        message = fault(tmp_path, with_key(key, value))
        shown = key.replace("folder.", "folder[0].")
        assert message.startswith((f"{shown}: ", f"{shown}[0]: "))
        assert any(word in message for word in ("allowed", "must be", "is empty", "longer than", "no path can"))

    def test_no_key_is_forgotten_above(self) -> None:
        tables = {field.name: type(field.default) for field in msgspec.structs.fields(Config)}
        tables["folder"] = FolderConfig
        del tables["profile"]  # tests/test_config_profiles.py
        keys = {f"{table}.{field.name}" for table, kind in tables.items() for field in msgspec.structs.fields(kind)}
        assert keys == {key for key, _ in WRONG if "." in key}

    @pytest.mark.parametrize("table", ["folder", "video", "audio", "devices", "queue", "http", "dbus"])
    def test_an_unknown_key_is_refused_with_the_known_ones(self, tmp_path: Path, table: str) -> None:
        message = fault(tmp_path, with_key(f"{table}.colour", "red"))
        shown = "folder[0]" if table == "folder" else table
        assert message.startswith(f"{shown}.colour: unknown key; allowed here: ")
        known = {"folder": "path", "video": "quality", "audio": "bitrate_kbps", "devices": "cpu_slots"}
        assert known.get(table, {"queue": "retries", "http": "listen", "dbus": "bus"}.get(table)) in message

    @pytest.mark.parametrize("name", ["colour", "notify", "companion", "a`b", "a - at `$.b`"])
    def test_an_unknown_table_is_refused_with_the_known_ones(self, tmp_path: Path, name: str) -> None:
        message = fault(tmp_path, tomli_w.dumps({name: 1}))
        assert (
            message == f"{name}: unknown key; allowed here: folder, profile, video, audio, devices, queue, http, dbus"
        )

    def test_a_key_whose_feature_does_not_exist_yet_is_unknown(self, tmp_path: Path) -> None:
        assert "auth: unknown key" in fault(tmp_path, with_key("http.auth", TEXT))

    def test_a_folder_without_a_path_is_refused(self, tmp_path: Path) -> None:
        assert fault(tmp_path, '[[folder]]\nname = "a"') == "folder[0].path: missing; it has no default"

    @pytest.mark.parametrize(
        ("key", "value", "message"),
        [
            ("folder.container", "avi", "folder[0].container: 'avi' is no possible value; allowed: mkv, mp4, webm"),
            (
                "folder.profile",
                ["vhs"],
                "folder[0].profile: no such profile 'vhs'; allowed: chromecast, chromecast-1, chromecast-3, "
                "chromecast-google-tv, chromecast-ultra, google-tv-streamer, nest-hub, nest-hub-max",
            ),
            (
                "folder.profile",
                "chromecast",
                'folder[0].profile: is a text; allowed: a list of at least one text, as in ["…"]',
            ),
            ("queue.retries", 101, "queue.retries: is out of range; allowed: a whole number from 0 to 100"),
            ("queue.stall_seconds", 0, "queue.stall_seconds: is out of range; allowed: a number above 0 to 1000000"),
            (
                "audio.languages",
                ["de", "german"],
                "audio.languages[1]: 'german' is no language of ISO 639; "
                "allowed: codes of two or three letters, as in de, deu or ger",
            ),
            (
                "audio.passthrough",
                ["aac"],
                "audio.passthrough[0]: 'aac' is no possible value; allowed: ac3, eac3, dts, truehd",
            ),
            ("queue.paused", "yes", "queue.paused: is a text; allowed: true or false"),
            (
                "folder",
                TABLE,
                "folder: is a table; allowed: tables, each headed with its name in double brackets, as in [[folder]]",
            ),
            ("video", 3, "video: is a whole number; allowed: a table"),
        ],
    )
    def test_the_message_reads_well(self, tmp_path: Path, key: str, value: Any, message: str) -> None:
        assert fault(tmp_path, with_key(key, value)) == message

    def test_no_suffix_is_possible_where_output_and_source_cannot_meet(self, tmp_path: Path) -> None:
        for key, value in (("output", "/srv/cast"), ("source", "replace")):
            file = written(tmp_path, tomli_w.dumps({"folder": [{**FOLDER, "suffix": "", key: value}]}))
            assert read(file).folder[0].suffix == ""


class TestListenAddresses:
    @pytest.mark.parametrize(
        ("text", "address"),
        [
            ("127.0.0.1:8080", ("127.0.0.1", 8080)),
            ("127.1.2.3:0", ("127.1.2.3", 0)),
            ("localhost:65535", ("localhost", 65535)),
            ("[::1]:80", ("::1", 80)),
            ("unix:/run/x y", Path("/run/x y")),
        ],
    )
    def test_what_can_be_listened_on(self, text: str, address: tuple[str, int] | Path) -> None:
        assert listen_address(text) == address

    def test_other_machines_are_kept_out(self) -> None:
        with pytest.raises(ValueError, match="from other machines"):
            listen_address("192.168.1.2:8080")


class TestRuntimeChanges:
    def test_a_remembered_change_wins_when_read_last(self, tmp_path: Path) -> None:
        file = written(tmp_path, "[queue]\npaused = false\nretries = 9\n")
        remember(tmp_path, "queue", "paused", True)
        got = read(file, tmp_path / config.RUNTIME_FILE)
        assert (got.queue.paused, got.queue.retries) == (True, 9)
        assert file.read_text() == "[queue]\npaused = false\nretries = 9\n"

    def test_changes_add_up_and_leave_nothing_else_behind(self, tmp_path: Path) -> None:
        remember(tmp_path, "queue", "paused", True)
        remember(tmp_path, "queue", "retries", 1)
        remember(tmp_path, "queue", "paused", False)
        got = read(tmp_path / config.RUNTIME_FILE)
        assert (got.queue.paused, got.queue.retries) == (False, 1)
        assert [file.name for file in tmp_path.iterdir()] == [config.RUNTIME_FILE]

    def test_a_half_written_change_does_not_disturb_the_next(self, tmp_path: Path) -> None:
        (tmp_path / "runtime.toml.new").write_text("[que")
        remember(tmp_path, "queue", "paused", True)
        assert read(tmp_path / config.RUNTIME_FILE).queue.paused

    def test_a_missing_state_folder_is_an_os_error(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            remember(tmp_path / "none", "queue", "paused", True)

    def test_a_damaged_runtime_file_is_named(self, tmp_path: Path) -> None:
        written(tmp_path, "[que", config.RUNTIME_FILE)
        with pytest.raises(ConfigError, match=r"runtime\.toml: is not TOML"):
            remember(tmp_path, "queue", "paused", True)


class TestWhereFilesAre:
    @pytest.fixture(autouse=True)
    def _user(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        monkeypatch.delenv("STATE_DIRECTORY", raising=False)

    def test_a_users_files_are_read_in_order(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        base = tmp_path / "mkv2castd"
        (base / "conf.d").mkdir(parents=True)
        for name in ("config.toml", "conf.d/20-b.toml", "conf.d/10-a.toml", "conf.d/note.txt"):
            (base / name).touch()
        assert config.default_files() == [
            base / "config.toml",
            base / "conf.d/10-a.toml",
            base / "conf.d/20-b.toml",
        ]

    def test_without_any_file_there_is_nothing_to_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        assert config.default_files() == []

    @pytest.mark.parametrize("value", ["", "relative"])
    def test_a_useless_xdg_config_home_means_the_default(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
    ) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", value)
        monkeypatch.setenv("HOME", str(tmp_path))
        file = tmp_path / ".config/mkv2castd/config.toml"
        file.parent.mkdir(parents=True)
        file.touch()
        assert config.default_files() == [file]

    @pytest.mark.parametrize("who", ["root", "service"])
    def test_root_and_the_service_read_etc(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str) -> None:
        if who == "root":
            monkeypatch.setattr(os, "geteuid", lambda: 0)
        else:
            monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/mkv2castd")
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        (tmp_path / "mkv2castd").mkdir()
        (tmp_path / "mkv2castd/config.toml").touch()
        assert all(file.is_relative_to("/etc/mkv2castd") for file in config.default_files())

    def test_a_file_behind_a_closed_door_is_told_and_not_passed_over(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

        def closed(path: Path, **_: bool) -> bool:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "exists", closed)
        assert config.default_files() == [tmp_path / "mkv2castd/config.toml"]


class TestSettings:
    def test_outside_any_folder_the_defaults_hold(self) -> None:
        assert settings_for(Config(), None) == Settings()

    def test_a_folder_and_the_tables_decide(self) -> None:
        folder = FolderConfig(path="/srv", output="/out", profile=("chromecast-3",), source="trash", hardlinks=True)
        folder = msgspec.structs.replace(folder, subtitles="burn", burn_forced_only=True)
        whole = Config(
            folder=(folder,),
            video=config.VideoConfig("fast", 720),
            audio=config.AudioConfig(("de",), "drop", 96, ("dts",), "ebu-r128"),
            queue=config.QueueConfig(min_free_gib=0.5, stall_seconds=9),
        )
        got = settings_for(whole, folder)
        assert (got.root, got.output_root) == (Path("/srv"), Path("/out"))
        assert (got.profile, got.source_policy, got.hardlinks) == (("chromecast-3",), "trash", True)
        assert (got.quality, got.max_height, got.audio_bitrate_kbps) == ("fast", 720, 96)
        assert (got.subtitles, got.burn_forced_only) == ("burn", True)
        assert (got.languages, got.surround) == (("de",), "drop")
        assert (got.passthrough, got.loudness) == (("dts",), "ebu-r128")
        assert (got.min_free_bytes, got.stall_seconds) == (2**29, 9)

    def test_a_jobs_own_wishes_come_first(self) -> None:
        got = settings_for(Config(), FolderConfig(path="/srv"), ("chromecast-1",), Container.WEBM)
        assert (got.profile, got.container) == (("chromecast-1",), Container.WEBM)

    def test_the_innermost_folder_owns_a_path(self) -> None:
        outer, inner = FolderConfig(path="/srv", name="o"), FolderConfig(path="/srv/films", name="i")
        whole = Config(folder=(outer, inner))
        assert whole.owner_of(Path("/srv/films/a.mkv")) is inner
        assert whole.owner_of(Path("/srv/filmsx/a.mkv")) is outer
        assert whole.owner_of(Path("/other/a.mkv")) is None
        assert whole.named("i") is inner
        assert whole.named("x") is None
