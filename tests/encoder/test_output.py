"""A commit may be interrupted after any step: it ends right, loses nothing, overwrites nobody, leaves no litter."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from mkv2castd.config import Settings, SourcePolicy
from mkv2castd.encoder.files import Files, start_writing
from mkv2castd.encoder.naming import default_target, final_for_replace, temporary_for
from mkv2castd.encoder.output import (
    TRASH,
    Commit,
    carry_out,
    decode,
    discard,
    encode,
    finish_replace,
    free_bytes,
    prepare,
)
from mkv2castd.errors import DeviceError, ErrorCode, MediaError
from mkv2castd.model import Identity

FILM = b"the only copy of the film"
MADE = b"what was made of it, longer than it was before"
OLDER = b"our output of last year"


class Crash(BaseException):
    """A kill -9, as far as the file system can tell."""


class Faulty(Files):
    """Stops before the step number `stop_at`; without renameat2 or links as other file systems are."""

    def __init__(self, stop_at: int = -1, renameat2: bool = True, links: bool = True) -> None:
        self.stop_at = stop_at
        self.steps = 0
        self._renameat2 = renameat2
        self._links = links
        self.before: Callable[[str, Path], None] = lambda step, path: None

    def _step(self, name: str, path: Path) -> None:
        if self.steps == self.stop_at:
            raise Crash
        self.steps += 1
        self.before(name, path)

    def rename_new(self, old: Path, new: Path) -> None:
        if not self._renameat2:
            raise OSError(errno.EINVAL, "Invalid argument")
        self._step("rename_new", new)
        super().rename_new(old, new)

    def rename_over(self, old: Path, new: Path) -> None:
        self._step("rename_over", new)
        super().rename_over(old, new)

    def link(self, old: Path, new: Path) -> None:
        if not self._links:
            # as the kernel does it: a name that is taken is seen first
            raise FileExistsError(errno.EEXIST, "File exists") if os.path.lexists(new) else OSError(errno.EPERM, "no")
        self._step("link", new)
        super().link(old, new)

    def unlink(self, path: Path) -> None:
        self._step("unlink", path)
        super().unlink(path)

    def create(self, path: Path) -> None:
        self._step("create", path)
        super().create(path)

    def make_folder(self, path: Path) -> None:
        self._step("make_folder", path)
        super().make_folder(path)

    def remove_folder(self, path: Path) -> None:
        self._step("remove_folder", path)
        super().remove_folder(path)

    def sync_folder(self, path: Path) -> None:
        self._step("sync_folder", path)
        super().sync_folder(path)


@dataclass
class Place:
    """A watched folder with one film in it, converted and ready to be committed."""

    root: Path
    source: Path
    target: Path
    settings: Settings
    older: Identity | None = None

    @property
    def commit(self) -> Commit:
        job = uuid4()
        temporary = temporary_for(self.target, job)
        temporary.write_bytes(MADE)
        return prepare(job, temporary, self.target, self.source, identity(self.source), self.settings, self.older)

    def content(self) -> dict[str, bytes]:
        """Every file below the folder."""
        found = (path for path in sorted(self.root.rglob("*")) if not path.is_dir())
        return {str(path.relative_to(self.root)): path.read_bytes() for path in found}

    def folders(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_dir()}


def identity(path: Path) -> Identity:
    return Identity.of(path.lstat())


def make_place(root: Path, policy: SourcePolicy, name: str = "movie.avi", older: bool = False) -> Place:
    folder = root / "films" / "a"
    folder.mkdir(parents=True)
    source = folder / name
    source.write_bytes(FILM)
    os.utime(source, ns=(10**18, 10**18 + 123_456_789))
    settings = Settings(root=root / "films", source_policy=policy)
    target = final_for_replace(source, settings) if policy == "replace" else default_target(source, settings)
    known = None
    if older and target != source:
        target.write_bytes(OLDER)
        known = identity(target)
    return Place(root / "films", source, target, settings, known)


def expected(place: Place, trash: Path | None) -> dict[str, bytes]:
    found = {str(place.target.relative_to(place.root)): MADE}
    if place.settings.source_policy == "keep":
        found[str(place.source.relative_to(place.root))] = FILM
    if place.settings.source_policy == "trash":
        assert trash is not None
        found[str(trash.relative_to(place.root))] = FILM
    return found


CASES = [
    (policy, name, older)
    for policy in ("keep", "trash", "replace")
    for name in ("movie.avi", "movie.mkv")
    for older in (False, True)
]
KINDS = {"renameat2": (True, True), "links": (False, True), "neither": (False, False), "no links": (True, False)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("policy", "name", "older"), CASES)
def test_a_crash_after_any_step_is_finished_by_the_next_call(
    tmp_path: Path, policy: SourcePolicy, name: str, older: bool, kind: str
) -> None:
    renameat2, links = KINDS[kind]
    for stop_at in range(100):
        place = make_place(tmp_path / str(stop_at), policy, name, older)
        commit = decode(encode(place.commit))
        files = Faulty(stop_at, renameat2, links)
        try:
            assert carry_out(commit, files)
        except Crash:
            # the following calls are killed too, each one step later; the last one goes through
            for again in range(100):
                assert FILM in place.content().values(), "the source's bytes are nowhere"
                try:
                    assert carry_out(commit, Faulty(again, renameat2, links))
                    break
                except Crash:
                    continue
            assert carry_out(commit, Faulty(-1, renameat2, links))
            finish_replace(commit)
            finish_replace(commit)
            assert place.content() == expected(place, commit.trash)
        else:
            assert FILM in place.content().values()
            finish_replace(commit)
            assert place.content() == expected(place, commit.trash)
            assert stop_at > 1
            return
    pytest.fail("never went through")


def test_a_crash_while_the_original_is_removed_is_finished_too(tmp_path: Path) -> None:
    for stop_at in range(20):
        place = make_place(tmp_path / str(stop_at), "replace")
        commit = place.commit
        assert carry_out(commit)
        with suppress(Crash):
            finish_replace(commit, Faulty(stop_at))
        assert carry_out(commit)
        finish_replace(commit)
        assert place.content() == {"a/movie.mkv": MADE}
        assert place.folders() == {"a"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("policy", "name", "older"), CASES)
def test_when_the_temporary_is_lost_in_a_crash_the_source_is_back_in_its_place(
    tmp_path: Path, policy: SourcePolicy, name: str, older: bool, kind: str
) -> None:
    renameat2, links = KINDS[kind]
    for stop_at in range(100):
        place = make_place(tmp_path / str(stop_at), policy, name, older)
        before = place.content()
        commit = place.commit
        try:
            carry_out(commit, Faulty(stop_at, renameat2, links))
        except Crash:
            if not commit.temporary.exists():
                continue  # already in place
            one_more_name = commit.temporary.stat().st_nlink > 1
            discard(commit.temporary)
            if one_more_name:
                assert carry_out(commit, Faulty(-1, renameat2, links))
                continue
            assert not carry_out(commit, Faulty(-1, renameat2, links))
            left = place.content()
            left = {name: data for name, data in left.items() if data or name != _below(place, place.target)}
            assert left == before
            assert place.folders() == {"a"}
        else:
            return
    pytest.fail("never went through")


def _below(place: Place, path: Path) -> str:
    return str(path.relative_to(place.root))


@pytest.mark.parametrize(
    ("policy", "name"), [("trash", "movie.avi"), ("replace", "movie.avi"), ("replace", "movie.mkv")]
)
def test_an_output_that_vanished_after_its_rename_brings_the_source_back(
    tmp_path: Path, policy: SourcePolicy, name: str
) -> None:
    place = make_place(tmp_path, policy, name)
    before = place.content()
    commit = place.commit
    assert carry_out(commit)
    place.target.unlink()
    assert not carry_out(commit)
    assert place.content() == before
    assert place.folders() == {"a"}


def test_it_takes_mode_times_and_owner_of_the_source(tmp_path: Path) -> None:
    place = make_place(tmp_path, "keep")
    place.source.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(place.source, 12345, 54321)
    assert carry_out(place.commit)
    there, source = place.target.stat(), place.source.stat()
    assert stat.S_IMODE(there.st_mode) == 0o640
    assert there.st_mtime_ns == source.st_mtime_ns == 10**18 + 123_456_789
    assert (there.st_uid, there.st_gid) == (source.st_uid, source.st_gid)


def test_a_mode_that_shuts_us_out_is_no_hindrance(tmp_path: Path) -> None:
    place = make_place(tmp_path, "keep")
    place.source.chmod(0)
    assert carry_out(place.commit)
    assert stat.S_IMODE(place.target.stat().st_mode) == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("obstacle", ["file", "folder", "dangling link", "link to the source"])
def test_a_file_that_is_not_ours_is_never_overwritten(tmp_path: Path, obstacle: str, kind: str) -> None:
    place = make_place(tmp_path, "trash")
    commit = place.commit
    match obstacle:
        case "file":
            place.target.write_bytes(b"somebody else's")
        case "folder":
            place.target.mkdir()
        case "dangling link":
            place.target.symlink_to("nowhere")
        case _:
            place.target.symlink_to(place.source.name)
    before = place.target.lstat()
    with pytest.raises(MediaError) as caught:
        carry_out(commit, Faulty(-1, *KINDS[kind]))
    assert caught.value.code is ErrorCode.OUTPUT_EXISTS
    assert place.target.lstat() == before
    assert place.source.read_bytes() == FILM
    discard(commit.temporary)
    discard(commit.temporary)


def test_a_file_that_appears_in_the_last_moment_is_not_overwritten(tmp_path: Path) -> None:
    for name in ("rename_new", "link", "create"):
        place = make_place(tmp_path / name, "keep")
        files = Faulty(-1, name == "rename_new", name != "create")

        def appear(step: str, path: Path, wanted: str = name, place: Place = place) -> None:
            if step == wanted:
                place.target.write_bytes(b"just copied here")

        files.before = appear
        with pytest.raises(MediaError):
            carry_out(place.commit, files)
        assert place.target.read_bytes() == b"just copied here"


def test_our_older_output_is_overwritten_only_as_long_as_it_is_the_same(tmp_path: Path) -> None:
    place = make_place(tmp_path, "keep", older=True)
    commit = place.commit
    place.target.write_bytes(b"edited by its owner")
    with pytest.raises(MediaError):
        carry_out(commit)
    assert place.target.read_bytes() == b"edited by its owner"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_source_that_changed_is_noticed_before_it_is_replaced(tmp_path: Path, moment: str) -> None:
    place = make_place(tmp_path, "replace", "movie.mkv")
    commit = place.commit
    files = Faulty()

    def change(step: str, path: Path) -> None:
        if step == ("make_folder" if moment == "before" else "sync_folder") and place.source.read_bytes() == FILM:
            fresh = place.source.with_name("fresh")
            fresh.write_bytes(b"a better version of it")
            fresh.rename(place.source)

    files.before = change
    with pytest.raises(DeviceError) as caught:
        carry_out(commit, files)
    assert caught.value.code is ErrorCode.SOURCE_CHANGED
    assert place.source.read_bytes() == b"a better version of it"


def test_a_source_that_changed_or_went_is_told_before_the_first_step(tmp_path: Path) -> None:
    place = make_place(tmp_path, "keep")
    known = identity(place.source)
    place.source.write_bytes(FILM + b"more")
    temporary = temporary_for(place.target, uuid4())
    temporary.write_bytes(MADE)
    for _ in range(2):
        with pytest.raises(DeviceError) as caught:
            prepare(uuid4(), temporary, place.target, place.source, known, place.settings, None)
        assert caught.value.code is ErrorCode.SOURCE_CHANGED
        place.source.unlink(missing_ok=True)


@pytest.mark.parametrize("policy", ["trash", "replace"])
def test_a_source_that_changed_after_the_output_was_placed_is_left_alone(
    tmp_path: Path, policy: SourcePolicy
) -> None:
    place = make_place(tmp_path, policy)
    commit = place.commit
    place.source.write_bytes(b"still being written to")
    assert carry_out(commit)
    finish_replace(commit)
    assert place.source.read_bytes() == b"still being written to"
    assert place.target.read_bytes() == MADE
    assert place.folders() == {"a"}


@pytest.mark.parametrize(
    ("policy", "name"), [("trash", "movie.mkv"), ("replace", "movie.avi"), ("replace", "movie.mkv")]
)
def test_a_source_with_other_hard_links_stays_unless_it_may_go(
    tmp_path: Path, policy: SourcePolicy, name: str
) -> None:
    place = make_place(tmp_path, policy, name)
    seed = tmp_path / "seed"
    os.link(place.source, seed)
    commit = place.commit
    assert commit.policy == "keep"
    assert commit.note is not None
    assert "hardlinks = true" in commit.note
    assert carry_out(commit)
    finish_replace(commit)
    assert place.source.read_bytes() == seed.read_bytes() == FILM
    assert commit.target.read_bytes() == MADE
    assert commit.target != place.source

    commit.target.unlink()
    place.settings = replace(place.settings, hardlinks=True)
    commit = place.commit
    assert commit.policy == policy
    assert carry_out(commit)
    finish_replace(commit)
    assert place.target.read_bytes() == MADE
    assert seed.read_bytes() == FILM
    assert place.source.read_bytes() == MADE if place.target == place.source else not place.source.exists()


def test_a_hard_link_made_after_preparing_keeps_the_source(tmp_path: Path) -> None:
    place = make_place(tmp_path, "trash")
    commit = place.commit
    os.link(place.source, tmp_path / "seed")
    assert carry_out(commit)
    assert place.source.read_bytes() == FILM


def test_a_symbolic_link_stays(tmp_path: Path) -> None:
    place = make_place(tmp_path, "replace", "movie.mkv")
    real = place.root / "real.mkv"
    place.source.rename(real)
    place.source.symlink_to(real)
    job = uuid4()
    temporary = temporary_for(place.target, job)
    temporary.write_bytes(MADE)
    commit = prepare(job, temporary, place.target, place.source, identity(real), place.settings, None)
    assert commit.note is not None
    assert carry_out(commit)
    assert place.source.is_symlink()
    assert real.read_bytes() == FILM
    assert (place.source.parent / "movie_chromecast.mkv").read_bytes() == MADE


def test_the_trash_keeps_the_tree_and_never_overwrites(tmp_path: Path) -> None:
    place = make_place(tmp_path, "trash")
    day = time.strftime("%Y-%m-%d", time.gmtime())
    first = place.commit
    assert first.trash == place.root / TRASH / day / "a" / "movie.avi"
    assert carry_out(first)
    place.source.write_bytes(b"the film came again")
    place.older = identity(place.target)
    second = place.commit
    assert second.trash == first.trash.with_name("movie.2.avi")
    assert carry_out(second)
    assert first.trash.read_bytes() == FILM
    assert second.trash.read_bytes() == b"the film came again"


def test_a_place_in_the_trash_that_was_taken_meanwhile_leaves_the_source(tmp_path: Path) -> None:
    place = make_place(tmp_path, "trash")
    commit = place.commit
    assert commit.trash is not None
    commit.trash.parent.mkdir(parents=True)
    commit.trash.write_bytes(b"another")
    assert carry_out(commit)
    assert place.source.read_bytes() == FILM
    assert commit.trash.read_bytes() == b"another"
    assert place.target.read_bytes() == MADE


def test_a_trash_that_cannot_be_made_leaves_the_source(tmp_path: Path) -> None:
    place = make_place(tmp_path, "trash")
    (place.root / TRASH).write_bytes(b"no folder")
    assert carry_out(place.commit)
    assert place.source.read_bytes() == FILM
    place = make_place(tmp_path / "second", "replace", "movie.mkv")
    (place.root / TRASH).write_bytes(b"no folder")
    commit = place.commit
    with pytest.raises(OSError):
        carry_out(commit)
    assert place.source.read_bytes() == FILM
    assert commit.temporary.read_bytes() == MADE


def test_a_folder_pruned_by_another_jobs_end_is_made_again(tmp_path: Path) -> None:
    for policy, name, step in (("trash", "movie.avi", "rename_new"), ("replace", "movie.mkv", "link")):
        place = make_place(tmp_path / policy, policy, name)  # type: ignore[arg-type]
        commit = place.commit
        assert commit.trash is not None
        files = Faulty()
        pruned: list[Path] = []

        def prune_once(
            done: str, path: Path, step: str = step, trash: Path = commit.trash, pruned: list[Path] = pruned
        ) -> None:
            if done == step and path == trash and not pruned:
                pruned.append(trash)
                trash.parent.rmdir()

        files.before = prune_once
        assert carry_out(commit, files)
        assert pruned
        assert commit.trash.read_bytes() == FILM


def test_an_error_in_the_middle_of_a_replace_changes_nothing(tmp_path: Path) -> None:
    place = make_place(tmp_path, "replace", "movie.mkv")
    commit = place.commit
    files = Faulty()

    def fail(step: str, path: Path) -> None:
        if step == "rename_over":
            raise OSError(errno.EIO, "Input/output error")

    files.before = fail
    with pytest.raises(OSError, match="Input/output"):
        carry_out(commit, files)
    assert place.source.stat().st_nlink == 1
    assert place.folders() == {"a"}
    assert carry_out(commit)
    assert place.source.read_bytes() == MADE


def test_a_temporary_that_is_another_file_by_now_is_not_taken(tmp_path: Path) -> None:
    place = make_place(tmp_path, "trash")
    commit = place.commit
    commit.temporary.write_bytes(b"short")
    assert not carry_out(commit)
    assert place.content() == {"a/movie.avi": FILM}


def test_names_that_are_not_utf8_survive_the_journal(tmp_path: Path) -> None:
    place = make_place(tmp_path, "trash", os.fsdecode(b"caf\xe9 %41\n\xff.avi"))
    commit = place.commit
    raw = encode(commit)
    raw.decode("ascii")
    assert decode(raw) == commit
    assert carry_out(decode(raw))
    assert set(place.content().values()) == {FILM, MADE}
    with pytest.raises(msgspec.DecodeError):
        decode(b"{")


def test_the_journal_survives_a_reboot_that_renumbers_devices(tmp_path: Path) -> None:
    place = make_place(tmp_path, "trash")
    commit = place.commit
    moved = replace(
        commit,
        identity=replace(commit.identity, device=9999),
        source_identity=replace(commit.source_identity, device=9999),
    )
    assert carry_out(moved)
    assert carry_out(moved)
    assert not place.source.exists()


def test_a_folder_that_cannot_be_written_to_is_an_os_error_and_changes_nothing(tmp_path: Path) -> None:
    place = make_place(tmp_path, "trash")
    commit = place.commit
    place.source.parent.chmod(0o555)
    try:
        if os.geteuid() == 0:
            pid = os.fork()
            if pid == 0:
                os.setresuid(65534, 65534, 65534)
                os._exit(_refused(commit))
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        else:
            assert _refused(commit) == 0
    finally:
        place.source.parent.chmod(0o755)
    assert place.content() == {f"a/{commit.temporary.name}": MADE, "a/movie.avi": FILM}


def _refused(commit: Commit) -> int:
    try:
        carry_out(commit)
    except PermissionError:
        return 0
    except (OSError, MediaError, DeviceError):
        return 2
    return 1


def test_a_full_disk_while_trashing_leaves_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_place(tmp_path, "trash")
    commit = place.commit
    files = Faulty()

    def fail(step: str, path: Path) -> None:
        if step == "make_folder":
            raise OSError(errno.ENOSPC, "No space left on device")

    files.before = fail
    assert carry_out(commit, files)
    assert place.source.read_bytes() == FILM
    assert place.target.read_bytes() == MADE


def test_a_disk_without_room_for_a_folder_leaves_the_source(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=5", "none", str(disk)]
    if subprocess.run(argv, stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("may not mount here")
    try:
        place = make_place(disk, "trash")
        assert carry_out(place.commit)
        assert place.content() == {"a/movie.avi": FILM, "a/movie_chromecast.mkv": MADE}
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_starting_to_write_a_file_that_is_gone_is_no_error(tmp_path: Path) -> None:
    start_writing(tmp_path / "none")
    (tmp_path / "there").write_bytes(b"x")
    start_writing(tmp_path / "there")


def test_free_space_is_that_of_the_folder(tmp_path: Path) -> None:
    found = os.statvfs(tmp_path)
    assert abs(free_bytes(tmp_path) - found.f_bavail * found.f_frsize) < 2**30
    with pytest.raises(OSError):
        free_bytes(tmp_path / "none")
