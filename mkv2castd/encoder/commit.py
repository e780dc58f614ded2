"""The journaled facts of one commit, and reading from the file system how far it has come."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes
from uuid import UUID

import msgspec

from mkv2castd.config import SourcePolicy
from mkv2castd.encoder.files import Files, lstat, move, one_file
from mkv2castd.errors import ErrorCode, MediaError
from mkv2castd.model import Identity, printable

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Beside:
    """A subtitle file that goes beside the output. replaces: our own older one in its place."""

    temporary: Path
    target: Path
    identity: Identity
    replaces: Identity | None = None


@dataclass(frozen=True, slots=True)
class Obsolete:
    """A subtitle file of ours beside an older output that is not made any more."""

    path: Path
    identity: Identity


@dataclass(frozen=True, slots=True)
class Commit:
    """What is written down before the first step; every later step follows from it alone.

    identity: of the finished temporary; stays true after the rename. target may differ from the one asked for
    where a source that was to be replaced must stay. policy "keep" with a note: why the folder's wish is not
    followed. trash: the source's place in the trash, None when it stays. links: names that the source had.
    replaces: our own older output at target, which may be overwritten. sidecars and obsolete: what else comes and
    goes beside the output; an entry of an older version has none.
    """

    job_id: UUID
    temporary: Path
    target: Path
    identity: Identity
    source: Path
    source_identity: Identity
    policy: SourcePolicy
    trash: Path | None = None
    replaces: Identity | None = None
    links: int = 1
    note: str | None = None
    sidecars: tuple[Beside, ...] = ()
    obsolete: tuple[Obsolete, ...] = ()

    @property
    def in_place(self) -> bool:
        """The output takes the source's own name."""
        return self.target == self.source


def encode(commit: Commit) -> bytes:
    """JSON, also for names that are not UTF-8: paths are percent-encoded."""
    return msgspec.json.encode(commit, enc_hook=_encode_path)


def decode(raw: bytes) -> Commit:
    """Raises msgspec.DecodeError or ValidationError for anything that `encode` did not make."""
    return msgspec.json.decode(raw, type=Commit, dec_hook=_decode_path)


def _encode_path(value: Any) -> str:
    assert isinstance(value, Path)
    return quote(os.fsencode(value))


def _decode_path(kind: type, value: Any) -> Path:
    return Path(os.fsdecode(unquote_to_bytes(value)))


def kept_in_trash(commit: Commit) -> os.stat_result | None:
    """The original in the trash; None when it is not there."""
    kept = lstat(commit.trash) if commit.trash is not None else None
    return kept if kept is not None and same(kept, commit.source_identity) else None


def linked(commit: Commit, trash: Path) -> bool:
    """Source and trash are two names of one file."""
    return one_file(lstat(commit.source), lstat(trash))


def placed(commit: Commit) -> bool:
    """The output is at its target. Size and time suffice: inode numbers are not stable everywhere, and where the
    source has the same place it is told apart by its own."""
    there = lstat(commit.target)
    if there is None or (commit.in_place and same(there, commit.source_identity)):
        return False
    found = Identity.of(there)
    return (found.size, found.mtime_ns) == (commit.identity.size, commit.identity.mtime_ns)


def put(temporary: Path, target: Path, replaces: Identity | None, files: Files) -> None:
    """Gives a temporary its name. Raises MediaError (output_exists) where a file is that is not `replaces`."""
    there = None
    for _ in range(_TRIES):  # what was in the way may be gone when it is looked at
        try:
            return move(files, temporary, target)
        except FileExistsError:
            there = lstat(target)
        if there is not None:
            break
    if there is None:
        raise OSError(errno.EAGAIN, "something comes and goes at the output's place", str(target))
    if one_file(there, lstat(temporary)):
        return files.unlink(temporary)
    if replaces is not None and same(there, replaces):
        return files.rename_over(temporary, target)
    raise MediaError(
        ErrorCode.OUTPUT_EXISTS,
        f"{printable(target)} exists and was not made from this film: move it away or rename it, then retry",
    )


def same(found: os.stat_result, identity: Identity) -> bool:
    """The device is left out: its number may be another one after a reboot, on the same path it tells nothing."""
    return Identity.of(found).matches(identity)
