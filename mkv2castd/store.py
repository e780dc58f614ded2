"""The store's threads: one writer that commits in groups, one reader beside it, and the way in and out.

SQLite in WAL mode with synchronous=FULL: what a write has returned survives a power cut. Writers wait in one bounded
queue; those that wait together are committed together, so that a folder of 30,000 films costs hundreds of commits
and not 30,000.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from mkv2castd.errors import ConfigError, Mkv2castdError
from mkv2castd.events import Event
from mkv2castd.ledger import Ledger
from mkv2castd.rows import BadRow
from mkv2castd.schema import NewerSchema, migrate

T = TypeVar("T")
_log = logging.getLogger(__name__)
_GROUP = 256
_WAITING = 4096


class StoreError(Exception):
    """The database cannot be used any more (disk full, I/O error, damage): the daemon must end and be started anew.

    Raised to every caller from then on; says what has to be done before.
    """


@dataclass(frozen=True, slots=True)
class _Request:
    work: Callable[[Ledger], Any]
    future: asyncio.Future[Any]


_Answer = tuple[_Request, Any, Exception | None]


class Store:
    """`write` and `read` run a function over the Ledger in the store's threads.

    Events of a write are published in the event loop, in commit order, before its caller goes on.
    """

    def __init__(self, connection: sqlite3.Connection, file: Path, publish: Callable[[Event], None]) -> None:
        self._connection = connection
        self._file = file
        self._publish = publish
        self._loop = asyncio.get_running_loop()
        self._requests: queue.Queue[_Request | None] = queue.Queue(_WAITING)
        self._reader = ThreadPoolExecutor(1, "store-reader")
        self._reading: sqlite3.Connection | None = None
        self._fault: StoreError | None = None
        self.failed: asyncio.Future[StoreError] = self._loop.create_future()
        self._thread = threading.Thread(target=self._write_forever, name="store-writer", daemon=True)
        self._thread.start()

    async def write(self, work: Callable[[Ledger], T]) -> T:
        """Runs `work` in a transaction; returns its result once that is durable.

        A Mkv2castdError, OSError or OverflowError (a number that SQLite cannot hold) of `work` undoes its changes and
        is raised here; StoreError when the commit itself fails. Any other error is a fault in the program and ends
        the store.
        """
        if self._fault is not None:
            raise self._fault
        future: asyncio.Future[T] = self._loop.create_future()
        request = _Request(work, future)
        while True:
            try:
                self._requests.put_nowait(request)
                break
            except queue.Full:
                await asyncio.sleep(0.01)
        return await future

    async def beat(self) -> None:
        """Comes back once the writer has committed, which changes nothing: a sign of life. Raises StoreError."""
        await self.write(lambda _: None)

    async def read(self, work: Callable[[Ledger], T]) -> T:
        """Runs `work` over the last committed state, beside the writer. `work` must not change anything.

        Raises what `work` raises, and StoreError when the database cannot be read.
        """
        if self._fault is not None:
            raise self._fault
        try:
            return await self._loop.run_in_executor(self._reader, self._read, work)
        except sqlite3.Error as error:
            self._fault = await asyncio.to_thread(_fault, self._file, error)
            self._tell_fault()
            raise self._fault from error

    def _read(self, work: Callable[[Ledger], T]) -> T:
        if self._reading is None:
            self._reading = _connect(self._file)
            self._reading.execute("PRAGMA query_only = ON")
        return work(Ledger(self._reading))

    def _write_forever(self) -> None:
        group: list[_Request] = []
        try:
            running = True
            while running:
                group, running = self._next_group()
                self._write_group(group)
                group = []
        finally:
            # An error that nobody expects in a work function ends this thread: nobody may wait for it in vain.
            if running and self._fault is None:
                self._fault = StoreError(f"{self._file}: its writer has ended by a mistake of ours: start again")
                group += self._drain()
                lost: list[_Answer] = [(request, None, self._fault) for request in group]
                self._loop.call_soon_threadsafe(self._answer, lost, list[Event]())

    def _drain(self) -> list[_Request]:
        found: list[_Request] = []
        with suppress(queue.Empty):
            while True:
                item = self._requests.get_nowait()
                found += [item] if item is not None else []
        return found

    def _next_group(self) -> tuple[list[_Request], bool]:
        group: list[_Request] = []
        item = self._requests.get()
        while item is not None:
            group.append(item)
            if len(group) >= _GROUP:
                return group, True
            try:
                item = self._requests.get_nowait()
            except queue.Empty:
                return group, True
        return group, False

    def _write_group(self, group: list[_Request]) -> None:
        answers: list[_Answer] = []
        ledger = Ledger(self._connection)
        try:
            if group and self._fault is None:
                self._connection.execute("BEGIN IMMEDIATE")
                answers = [self._write_one(ledger, request) for request in group]
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._fault = _fault(self._file, error)
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        if self._fault is not None:
            answers = [(request, None, self._fault) for request in group]
            ledger.events.clear()
        self._loop.call_soon_threadsafe(self._answer, answers, ledger.events)

    def _write_one(self, ledger: Ledger, request: _Request) -> _Answer:
        told = len(ledger.events)
        self._connection.execute("SAVEPOINT one")
        try:
            result = request.work(ledger)
        except (Mkv2castdError, OSError, OverflowError) as error:
            self._connection.execute("ROLLBACK TO one")
            self._connection.execute("RELEASE one")
            del ledger.events[told:]
            return request, None, error
        self._connection.execute("RELEASE one")
        return request, result, None

    def _answer(self, answers: list[_Answer], events: list[Event]) -> None:
        try:
            for event in events:
                self._publish(event)
        finally:
            self._resolve(answers)

    def _resolve(self, answers: list[_Answer]) -> None:
        for request, result, error in answers:
            if request.future.done():
                continue
            if error is not None:
                request.future.set_exception(error)
            else:
                request.future.set_result(result)
        self._tell_fault()

    def _tell_fault(self) -> None:
        if self._fault is not None and not self.failed.done():
            self.failed.set_result(self._fault)

    async def close(self) -> None:
        """Ends after everything that was asked for has been written."""
        await self._loop.run_in_executor(None, self._requests.put, None)
        await self._loop.run_in_executor(None, self._thread.join)
        await self._loop.run_in_executor(self._reader, self._close_reader)
        self._reader.shutdown()
        self._connection.close()

    def _close_reader(self) -> None:
        if self._reading is not None:
            self._reading.close()


@asynccontextmanager
async def open_store(state_dir: Path, publish: Callable[[Event], None]) -> AsyncIterator[Store]:
    """Opens `mkv2castd.sqlite` in the state folder, made or migrated as needed.

    A damaged database is set aside under a name that tells when, and a new one begun: the folders are then compared
    anew. Raises ConfigError when the folder cannot be written or belongs to a newer version.
    """
    file = state_dir / "mkv2castd.sqlite"
    connection = await asyncio.to_thread(_open, file)
    store = Store(connection, file, publish)
    try:
        yield store
    finally:
        await store.close()


def _fault(file: Path, error: sqlite3.Error) -> StoreError:
    """Damage that was met at work is marked: what the quick check at the start looks at may be in order."""
    if type(error) not in (sqlite3.DatabaseError, BadRow):
        remedy = "make room or mend the disk, then start again: nothing that was told is lost"
        return StoreError(f"{file}: cannot be used any more: {error}: {remedy}")
    with suppress(OSError):
        _damage_mark(file).touch()
    return StoreError(f"{file}: is damaged: {error}: start again: it is set aside, and the folders are compared anew")


def _damage_mark(file: Path) -> Path:
    return file.with_name(f"{file.name}.damaged")


def _open(file: Path) -> sqlite3.Connection:
    try:
        try:
            return _opened(file)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            aside = _set_aside(file)
            _log.error(
                "%s is damaged (%s): set aside as %s; a new one is begun and the folders are compared anew",
                *(file, error, aside.name),
            )
            return _opened(file)
    except NewerSchema as error:
        raise ConfigError(f"{file}: {error}: install that version again, or move the file away") from error
    except (sqlite3.Error, OSError) as error:
        raise ConfigError(
            f"{file}: cannot be opened: {error}: make room on its disk, or mend its permissions"
        ) from error


def _opened(file: Path) -> sqlite3.Connection:
    if _damage_mark(file).exists():
        raise sqlite3.DatabaseError("met at work by the last run")
    connection = _connect(file)
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise ConfigError(f"{file}: SQLite cannot use WAL there: put the state folder on a local file system")
        migrate(connection)
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=10, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA recursive_triggers = ON")  # the tallies count what a REPLACE takes away
    return connection


def _set_aside(file: Path) -> Path:
    aside = file.with_name(f"{file.name}.damaged-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}")
    file.rename(aside)
    for suffix in ("-wal", "-shm"):  # the last changes may be in there: whoever wants to rescue them needs both
        with suppress(FileNotFoundError):
            file.with_name(file.name + suffix).rename(aside.with_name(aside.name + suffix))
    _damage_mark(file).unlink(missing_ok=True)
    return aside
