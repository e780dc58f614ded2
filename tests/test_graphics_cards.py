"""The real daemon and commands with graphics cards: stock ffmpeg on the test driver, seen from outside."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.clips import make_clip
from tests.daemon import Daemon, running
from tests.driver import Driver, Node, node
from tests.trouble import assert_calm, calm, ends, litter


def config(*nodes: Node) -> str:
    named = ", ".join(f'"{one.path}"' for one in nodes)
    return f"[queue]\nmin_free_gib = 0\n[devices]\ndetect = false\nnodes = [{named}]\n"


def device_id(one: Node) -> str:
    return "node-" + str(one.path).strip("/").replace("/", "_")


def clip(films: Path, name: str, seconds: float = 2) -> Path:
    return make_clip(films / name, video="mpeg2", seconds=seconds)


async def devices(daemon: Daemon) -> dict[str, dict[str, Any]]:
    return {device["id"]: device for device in await daemon.get("/api/devices/")}


async def proved(daemon: Daemon, *cards: Node) -> None:
    known: dict[str, dict[str, Any]] = {}
    async with asyncio.timeout(90):
        while not all(known.get(device_id(card), {}).get("healthy") for card in cards):
            await asyncio.sleep(0.1)
            known = await devices(daemon)
    assert [known[device_id(card)]["encoders"] for card in cards] == [["h264"]] * len(cards)


async def begun(daemon: Daemon, card: Node, film: Path) -> str:
    """The id of a job that the card is at work on."""
    _, job = await daemon.post("/api/jobs/", {"path": str(film), "device": device_id(card)})
    await daemon.until(lambda jobs: any(one["progress"] > 0 for one in jobs))
    assert (await devices(daemon))[device_id(card)]["running"] == [job["id"]]
    return str(job["id"])


async def test_a_film_that_was_on_a_card_when_the_daemon_was_killed_is_made_after_its_next_start(
    films: Path, state: Path, tmp_path: Path, driver: Driver
) -> None:
    card = node(tmp_path / "dev", slow_ms=30)
    async with running(films, state=state, config=config(card), environment=driver.environment) as daemon:
        await proved(daemon, card)
        job_id = await begun(daemon, card, clip(films, "film.mkv", 10))
        daemon.process.kill()
        await daemon.process.wait()
    card.behave()
    async with calm(films, state=state, config=config(card), environment=driver.environment) as daemon:
        await daemon.finished(1)
        told = await daemon.get(f"/api/jobs/{job_id}/")
    assert (told["status"], told["lane"], told["lane_reason"]) == ("completed", device_id(card), "asked for")
    assert [one["outcome"] for one in told["attempts"]] == ["interrupted", "completed"]
    assert {one["device"] for one in told["attempts"]} == {device_id(card)}


async def test_clients_hear_of_one_film_in_work_while_it_goes_from_a_card_that_fails_to_the_processor(
    films: Path, state: Path, tmp_path: Path, driver: Driver
) -> None:
    card = node(tmp_path / "dev")
    async with calm(films, state=state, config=config(card), environment=driver.environment) as daemon:
        await proved(daemon, card)
        card.behave(fail_after=10)
        film = clip(films, "film.mkv")
        _, job = await daemon.post("/api/jobs/", {"path": str(film), "device": device_id(card)})
        async with daemon.listening(f"/ws/conversion/{job['id']}/") as listener:
            done = await listener.until(lambda told: told["type"] == "status" and told["status"] == "completed")
        told = await daemon.get(f"/api/jobs/{job['id']}/")
    states = list(dict.fromkeys(message["status"] for message in listener.heard))
    assert states[states.index("processing") :] == ["processing", "completed"]
    assert not any(message["type"] == "error" for message in listener.heard)
    assert done["lane"] == "cpu"
    failed, made = told["attempts"]
    assert (failed["device"], failed["outcome"], failed["error"]) == (device_id(card), "failed", "device_lost")
    assert "dmesg" in failed["message"]
    assert failed["means"] == "decoded by the processor, encoded on the device (vaapi)"
    assert made["why"].startswith(f"after {device_id(card)} (the device failed")
    assert "Failed to end picture encode" in (await _log(state, job["id"]))


async def _log(state: Path, job_id: str) -> str:
    return (state / "logs" / f"{job_id}.log").read_text(encoding="utf-8")


async def test_a_card_that_is_switched_off_drains_and_stays_off_over_a_restart(
    films: Path, state: Path, tmp_path: Path, driver: Driver
) -> None:
    card = node(tmp_path / "dev", slow_ms=20)
    async with calm(films, state=state, config=config(card), environment=driver.environment) as daemon:
        await proved(daemon, card)
        await begun(daemon, card, clip(films, "film.mkv", 6))
        status, told = await daemon.post(f"/api/devices/{device_id(card)}/disable/")
        assert (status, told["enabled"], len(told["running"])) == (200, False, 1)
        clip(films, "other.mkv")
        jobs = await daemon.finished(2)
        assert {name: job["lane"] for name, job in jobs.items()} == {"film.mkv": device_id(card), "other.mkv": "cpu"}
    async with calm(films, state=state, config=config(card), environment=driver.environment) as daemon:
        async with asyncio.timeout(55):
            while device_id(card) not in (known := await devices(daemon)):
                await asyncio.sleep(0.05)
        assert known[device_id(card)]["enabled"] is False
        status, told = await daemon.post(f"/api/devices/{device_id(card)}/enable/")
        assert (status, told["enabled"]) == (200, True)
        await proved(daemon, card)


async def test_commands_find_the_cards_by_themselves_and_take_the_one_that_they_are_told(
    films: Path, tmp_path: Path, driver: Driver
) -> None:
    one, two = node(tmp_path / "dev", "renderD128"), node(tmp_path / "dev", "renderD129")
    file = tmp_path / "config.toml"
    file.write_text(config(one, two), encoding="utf-8")
    own = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"), str(tmp_path / "own"))
    surroundings = {**driver.environment, **own}
    film = clip(films, "film.mkv")
    told = await ends("analyze", "--config", file, "--json", film, environment=surroundings, timeout=120)
    assert told.code == 0, told.err
    analysis = json.loads(told.out)
    assert analysis["lane"] in (device_id(one), device_id(two), "cpu")
    assert f"{device_id(two)} in " in analysis["lane_reason"] or analysis["lane"] == device_id(two)
    asked = ("--device", device_id(two))
    made = await ends("convert", "--config", file, "--json", *asked, film, environment=surroundings, timeout=120)
    assert made.code == 0, made.err
    last = [json.loads(line) for line in made.out.splitlines()][-1]
    assert (last["status"], last["lane"], last["lane_reason"]) == ("completed", device_id(two), "asked for")
    unknown = await ends("convert", "--config", file, "--device", "node-3", film, environment=surroundings)
    assert unknown.code == 4
    assert f"there is no device 'node-3': there are {device_id(one)}, {device_id(two)}, cpu" in unknown.err
    assert litter(films) == []
    for ended in (told, made, unknown):
        assert_calm(ended.err)
