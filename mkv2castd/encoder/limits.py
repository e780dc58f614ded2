"""What every child is held to: media files are hostile input, and whoever uses the machine comes first.

util-linux sets all of it between our fork and ffmpeg's start, so that no code of ours runs there: the lowest
urgency for processor and disk, first in line when memory runs out, no network, no new privileges, death with us. What
this machine permits is found out by trying it once; what it does not is left out, and no command fails for it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path

# The last one dies with us from its first moment on, and hands that on to what it becomes.
GUARD = ("setpriv", "--pdeathsig", "KILL")
_POLITENESS = (
    ("nice", "-n", "10"),
    ("ionice", "-c", "3"),
    ("choom", "-n", "500", "--"),
)
# In a namespace of users root would lose what lets it read the films of others, and needs none.
_WITHOUT_NETWORK = ("unshare", "--net", "--")
_WITHOUT_NETWORK_AS_USER = ("unshare", "--user", "--map-current-user", "--net", "--")
_GUARDS = ((*GUARD, "--no-new-privs", "--"), (*GUARD, "--"))
_TRIAL_SECONDS = 5.0
_CGROUPS = Path("/sys/fs/cgroup")
# Of a hundred, which everything else has.
_WEIGHT = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """prefix: what a command line begins with. group: the control group that children are put into, or None.
    inherited: our descriptors that children have, too, under the same numbers."""

    prefix: tuple[str, ...] = ()
    group: Path | None = None
    inherited: tuple[int, ...] = ()

    def enclose(self, pid: int) -> None:
        """Puts a child into its group, where there is one."""
        if self.group is not None:
            with suppress(OSError):
                (self.group / "cgroup.procs").write_text(f"{pid}\n", encoding="ascii")


# Those of whatever is started from here on; set once, by whoever starts the work, for all its tasks.
LIMITS: ContextVar[Limits] = ContextVar("limits")


def current() -> Limits:
    """Those that hold here; whoever has not looked what is permitted has only the guard."""
    found = LIMITS.get(None)
    if found is not None:
        return found
    return Limits((*GUARD, "--") if shutil.which(GUARD[0]) is not None else ())


@contextmanager
def handing_on(descriptor: int) -> Iterator[Path]:
    """The path under which the file of this descriptor of ours is found here and by all children that are started in
    the block. In the namespaces of their own that they may be in they could not look at ours by our number."""
    limits = current()
    token = LIMITS.set(replace(limits, inherited=(*limits.inherited, descriptor)))
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        LIMITS.reset(token)


def find(user: int, permitted: Callable[[Sequence[str]], bool] | None = None, cgroups: Path = _CGROUPS) -> Limits:
    """What this machine permits a process of this user. Blocks, for some tenths of a second."""
    allows = permitted if permitted is not None else _is_permitted
    without_network = _WITHOUT_NETWORK if user == 0 else _WITHOUT_NETWORK_AS_USER
    wanted = [one for one in (*_POLITENESS, without_network) if allows(one)]
    guard = next((guard for guard in _GUARDS if allows(guard)), ())
    return Limits(tuple(word for one in (*wanted, guard) for word in one), _own_group(cgroups))


def _is_permitted(prefix: Sequence[str]) -> bool:
    try:
        ended = subprocess.run(
            [*prefix, "true"], stdin=subprocess.DEVNULL, capture_output=True, timeout=_TRIAL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0 and not ended.stderr


def _own_group(cgroups: Path) -> Path | None:
    """A group for the children below ours, where systemd has given ours to us (Delegate=). We move into one of our
    own beside it: a group with subgroups holds no processes itself."""
    with suppress(OSError, ValueError):
        ours = cgroups / _membership().lstrip("/")
        if os.getxattr(ours, "user.delegate") != b"1":
            return None
        for name in ("daemon", "ffmpeg"):
            (ours / name).mkdir(exist_ok=True)
        _put(ours / "daemon" / "cgroup.procs", str(os.getpid()))
        for controller in ("cpu", "memory", "pids"):
            with suppress(OSError):  # one that the kernel does not have is no reason to do without the others
                _put(ours / "cgroup.subtree_control", f"+{controller}")
        with suppress(OSError):
            _put(ours / "ffmpeg" / "cpu.weight", str(_WEIGHT))
        return ours / "ffmpeg"
    return None


def _membership() -> str:
    """Raises ValueError where the machine has no unified hierarchy."""
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        if line.startswith("0::"):
            return line.removeprefix("0::")
    raise ValueError("no unified hierarchy")


def _put(file: Path, text: str) -> None:
    with file.open("w", encoding="ascii") as stream:
        stream.write(text)
