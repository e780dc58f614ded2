"""Puts a verified output in its place and does to the source what the folder asks for, in steps that any crash
may interrupt: a Commit is written down before the first one, and `carry_out` finishes or undoes from any point.

Everything here blocks: call it in a thread.
"""

from __future__ import annotations

import logging
import os
import shutil
import stat
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from mkv2castd.config import Settings
from mkv2castd.encoder import sidecars
from mkv2castd.encoder.commit import Commit, decode, encode, kept_in_trash, placed, put, same
from mkv2castd.encoder.files import Files, lstat
from mkv2castd.encoder.naming import default_target
from mkv2castd.encoder.original import check_source, into_trash, remove_original, retire, undo
from mkv2castd.encoder.sidecars import NO_SIDECARS, Sidecars
from mkv2castd.encoder.trash import TRASH, purge_trash, trash_for
from mkv2castd.errors import DeviceError, ErrorCode, MediaError
from mkv2castd.model import Identity, printable

__all__ = [
    "TRASH",
    "Commit",
    "carry_out",
    "decode",
    "discard",
    "encode",
    "finish_replace",
    "free_bytes",
    "prepare",
    "purge_trash",
]

_log = logging.getLogger(__name__)
_FILES = Files()


def prepare(
    job_id: UUID,
    temporary: Path,
    target: Path,
    source: Path,
    source_identity: Identity,
    settings: Settings,
    replaces: Identity | None,
    made: Sidecars = NO_SIDECARS,
) -> Commit:
    """Makes the temporary final and durable (mode, times and owner of the source, where allowed) and decides what
    happens to the source. made: what else there is to put beside the output. Raises DeviceError (source_changed),
    OSError."""
    found = _unchanged(source, source_identity)
    for path in (temporary, *(one.temporary for one in made.files)):
        _dress(path, found)
    _unchanged(source, source_identity)
    commit = Commit(
        job_id=job_id,
        temporary=temporary,
        target=target,
        identity=Identity.of(temporary.lstat()),
        source=source,
        source_identity=source_identity,
        policy=settings.source_policy,
        replaces=replaces,
        links=found.st_nlink,
    )
    return sidecars.settle(_with_policy(commit, found, settings), made)


def _with_policy(commit: Commit, found: os.stat_result, settings: Settings) -> Commit:
    source = commit.source
    if settings.source_policy == "keep":
        return _kept(commit, settings, None)
    reason = _must_stay(source, found, settings)
    if reason is not None:
        return _kept(commit, settings, f"the source stays: {reason}")
    try:
        return replace(commit, trash=trash_for(source, settings.root, time.time()))
    except OSError as error:
        return _kept(commit, settings, f"the source stays: no place in the trash for it: {error.strerror}")


def _kept(commit: Commit, settings: Settings, note: str | None) -> Commit:
    target = commit.target
    if commit.in_place:
        target = default_target(commit.source, replace(settings, output_root=None))
    return replace(commit, policy="keep", target=target, trash=None, note=note)


def _must_stay(source: Path, found: os.stat_result, settings: Settings) -> str | None:
    if source.is_symlink():
        return "it is a symbolic link"
    if found.st_nlink > 1 and not settings.hardlinks:
        return "it has other hard links; hardlinks = true in the folder allows it nevertheless"
    if not os.access(source.parent, os.W_OK | os.X_OK):
        return f"no permission to remove it from {printable(source.parent)}"
    return None


def _unchanged(source: Path, identity: Identity) -> os.stat_result:
    try:
        found = source.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DeviceError(ErrorCode.SOURCE_CHANGED, f"{printable(source)} is gone") from error
    if not same(found, identity) and not same(source.lstat(), identity):
        raise DeviceError(ErrorCode.SOURCE_CHANGED, f"{printable(source)} was changed while it was converted")
    return found


def _dress(temporary: Path, source: os.stat_result) -> None:
    """By one descriptor, so that no mode shuts us out halfway; the owner last: whoever may only give files away
    could not set the rest afterwards."""
    descriptor = os.open(temporary, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with suppress(PermissionError):
            os.fchmod(descriptor, stat.S_IMODE(source.st_mode) & 0o777)
        with suppress(PermissionError):
            os.utime(descriptor, ns=(source.st_atime_ns, source.st_mtime_ns))
        made = os.fstat(descriptor)
        if (made.st_uid, made.st_gid) != (source.st_uid, source.st_gid):
            try:
                os.fchown(descriptor, source.st_uid, source.st_gid)
            except OSError:
                with suppress(OSError):
                    os.fchown(descriptor, -1, source.st_gid)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def carry_out(commit: Commit, files: Files = _FILES) -> bool:
    """Does what is left to do; may be called again at any point. True: done. False: the temporary is gone and
    nothing is in place; the source is where it was, and the job must be tried again.

    A file that is not ours is never overwritten: MediaError (output_exists). DeviceError (source_changed): the
    source that was to be replaced is another one by now. OSError: not done yet. After an error nothing is changed.
    When the output is in place and only the source cannot be moved, it stays and the log tells why.
    """
    found = lstat(commit.temporary)
    if found is None or not same(found, commit.identity):
        if found is not None:
            files.unlink(commit.temporary)
        if not placed(commit):
            undo(commit, files)
            return False
    elif commit.in_place:
        _replace(commit, files)
    else:
        put(commit.temporary, commit.target, commit.replaces, files)
    sidecars.carry_out(commit, files)
    files.sync_folder(commit.target.parent)
    if commit.trash is not None and not commit.in_place:
        retire(commit, commit.trash, files)
    return True


def _replace(commit: Commit, files: Files) -> None:
    """The original is given a second name in the trash, then the output takes the first one in one step."""
    assert commit.trash is not None, "only a source that goes into the trash is replaced"
    try:
        if lstat(commit.source) is None and kept_in_trash(commit) is not None:
            # no hard links here, and a crash after the original had been moved
            return put(commit.temporary, commit.target, commit.replaces, files)
        check_source(commit)
        if into_trash(commit, commit.trash, files):
            check_source(commit)
            return files.rename_over(commit.temporary, commit.target)
        return put(commit.temporary, commit.target, commit.replaces, files)
    except (OSError, MediaError, DeviceError):
        undo(commit, files)
        raise


def finish_replace(commit: Commit, files: Files = _FILES) -> None:
    """Once the store knows that a "replace" is done: removes the original from the trash. One that cannot be removed
    costs room, not the output: it is told in the log, and goes with the trash of its day."""
    if commit.policy == "replace" and commit.trash is not None:
        try:
            remove_original(commit, commit.trash, files)
        except OSError as error:
            _log.warning("%s cannot be removed: %s", printable(commit.trash), error.strerror)


def discard(temporary: Path) -> None:
    """Removes a temporary and all that was laid out beside it, as far as it is there. What cannot be removed is told
    in the log: whoever discards has something else to say."""
    try:
        temporary.unlink(missing_ok=True)
        for path in working_files(temporary):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    except OSError as error:
        _log.warning("%s cannot be removed: %s", printable(temporary), error.strerror)


def working_files(temporary: Path) -> list[Path]:
    """The further files of an attempt, beside its temporary. Raises OSError."""
    try:
        with os.scandir(temporary.parent) as entries:
            return [Path(entry.path) for entry in entries if entry.name.startswith(f"{temporary.name}.")]
    except FileNotFoundError:
        return []


def free_bytes(folder: Path) -> int:
    """What this user may still write there. Raises OSError."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
