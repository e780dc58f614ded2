"""Who may change something over the system bus: a real dbus-daemon, a real polkitd with the shipped policy and rules,
and callers of several users. No file of the machine is touched: polkitd sees its own ones."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from mkv2castd.api.bus import Bus
from mkv2castd.api.bus_interface import DBUS, Argument, BusError, Caller, Interface, Match, Method, Served
from mkv2castd.api.permission import VerbKind
from mkv2castd.api.polkit import Polkit
from mkv2castd.errors import ErrorCode, RequestError
from tests.api.buses import PrivateBus, private_bus, run

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can be several users")
POLKITD = Path("/usr/lib/polkit-1/polkitd")
PACKAGING = Path(__file__).parents[2] / "packaging" / "polkit"
NAME, ROOT = "org.mkv2cast.Test1", "/org/mkv2cast/Test1"
INTERFACE = Interface(NAME, "For tests.", (Method("Try", (Argument("kind", "s"),), (), "Asks for leave."),))
AUTHORITY = "org.freedesktop.PolicyKit1"
# users that every Debian has: (uid, gid)
NOBODY, GAMES = (65534, 65534), (5, 60)


@dataclass
class Door:
    """A daemon on a bus of its own, at whose door callers ask for leave."""

    private: PrivateBus
    bus: Bus

    async def tried(self, kind: VerbKind, user: tuple[int, int], *, groups: Sequence[int] = ()) -> str:
        """What this user is answered; empty: they may."""
        uid, gid = user
        others = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
        as_user = ("setpriv", f"--reuid={uid}", f"--regid={gid}", others)
        call = ("gdbus", "call", "--address", self.private.address, "--timeout", "20", "--dest", NAME)
        code, _, complaint = await run(*as_user, *call, "--object-path", ROOT, "--method", f"{NAME}.Try", kind.value)
        assert (code == 0) == (complaint == ""), complaint
        assert code == 0 or "org.mkv2cast.Daemon1.Error.NotAuthorized" in complaint
        return complaint

    async def tried_with_a_password(self, kind: VerbKind, user: tuple[int, int]) -> str:
        """The same by a caller that allows for questions, but has nobody who asks them."""
        as_user = ("setpriv", f"--reuid={user[0]}", f"--regid={user[1]}", "--clear-groups")
        call = ("busctl", f"--address={self.private.address}", "call", NAME, ROOT, NAME, "Try", "s", kind.value)
        _, _, complaint = await run(*as_user, *call)
        return complaint


@asynccontextmanager
async def door(tmp_path: Path, group: str = "mkv2cast") -> AsyncIterator[Door]:
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        if folder.stat().st_uid == 0:
            folder.chmod(folder.stat().st_mode | 0o055)
    async with private_bus(tmp_path) as private:
        bus = Bus(lambda: private.address, title="bus of this test", name=NAME, root=ROOT)
        polkit = Polkit(bus, group)

        async def attempt(caller: Caller, kind: str) -> tuple[()]:
            await polkit.allow(VerbKind(kind), caller)
            return ()

        bus.export(ROOT, [Served(INTERFACE, {"Try": attempt}, {})])
        serving = asyncio.create_task(bus.serve())
        try:
            await asyncio.wait_for(bus.until_up(), 20)
            yield Door(private, bus)
        finally:
            serving.cancel()
            await asyncio.wait([serving])


# what polkitd finds instead of the machine's own files, in a mount namespace of its own
_INSIDE = """
set -e
mount --make-rprivate /
mount --bind "$1/actions" /usr/share/polkit-1/actions
mount --bind "$1/rules" /etc/polkit-1/rules.d
mount --bind "$1/rules" /usr/share/polkit-1/rules.d
mount --bind "$1/group" /etc/group
exec /usr/lib/polkit-1/polkitd --no-debug
"""


@asynccontextmanager
async def polkitd(here: Door, tmp_path: Path) -> AsyncIterator[None]:
    """With the shipped policy and rules, where `games` is of the group mkv2cast."""
    assert POLKITD.exists(), "polkitd is not installed: apt install polkitd"
    own = tmp_path / "polkit"
    for folder, pattern in (("actions", "*.policy"), ("rules", "*.rules")):
        (own / folder).mkdir(parents=True)
        for file in PACKAGING.glob(pattern):
            shutil.copy(file, own / folder)
    (own / "group").write_text(Path("/etc/group").read_text() + "mkv2cast:x:4242:games\n")
    owned = asyncio.Event()
    match = Match(DBUS, interface=DBUS, member="NameOwnerChanged", arg0=AUTHORITY)
    stop = await here.bus.watch(match, lambda body: owned.set())
    process = await asyncio.create_subprocess_exec(
        *("unshare", "--mount", "sh", "-c", _INSIDE, "sh", str(own)),
        env={**os.environ, **here.private.environment},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        try:
            await asyncio.wait_for(owned.wait(), 20)
        except TimeoutError:
            process.kill()
            assert process.stderr is not None
            pytest.fail(f"polkitd has not come: {(await process.stderr.read()).decode()}")
        yield
    finally:
        stop()
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize("kind", list(VerbKind))
async def test_root_and_members_of_the_group_may_and_others_need_a_password(tmp_path: Path, kind: VerbKind) -> None:
    async with door(tmp_path) as here, polkitd(here, tmp_path):
        assert await here.tried(kind, (0, 0)) == ""
        assert await here.tried(kind, GAMES) == ""
        assert "this needs a password, which was not asked for" in await here.tried(kind, NOBODY)
        assert "needs a password" in await here.tried_with_a_password(kind, NOBODY)


async def test_without_polkit_root_and_the_group_may_and_nobody_else(tmp_path: Path) -> None:
    async with door(tmp_path, group="audio") as here:
        audio = next(
            int(line.split(":")[2])
            for line in Path("/etc/group").read_text().splitlines()
            if line.startswith("audio:")
        )
        assert await here.tried(VerbKind.JOBS, (0, 0)) == ""
        assert await here.tried(VerbKind.JOBS, NOBODY, groups=[audio]) == ""
        assert "only root and members of the group audio" in await here.tried(VerbKind.JOBS, NOBODY)


async def test_where_there_is_no_such_group_root_alone_may(tmp_path: Path) -> None:
    async with door(tmp_path, group="no-such-group") as here:
        assert await here.tried(VerbKind.DAEMON, (0, 0)) == ""
        assert "only root" in await here.tried(VerbKind.DAEMON, NOBODY)


class _Silent:
    """A polkit that shows its question to nobody, and a bus that tells of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[object, ...], float | None]] = []

    async def call(
        self,
        destination: str,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        *args: object,
        timeout: float | None = None,
    ) -> list[object]:
        self.asked.append((member, args, timeout))
        raise BusError("no answer in time")

    async def credentials(self, unique_name: str) -> object:
        raise BusError(f"{unique_name} has left")


async def test_a_question_that_nobody_answers_is_taken_back_and_answered_with_no() -> None:
    bus = _Silent()
    with pytest.raises(RequestError, match="nobody has answered") as refused:
        await Polkit(bus).allow(VerbKind.FOLDERS, Caller(":1.7", interactive=True))  # type: ignore[arg-type]
    assert refused.value.code is ErrorCode.NOT_AUTHORIZED
    (asked, (_, action, _, flags, cancellation), seconds), (taken_back, (same,), _) = bus.asked
    assert (asked, action, flags) == ("CheckAuthorization", "org.mkv2cast.Daemon1.manage-folders", 1)
    assert (taken_back, same) == ("CancelCheckAuthorization", cancellation)
    assert seconds is not None
    assert seconds > 60


async def test_whoever_has_left_may_nothing() -> None:
    bus = _Silent()
    with pytest.raises(RequestError, match="it is not known who asks"):
        await Polkit(bus).allow(VerbKind.JOBS, Caller(":1.7", interactive=False))  # type: ignore[arg-type]
    ((_, (_, _, _, flags, cancellation), _),) = bus.asked
    assert (flags, cancellation) == (0, "")
