"""Is every folder of the tree read and watched? Keeps count, and says what is wrong and how to mend it.

watchfiles says nothing when the kernel refuses a further watch (limit reached, no permission): only comparing the
folders that were read with those that the kernel watches tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mkv2castd.model import printable
from mkv2castd.watch.hints import LIMIT_REACHED

_TRIES = (0.05, 0.2, 0.5, 1.0, 2.0)  # s between looks whether a folder is watched by now
Folders = Sequence[tuple[bytes, int]]
"""(path, inode) of folders that were read"""


class Coverage:
    """What is known of one folder's tree. `refused`: why there is no watch at all. `due`: when `confirm` wants to
    be called. Times are the caller's monotonic seconds."""

    def __init__(self, poll_seconds: float) -> None:
        self.refused: str | None = None
        self.due: float | None = None
        self._poll_seconds = poll_seconds
        self._folders: dict[bytes, int] = {}
        self._unreadable: dict[bytes, str] = {}
        self._unwatched: set[bytes] = set()
        self._young: dict[bytes, tuple[int, int]] = {}  # path → inode, tries

    @property
    def whole(self) -> bool:
        """Does inotify tell of every folder, as far as can be known?"""
        return self.refused is None and not self._unwatched

    @property
    def problem(self) -> str | None:
        """For people, with its remedy."""
        parts = []
        if self._unreadable:
            parts.append(self._reading_problem())
        if not self.whole:
            if self.refused is not None:
                parts.append(self.refused)
            elif not self._unreadable:
                parts.append(LIMIT_REACHED)
            parts.append(f"until then the folder is compared every {self._poll_seconds:g} s")
        return "; ".join(parts) if parts else None

    def compared(
        self,
        folders: Folders,
        unreadable: Sequence[tuple[bytes, OSError]],
        watched: frozenset[int] | None,
        now: float,
    ) -> None:
        """The whole tree was read. `watched`: inodes that the kernel watches; None: unknown, or no watch."""
        # the young ones may have come after the reading of their parents
        self._folders = {path: inode for path, (inode, _) in self._young.items()} | dict(folders)
        self._note_unreadable(unreadable, fresh=True)
        missing = {} if watched is None else {path: inode for path, inode in folders if inode not in watched}
        self._unwatched.intersection_update(missing)
        # one that is not watched may only be too new for it
        self._await({path: inode for path, inode in missing.items() if path not in self._unwatched}, now)

    def entered(
        self, folders: Folders, unreadable: Sequence[tuple[bytes, OSError]], now: float, *, hinted: bool
    ) -> None:
        """These have just appeared and were read. `hinted`: a watch is expected to include them soon."""
        self._folders.update(folders)
        for path, _ in folders:
            self._unreadable.pop(path, None)
        self._note_unreadable(unreadable, fresh=False)
        if hinted:
            self._await(dict(folders), now)

    def unknown(self, folders: Folders) -> Folders:
        """Those that were never read before."""
        return [(path, inode) for path, inode in folders if self._folders.get(path) != inode]

    def silent(self, watched: frozenset[int]) -> list[bytes]:
        """Folders that were watched and are not any more; they may be gone."""
        return [
            path
            for path, inode in self._folders.items()
            if inode not in watched and path not in self._young and path not in self._unwatched
        ]

    def confirm(self, watched: frozenset[int] | None, now: float) -> tuple[list[bytes], list[bytes]]:
        """(folders to be scanned once more, since from now on the watch tells of them; folders that the watch has
        left out, if they are still there). Where nothing can be known, folders are scanned once more and believed.
        """
        sure: list[bytes] = []
        doubtful: list[bytes] = []
        for path, (inode, tries) in tuple(self._young.items()):
            if watched is not None and inode in watched:
                sure.append(path)
            elif tries + 1 < len(_TRIES):
                self._young[path] = (inode, tries + 1)
                continue
            else:
                (sure if watched is None else doubtful).append(path)
            del self._young[path]
        self.due = now + _TRIES[min(tries for _, tries in self._young.values())] if self._young else None
        return _topmost(sure), doubtful

    def left_out(self, path: bytes) -> None:
        """The watch has certainly left out this folder."""
        self._unwatched.add(path)

    def gone(self, paths: Iterable[bytes]) -> bool:
        """These are not there any more. Was a folder among them?"""
        folders = [path for path in paths if self._folders.pop(path, None) is not None]
        for path in folders:
            self._young.pop(path, None)
            self._unwatched.discard(path)
        return bool(folders)

    def _await(self, folders: dict[bytes, int], now: float) -> None:
        for path, inode in folders.items():
            self._young[path] = (inode, 0)
        if self._young:
            self.due = now + _TRIES[0]

    def _note_unreadable(self, unreadable: Sequence[tuple[bytes, OSError]], *, fresh: bool) -> None:
        if fresh:
            self._unreadable.clear()
        for path, error in unreadable:
            self._unreadable[path] = error.strerror or "unreadable"

    def _reading_problem(self) -> str:
        path, why = next(iter(self._unreadable.items()))
        others = len(self._unreadable) - 1
        more = f" and {others} other folders" if others > 1 else " and another folder" if others else ""
        return (
            f"{printable(path.decode('utf-8', 'surrogateescape'))}{more} cannot be read ({why}): give the user that "
            "mkv2castd runs as leave to read and enter it"
        )


def _topmost(paths: Sequence[bytes]) -> list[bytes]:
    """Without those that lie below another of them."""
    chosen: list[bytes] = []
    for path in sorted(paths):
        if not chosen or not path.startswith(chosen[-1] + b"/"):
            chosen.append(path)
    return chosen
