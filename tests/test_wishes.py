"""What a caller may ask for, where the file system is slow or the path absurd."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from mkv2castd import wishes
from mkv2castd.config import Config
from mkv2castd.encoder.analyze import analyze_file
from mkv2castd.errors import ErrorCode, RequestError
from mkv2castd.readers import Reader
from tests.encoder.scene import scene

ROOT = Reader(0, frozenset({0}))


def of_length(size: int) -> Path:
    return Path(("/x" * size)[:size])


@pytest.mark.parametrize("size", [4096, 100_000, 4_000_000])
def test_a_path_that_no_kernel_takes_is_refused_before_anything_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(wishes, "open_for", lambda *_: pytest.fail("it was looked for"))
    for look in (lambda path: wishes.film_at(path, Config(), ROOT), lambda path: wishes.readable_at(path, ROOT)):
        with pytest.raises(RequestError, match="longer than 4095 bytes") as refused:
            look(of_length(size))
        assert refused.value.code is ErrorCode.INVALID_PATH
        assert len(refused.value.message) < 200


def test_the_longest_path_that_a_kernel_takes_is_looked_for() -> None:
    with pytest.raises(RequestError, match="No such file"):
        wishes.film_at(of_length(4095), Config())


async def test_a_storage_that_does_not_answer_is_an_invalid_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    monkeypatch.setattr(wishes, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(wishes, "_watched", lambda *_: over.wait(60))
    async with scene(tmp_path) as here:
        film = here.film("film.mkv")
        try:
            for verb in (here.control.submit, here.control.analyze):
                with pytest.raises(RequestError, match="does not answer") as refused:
                    await asyncio.wait_for(verb(film), 20)
                assert refused.value.code is ErrorCode.INVALID_PATH
        finally:
            over.set()


async def test_three_films_are_analysed_at_once_and_the_others_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way, most, begun, go_on = 0, 0, asyncio.Event(), asyncio.Event()

    async def counted(*given: Any) -> Any:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == 3:
            begun.set()
        try:
            await go_on.wait()
            return await analyze_file(*given)
        finally:
            under_way -= 1

    monkeypatch.setattr("mkv2castd.lookout.analyze_file", counted)
    async with scene(tmp_path) as here:
        film = here.film("film.mkv")
        asked = [asyncio.create_task(here.control.analyze(film)) for _ in range(7)]
        await asyncio.wait_for(begun.wait(), 20)
        go_on.set()
        told = await asyncio.wait_for(asyncio.gather(*asked), 60)
    assert (len(told), most) == (7, 3)
