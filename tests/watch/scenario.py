"""What a watcher does in a process of its own: stopped, without rights, in namespaces, at kernel limits.

python -m tests.watch.scenario NAME FOLDER
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from mkv2castd.model import FolderState
from tests.watch.recorder import QUICK, Recorder, watching, write

NOBODY = 65534


async def count(root: Path, films: int = 30_001) -> None:
    async with watching(root, Recorder()) as seen:
        print("online", flush=True)
        await seen.until(lambda: len(seen.taken) == films, 25)


async def five(root: Path) -> None:
    await count(root, 5)


async def mounts(root: Path) -> None:
    below = write(root / "below.mkv")
    seen = Recorder()
    async with watching(root, seen):
        subprocess.run(["mount", "-t", "tmpfs", "none", str(root)], check=True)
        film = write(root / "mounted.mkv")
        await seen.until(lambda: seen.has(film))
        later = write(root / "later.mkv")
        await seen.until(lambda: seen.has(later))
        subprocess.run(["umount", "-l", str(root)], check=True)
        await seen.until(lambda: seen.comparisons >= 5)
        await seen.online()
        assert not seen.gone, "films of a file system that is not mounted are not gone"
        again = write(root / "again.mkv")
        await seen.until(lambda: seen.has(again))
    below.unlink()
    again.unlink()
    seen.taken.pop(os.fsencode(below))
    seen.taken.pop(os.fsencode(again))
    async with watching(root, seen, wait=False):
        await seen.until(lambda: seen.status and seen.status.state is FolderState.OFFLINE)
        assert "is it mounted?" in (seen.status.problem or "")


async def unreadable(root: Path) -> None:
    films = root / "films"
    for name in ("a", "b", "c"):
        (films / name).mkdir(parents=True)
        write(films / name / "film.mkv")
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", str(NOBODY), str(films)], check=True)
        os.setuid(NOBODY)
    (films / "b").chmod(0)
    async with watching(films, Recorder(), poll_seconds=0.2) as seen:
        assert seen.has(films / "a" / "film.mkv", films / "c" / "film.mkv")
        await seen.until(lambda: seen.status and seen.status.problem)
        assert "b cannot be read (Permission denied)" in seen.status.problem
        later = write(films / "c" / "later.mkv")
        await seen.until(lambda: seen.has(later))
        (films / "b").chmod(0o755)
        await seen.until(lambda: seen.has(films / "b" / "film.mkv"))
        await seen.until(lambda: seen.status.problem is None)
        await seen.until(lambda: seen.status.watching == "inotify")
    films.chmod(0)
    async with watching(films, seen, wait=False):
        await seen.until(lambda: seen.status.state is FolderState.OFFLINE)
        assert "give the user" in seen.status.problem
        films.chmod(0o755)
        await seen.online()


async def no_proc(root: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "none", "/proc"], check=True)
    async with watching(root, Recorder()) as seen:
        assert seen.status.watching == "inotify"
        film = write(root / "film.mkv")
        (root / "new").mkdir()
        other = write(root / "new" / "other.mkv")
        await seen.until(lambda: seen.has(film, other))
        assert seen.status.problem is None


async def foreign(folder: Path) -> None:
    """Films of somebody else, of which no lease can be had."""
    root = folder / "films"
    root.mkdir()
    with subprocess.Popen(["sh"], stdin=subprocess.PIPE, text=True, cwd=root, bufsize=1) as owner:
        assert owner.stdin is not None
        os.setuid(NOBODY)
        async with watching(root, Recorder(), settle_seconds=1) as seen:
            owner.stdin.write("echo half >loaded.mkv.part\n")
            await asyncio.sleep(0.3)
            owner.stdin.write("echo half >>loaded.mkv.part; mv loaded.mkv.part loaded.mkv\n")
            began = time.monotonic()
            await seen.until(lambda: seen.has(root / "loaded.mkv"))
            assert time.monotonic() - began < 0.5
            owner.stdin.write("for n in 1 2 3 4 5; do echo $n >>slow.mkv; sleep 0.4; done\n")
            await seen.until(lambda: root / "slow.mkv" in seen.pending)
            began = time.monotonic()
            await seen.until(lambda: seen.has(root / "slow.mkv"))
            assert time.monotonic() - began > 2
            assert [identity.size for identity in seen.identities(root / "slow.mkv")] == [10]
        owner.stdin.close()


def _mount_silent_filesystem(root: Path) -> int:
    """Mounts a FUSE file system whose server never answers. Closing the descriptor ends it."""
    descriptor = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={descriptor},rootmode=40000,user_id=0,group_id=0".encode()
    mounted = ctypes.CDLL(None, use_errno=True).mount(b"silent", os.fsencode(root), b"fuse", 0, options)
    assert mounted == 0, os.strerror(ctypes.get_errno())
    return descriptor


async def hung_mount(folder: Path) -> None:
    hanging, healthy = folder / "hanging", folder / "healthy"
    hanging.mkdir()
    healthy.mkdir()
    timing = replace(QUICK, hang=0.5)
    seen, other = Recorder(), Recorder()
    async with watching(hanging, seen, timing=timing), watching(healthy, other, timing=timing):
        film = write(hanging / "film.mkv")
        await seen.until(lambda: seen.has(film))
        descriptor = _mount_silent_filesystem(hanging)
        await seen.until(lambda: seen.status.state is FolderState.OFFLINE)
        assert "has not answered for 0.5 s" in seen.status.problem
        began = time.monotonic()
        quick = write(healthy / "quick.mkv")
        await other.until(lambda: other.has(quick))
        assert time.monotonic() - began < 0.2
        os.close(descriptor)
        subprocess.run(["umount", "-l", str(hanging)], check=True)
        await seen.online()
        later = write(hanging / "later.mkv")
        await seen.until(lambda: seen.has(later))
        assert not seen.gone


def _limit(name: str, value: int) -> None:
    Path(f"/proc/sys/user/max_inotify_{name}").write_text(f"{value}\n")


async def limit_at_start(root: Path) -> None:
    for number in range(30):
        (root / f"{number}").mkdir()
    _limit("watches", 10)
    async with watching(root, Recorder(), poll_seconds=0.2) as seen:
        await seen.until(lambda: seen.status.watching == "poll")
        assert "sysctl fs.inotify.max_user_watches=" in seen.status.problem
        film = write(root / "29" / "film.mkv")
        await seen.until(lambda: seen.has(film))
        _limit("watches", 1000)
        await seen.until(lambda: seen.status.watching == "inotify" and seen.status.problem is None)


async def no_instance_at_start(root: Path) -> None:
    _limit("instances", 0)
    async with watching(root, Recorder(), poll_seconds=0.2) as seen:
        assert seen.status.watching == "poll"
        assert "sysctl fs.inotify.max_user_instances=" in seen.status.problem
        film = write(root / "film.mkv")
        await seen.until(lambda: seen.has(film))


async def limit_later(root: Path) -> None:
    _limit("watches", 20)
    async with watching(root, Recorder(), poll_seconds=0.2) as seen:
        assert seen.status.watching == "inotify"
        for number in range(40):
            (root / f"{number}").mkdir()
        await seen.until(lambda: seen.status.problem)
        assert "sysctl fs.inotify.max_user_watches=" in seen.status.problem
        paths = [write(root / f"{number}" / "film.mkv") for number in range(40)]
        await seen.until(lambda: seen.has(*paths))
        _limit("watches", 1000)
        await seen.until(lambda: seen.status.watching == "inotify" and seen.status.problem is None)


def main() -> None:
    name, folder = sys.argv[1:]
    scenarios = (
        no_proc,
        foreign,
        count,
        five,
        mounts,
        unreadable,
        hung_mount,
        limit_at_start,
        no_instance_at_start,
        limit_later,
    )
    assert QUICK.root < 1
    asyncio.run(next(run for run in scenarios if run.__name__ == name)(Path(folder)))


if __name__ == "__main__":
    main()
