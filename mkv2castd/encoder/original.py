"""What becomes of the source of a commit: into the trash, back again, or gone for good."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

from mkv2castd.encoder.commit import Commit, kept_in_trash, linked, same
from mkv2castd.encoder.files import NO_LINK, Files, is_placeholder, lstat, make_folders, move
from mkv2castd.encoder.trash import prune
from mkv2castd.errors import DeviceError, ErrorCode
from mkv2castd.model import printable

_log = logging.getLogger(__name__)
_TRIES = 3


def check_source(commit: Commit) -> None:
    """The source is still the one that was converted, and has no name that it had not then."""
    here = lstat(commit.source)
    if here is None or not same(here, commit.source_identity):
        raise DeviceError(ErrorCode.SOURCE_CHANGED, f"{printable(commit.source)} is another file by now")
    ours = commit.trash is not None and linked(commit, commit.trash)
    if here.st_nlink > commit.links + ours:
        raise DeviceError(ErrorCode.SOURCE_CHANGED, f"{printable(commit.source)} has got another hard link")


def into_trash(commit: Commit, trash: Path, files: Files) -> bool:
    """True: the original has two names now; False: it could only be moved."""
    for attempt in range(_TRIES):
        make_folders(files, trash.parent)
        try:
            if not linked(commit, trash):
                files.link(commit.source, trash)
            files.sync_folder(trash.parent)
            return True
        except FileNotFoundError:  # another job's end has pruned the folder
            if attempt == _TRIES - 1:
                raise
        except OSError as error:
            if error.errno not in NO_LINK and not is_placeholder(trash):
                raise
            break
    move(files, commit.source, trash)
    files.sync_folder(trash.parent)
    files.sync_folder(commit.source.parent)
    return False


def retire(commit: Commit, trash: Path, files: Files) -> None:
    """Moves the source into the trash, once the output is durable in its place. A source that is another one by
    now, or has got another name, is left alone."""
    if lstat(commit.source) is None:
        return
    try:
        check_source(commit)
        _move_to_trash(commit, trash, files)
        files.sync_folder(trash.parent)
        files.sync_folder(commit.source.parent)
    except (OSError, DeviceError) as error:
        _log.warning("the source stays: %s", printable(str(error)), extra={"job_id": commit.job_id})
        undo(commit, files)


def _move_to_trash(commit: Commit, trash: Path, files: Files) -> None:
    for attempt in range(_TRIES):
        make_folders(files, trash.parent)
        try:
            if linked(commit, trash):
                return files.unlink(commit.source)
            return move(files, commit.source, trash)
        except FileNotFoundError:  # another job's end has pruned the folder
            if attempt == _TRIES - 1:
                raise
    return None


def undo(commit: Commit, files: Files) -> None:
    """Gives the source its place back, when nothing else is there, and leaves no second name in the trash."""
    if commit.trash is None:
        return
    here = lstat(commit.source)
    if kept_in_trash(commit) is None:
        if here is not None and is_placeholder(commit.trash):
            files.unlink(commit.trash)
    elif linked(commit, commit.trash):
        files.unlink(commit.trash)
    elif here is None or is_placeholder(commit.source):
        with suppress(FileExistsError):
            move(files, commit.trash, commit.source)
            files.sync_folder(commit.source.parent)
    prune(files, commit.trash)


def remove_original(commit: Commit, trash: Path, files: Files) -> None:
    """Removes the original from the trash, unless it has its own place again."""
    if kept_in_trash(commit) is not None and not linked(commit, trash):
        files.unlink(trash)
    prune(files, trash)
