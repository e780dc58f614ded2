"""Whether a user could read a file themselves: judged as the kernel judges it, and pinned when it is found."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from mkv2castd.encoder.limits import LIMITS, find
from mkv2castd.errors import ErrorCode, MediaError, RequestError
from mkv2castd.readers import Reader, open_for
from tests.clips import make_clip
from tests.encoder.scene import scene

ME = Reader(os.getuid(), frozenset(os.getgroups()) | {os.getgid()})
# nobody's: of no account and no group of this machine
STRANGER = Reader(54_321, frozenset({54_321}))
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give files to others")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder that all may enter, with the way to it."""
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        if folder.stat().st_uid == os.getuid():
            folder.chmod(folder.stat().st_mode | 0o055)
    return tmp_path


def a_file(path: Path, mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"film")
    path.chmod(mode)
    return path


def reads(reader: Reader, path: Path) -> str:
    """What the file is, by its own descriptor; or why not."""
    try:
        with open_for(reader, path) as file:
            return Path(f"/proc/self/fd/{file.fileno()}").read_text()
    except OSError as error:
        return str(error.strerror)


def test_what_all_may_read_is_found_also_through_links(place: Path) -> None:
    film = a_file(place / "films" / "film.mkv")
    (place / "link.mkv").symlink_to("films/film.mkv")
    (place / "elsewhere").symlink_to(place / "films")
    (place / "round").symlink_to("elsewhere/../films")
    for path in (film, place / "link.mkv", place / "elsewhere" / "film.mkv", place / "round" / ".." / "link.mkv"):
        assert reads(STRANGER, path) == "film", path


def test_what_the_bits_of_ones_class_refuse_is_refused(place: Path) -> None:
    assert reads(STRANGER, a_file(place / "mine.mkv", 0o640)) == "Permission denied"
    a_file(place / "closed" / "film.mkv")
    (place / "closed").chmod(0o754)
    assert reads(STRANGER, place / "closed" / "film.mkv") == "Permission denied"
    (place / "link.mkv").symlink_to("closed/film.mkv")
    assert reads(STRANGER, place / "link.mkv") == "Permission denied"


def test_an_owner_has_the_owners_rights_and_no_others(place: Path) -> None:
    film = a_file(place / "film.mkv", 0o044)
    owner = Reader(film.stat().st_uid, frozenset({film.stat().st_gid}))
    expected = "film" if owner.uid == 0 else "Permission denied"
    assert reads(owner, film) == expected
    film.chmod(0o400)
    assert reads(owner, film) == "film"


def test_a_member_of_the_group_has_the_groups_rights_and_no_others(place: Path) -> None:
    film = a_file(place / "film.mkv", 0o640)
    member = Reader(54_321, frozenset({54_321, film.stat().st_gid}))
    assert reads(member, film) == "film"
    film.chmod(0o604)
    assert reads(member, film) == "Permission denied"
    assert reads(STRANGER, film) == "film"


def test_what_is_not_to_be_seen_is_not_told_of(place: Path) -> None:
    a_file(place / "closed" / "film.mkv")
    (place / "closed").chmod(0o700)
    assert reads(STRANGER, place / "closed" / "film.mkv") == "Permission denied"
    assert reads(STRANGER, place / "closed" / "nothing.mkv") == "Permission denied"
    assert reads(STRANGER, place / "nothing.mkv") == "No such file or directory"


def test_only_regular_files_are_found(place: Path) -> None:
    os.mkfifo(place / "pipe")
    (place / "endless").symlink_to("endless")
    (place / "film.mkv").write_bytes(b"")
    assert reads(ME, place / "pipe") == "Not a regular file"
    assert reads(ME, place) == "Not a regular file"
    assert reads(ME, place / "endless") == "Too many levels of symbolic links"
    assert reads(ME, place / "film.mkv" / "below") == "Not a directory"


def test_a_file_that_was_found_stays_that_file(place: Path) -> None:
    film, secret = a_file(place / "film.mkv"), place / "secret"
    secret.write_text("secret")
    with open_for(STRANGER, film) as file:
        film.unlink()
        film.symlink_to(secret)
        assert Path(f"/proc/self/fd/{file.fileno()}").read_text() == "film"


@needs_root
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv (util-linux) is not here")
def test_the_kernel_judges_likewise(place: Path) -> None:
    """Each mode of a file and of its folder, asked of both."""
    film = a_file(place / "folder" / "film.mkv")
    os.chown(film, 54_321, 54_322)
    readers = {uid: Reader(uid, frozenset(groups)) for uid, groups in ((54_321, {9}), (7, {54_322}), (8, {9}))}
    modes = [(file, folder) for file in (0o000, 0o400, 0o040, 0o004, 0o444) for folder in (0o755, 0o700, 0o711)]
    for uid, reader in readers.items():
        group = next(iter(reader.groups))
        for file_mode, folder_mode in modes:
            film.chmod(file_mode)
            film.parent.chmod(folder_mode)
            argv = ["setpriv", f"--reuid={uid}", f"--regid={group}", "--clear-groups", "cat", str(film)]
            kernel = subprocess.run(argv, capture_output=True, check=False, cwd="/").returncode == 0
            assert (reads(reader, film) == "film") == kernel, (uid, oct(file_mode), oct(folder_mode))


def test_of_files_with_a_list_of_rights_only_the_owners_are_believed(place: Path) -> None:
    film = a_file(place / "film.mkv")
    # everybody may read it, but for the stranger: (tag, rights, id) each, as acl(5) and the kernel have them
    entries = ((0x01, 6, -1), (0x02, 0, STRANGER.uid), (0x04, 4, -1), (0x10, 4, -1), (0x20, 4, -1))
    try:
        raw = b"".join(struct.pack("<HHi", *entry) for entry in entries)
        os.setxattr(film, "system.posix_acl_access", struct.pack("<I", 2) + raw)
    except OSError as error:
        pytest.skip(f"this file system has no ACLs: {error.strerror}")
    assert reads(STRANGER, film) == "Permission denied"
    assert reads(Reader(54_322, frozenset({54_322})), film) == "Permission denied"
    assert reads(ME, film) == "film"


def is_held(path: Path) -> bool:
    """Is a descriptor of it still open?"""
    mine = Path("/proc/self/fd")
    return any(os.path.realpath(mine / number) == str(path) for number in os.listdir(mine))


async def test_a_film_outside_is_analysed_for_whoever_could_read_it(place: Path) -> None:
    (place / "outside").mkdir()
    film = make_clip(place / "outside" / "film.mkv", video="hevc", audio=("ac3",))
    async with scene(place) as here:
        told = await here.control.analyze(film, reader=ME, profile=("nest-hub",))
        assert not is_held(film)
        assert [stream.codec for stream in told.streams] == ["hevc", "ac3"]
        assert told.profile == ("nest-hub",)
        with pytest.raises(RequestError, match="lies in no watched folder"):
            await here.control.analyze(film)
        film.chmod(0o600)
        with pytest.raises(RequestError, match="Permission denied") as refused:
            await here.control.analyze(film, reader=STRANGER)
        assert not is_held(film)
        assert refused.value.code is ErrorCode.INVALID_PATH


async def test_children_in_namespaces_of_their_own_find_the_film_as_well(place: Path) -> None:
    limits = find(1000)
    if "--user" not in limits.prefix:
        pytest.skip("this machine permits no namespaces of users")
    (place / "outside").mkdir()
    film = make_clip(place / "outside" / "film.mkv", video="hevc", audio=("ac3",))
    LIMITS.set(limits)
    async with scene(place) as here:
        told = await here.control.analyze(film, reader=ME)
    assert [stream.codec for stream in told.streams] == ["hevc", "ac3"]


async def test_what_is_no_film_is_named_as_the_caller_named_it(place: Path) -> None:
    text = a_file(place / "outside" / "letter.txt")
    async with scene(place) as here:
        with pytest.raises(MediaError) as refused:
            await here.control.analyze(text, reader=ME)
    assert "/proc/" not in refused.value.message


async def test_films_outside_are_not_submitted_and_strangers_learn_nothing_of_them(place: Path) -> None:
    film = a_file(place / "outside" / "film.mkv", 0o600)
    async with scene(place) as here:
        for path in (film, film.with_name("nothing.mkv")):
            film.parent.chmod(0o700)
            with pytest.raises(RequestError, match="Permission denied") as refused:
                await here.control.submit(path, reader=STRANGER)
            assert refused.value.code is ErrorCode.INVALID_PATH
        with pytest.raises(RequestError, match="lies in no watched folder"):
            await here.control.submit(film, reader=ME)
        assert (await here.control.submit(here.film("film.mkv"), reader=STRANGER)).folder == "films"
