"""The shipped XML and docs/dbus.md are what the daemon exports, and the examples work as they stand."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mkv2castd.api.dbus_interfaces import ALL
from mkv2castd.api.dbus_values import NAME, ROOT, device_path, folder_path, job_path
from scripts._dbus_docs import REFERENCE, XML, written
from tests.api.buses import PrivateBus, private_bus, run
from tests.api.fakes import FakeDaemon
from tests.api.test_dbus import House, shown, up

REPOSITORY = Path(__file__).parent.parent
EXAMPLES = {
    language: re.findall(
        rf"^```{language}\n(.*?)^```", (REPOSITORY / REFERENCE).read_text(), re.DOTALL | re.MULTILINE
    )
    for language in ("sh", "python")
}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with private_bus(tmp_path) as private, shown(private, FakeDaemon()) as house:
        yield house


def environment(private: PrivateBus) -> dict[str, str]:
    return {**os.environ, **private.environment}


@pytest.mark.parametrize("path", sorted(written()), ids=str)
def test_what_is_derived_from_the_interfaces_is_up_to_date(path: Path) -> None:
    assert (REPOSITORY / path).read_text(encoding="utf-8") == written()[path], "run scripts/dbus-docs"


def test_no_file_is_left_of_an_interface_that_is_gone() -> None:
    shipped = {path.relative_to(REPOSITORY) for path in (REPOSITORY / XML).iterdir()}
    assert shipped == {path for path in written() if path.parent == XML}


async def test_the_shipped_files_are_what_a_running_daemon_says_of_itself(house: House) -> None:
    job = house.daemon.start(house.daemon.add().id)
    paths = (ROOT, device_path("cpu"), folder_path("usb"), await up(house, job.id))
    for interface, path in zip(ALL, paths, strict=True):
        (xml,) = await house.client.call(NAME, path, "org.freedesktop.DBus.Introspectable", "Introspect")
        (exported,) = ElementTree.fromstring(xml).findall(f"interface[@name='{interface.name}']")
        (shipped,) = ElementTree.parse(REPOSITORY / XML / f"{interface.name}.xml").getroot()
        assert canonical(exported) == canonical(shipped)


def canonical(element: ElementTree.Element) -> str:
    return ElementTree.canonicalize(ElementTree.tostring(element, encoding="unicode"), strip_text=True)


async def test_the_examples_for_a_shell_work(house: House) -> None:
    (example,) = EXAMPLES["sh"]
    lines = example.splitlines()
    assert len(lines) > 3
    for line in lines:
        code, _, err = await run(*shlex.split(line), environment=environment(house.private))
        assert (code, err) == (0, ""), line
    (job,) = house.daemon.known.values()
    assert (job.source, house.daemon.submitted["priority"]) == (Path("/srv/media/film.mkv"), 10)
    assert house.daemon.queue_paused


async def test_the_example_of_the_readme_works(house: House) -> None:
    (example,) = re.findall(
        r"^```python\n(.*?)^```", (REPOSITORY / "README.md").read_text(), re.DOTALL | re.MULTILINE
    )
    told = await run("/usr/bin/python3", "-c", f"{example}\nprint(job_id)", environment=environment(house.private))
    (job,) = house.daemon.known.values()
    assert told == (0, f"{job.id}\n", "")
    assert house.daemon.submitted["priority"] == 10


async def test_the_example_in_python_works(house: House) -> None:
    (example,) = EXAMPLES["python"]
    house.daemon.fail(house.daemon.start(house.daemon.add("old.mkv").id).id)
    process = await asyncio.create_subprocess_exec(
        *("/usr/bin/python3", "-u", "-c", example),
        stdout=asyncio.subprocess.PIPE,
        env=environment(house.private),
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        assert line == b"old.mkv failed FFmpeg process exited with code 1\n"
        job = house.daemon.start(house.daemon.add("new.mkv").id)
        assert await up(house, job.id) == job_path(job.id)
        reading = asyncio.create_task(process.stdout.readline())
        async with asyncio.timeout(30):
            while not reading.done():  # until it listens
                house.daemon.complete(job.id)
                house.daemon.known[job.id] = job
                await asyncio.wait([reading], timeout=0.2)
        assert await reading == b"new.mkv completed\n"
    finally:
        process.kill()
        await process.communicate()
