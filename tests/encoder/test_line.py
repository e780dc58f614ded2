"""What holds lines back, and that an attempt can be ended before it has begun."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import uuid4

from mkv2castd.encoder.effects import Stop
from mkv2castd.encoder.line import Gate, Line
from mkv2castd.encoder.running import Running
from mkv2castd.encoder.turns import Turn
from mkv2castd.model import Identity, Job, JobStatus


def _turn(folder: str, sequence: int = 0) -> Turn:
    return Turn(0, sequence, uuid4(), folder)


async def _worked(gate: Gate, *turns: Turn) -> list[str]:
    """The folders whose turns are taken while the loop has nothing else to do."""
    done: list[str] = []

    async def work(turn: Turn) -> None:
        done.append(turn.folder)

    line = Line("test", 1, work, gate)
    for turn in turns:
        line.put(turn)
    serving = asyncio.create_task(line.serve())
    for _ in range(20):
        await asyncio.sleep(0)
    serving.cancel()
    await asyncio.wait([serving])
    return done


async def test_a_folder_that_is_away_and_was_held_stays_away_when_the_hold_ends() -> None:
    gate = Gate()
    gate.block("away")
    gate.hold("away", 0)
    gate.hold("held", 0)
    assert gate.blocked == {"away", "held"}
    await asyncio.sleep(0.01)
    assert gate.blocked == {"away"}
    assert await _worked(gate, _turn("away"), _turn("held", 1)) == ["held"]


async def test_what_is_held_can_be_released_at_once_and_what_is_away_cannot() -> None:
    gate = Gate()
    gate.block("away")
    gate.hold("held", 60)
    gate.release_held()
    assert await _worked(gate, _turn("away"), _turn("held", 1)) == ["held"]


async def test_coming_back_does_not_end_a_hold() -> None:
    gate = Gate()
    gate.block("films")
    gate.hold("films", 60)
    gate.unblock("films")
    assert await _worked(gate, _turn("films")) == []
    gate.release_held()


async def test_an_attempt_that_is_ended_before_its_first_step_notices() -> None:
    job = Job(uuid4(), "films", Path("/films/a.mkv"), Identity(1, 2, 3, 4), JobStatus.PROCESSING, 0.0)
    running = Running(job, "cpu")
    noticed: list[Stop | None] = []

    async def attempt() -> None:
        try:
            running.begin()
        except asyncio.CancelledError:
            noticed.append(running.stop)

    running.task = asyncio.create_task(attempt())
    assert running.end(Stop.CANCEL)
    await asyncio.wait([running.task])
    assert noticed == [Stop.CANCEL]
    assert not running.end(Stop.CANCEL), "it has ended"


async def test_each_slot_takes_one_turn_at_a_time_and_none_is_forgotten() -> None:
    at_work, most, done, release = 0, 0, list[int](), asyncio.Event()

    async def work(turn: Turn) -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await release.wait()
        at_work -= 1
        done.append(turn.sequence)

    line = Line("test", 2, work, Gate())
    serving = asyncio.create_task(line.serve())
    for sequence in range(5):
        line.put(_turn("films", sequence))
        await asyncio.sleep(0)
    release.set()
    async with asyncio.timeout(15):
        while len(done) < 5:
            await asyncio.sleep(0)
    serving.cancel()
    await asyncio.wait([serving])
    assert most == 2
    assert sorted(done) == [0, 1, 2, 3, 4]


async def test_a_paused_queue_does_not_hold_the_analysis() -> None:
    assert await _worked(Gate(paused=True), _turn("films")) == ["films"]


def test_outside_the_hours_copies_go_on_and_encodes_stand_still() -> None:
    gate = Gate()
    assert not gate.stands_still("cpu")
    gate.set_open(False)
    assert gate.stands_still("cpu")
    assert not gate.stands_still("remux")
    gate.set_paused(True)
    assert gate.stands_still("remux")
