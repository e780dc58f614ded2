"""REST: each verb, each error with its code and status, and the page."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from mkv2castd.model import Container, JobStatus
from mkv2castd.queries import Health
from tests.api.conftest import Client
from tests.api.fakes import FakeDaemon


async def test_jobs_are_listed_page_by_page(client: Client, daemon: FakeDaemon) -> None:
    jobs = [daemon.add(f"{number}.mkv") for number in range(5)]
    status, first = await client.rest("GET", "/api/jobs/?page_size=2")
    assert (status, first["count"], first["previous"]) == (200, 5, None)
    assert [one["id"] for one in first["results"]] == [str(job.id) for job in (jobs[4], jobs[3])]
    names = [one["filename"] for one in first["results"]]
    address = first["next"]
    while address is not None:
        assert address.startswith(client.url)
        _, page = await client.rest("GET", address.removeprefix(client.url))
        names += [one["filename"] for one in page["results"]]
        address = page["next"]
    assert names == [f"{number}.mkv" for number in (4, 3, 2, 1, 0)]
    assert page["previous"].endswith("?page_size=2&page=2")
    assert (await client.rest("GET", "/api/jobs?page=9"))[1]["results"] == []


async def test_jobs_are_picked_by_status_folder_and_text(client: Client, daemon: FakeDaemon) -> None:
    done = daemon.add("done.mkv", JobStatus.COMPLETED)
    daemon.add("waiting.mkv")

    async def names(query: str) -> list[str]:
        return sorted(one["filename"] for one in (await client.rest("GET", f"/api/jobs/?{query}"))[1]["results"])

    assert await names("status=completed") == [done.source.name]
    assert await names("status=completed,queued") == await names("status=completed&status=queued")
    assert await names("q=wait&folder=incoming&status=") == ["waiting.mkv"]
    assert await names("folder=elsewhere") == []


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("status=running", "processing"),
        ("page=0", "page"),
        ("page=x", "page"),
        ("page=9999999999999", "page"),
        ("page_size=501", "500"),
        ("page_size=-1", "page_size"),
        ("sort=name", "sort"),
    ],
)
async def test_a_query_that_makes_no_sense_is_named(client: Client, query: str, named: str) -> None:
    status, body = await client.rest("GET", f"/api/jobs/?{query}")
    assert (status, body["error"]) == (400, "invalid_argument")
    assert named in body["message"]


async def test_one_job_comes_with_its_attempts(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add()
    status, body = await client.rest("GET", f"/api/jobs/{job.id}")
    assert (status, body["id"], body["status"]) == (200, str(job.id), "queued")
    (attempt,) = body["attempts"]
    expected = {"number": 1, "device": "cpu", "outcome": "failed", "error": "ffmpeg_error"}
    assert {name: attempt[name] for name in expected} == expected
    assert (attempt["started_at"], attempt["ended_at"]) == ("2023-11-14T22:15:00.000Z", "2023-11-14T22:21:40.000Z")


async def test_a_film_is_submitted(client: Client, daemon: FakeDaemon) -> None:
    wish = {"path": "/srv/a.mkv", "profile": ["chromecast-3"], "priority": 5, "device": None, "container": "mp4"}
    status, body = await client.rest("POST", "/api/jobs/", json=wish)
    assert (status, body["path"]) == (201, "/srv/a.mkv")
    assert daemon.submitted == {
        "path": Path("/srv/a.mkv"),
        "profile": ("chromecast-3",),
        "container": Container.MP4,
        "priority": 5,
        "device": None,
    }


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        ("", "invalid_request", "JSON"),
        ("{", "invalid_request", "JSON"),
        ("[" * 50_000, "invalid_argument", "object"),
        (b"\xff\xfe", "invalid_request", "JSON"),
        ("[]", "invalid_argument", "object"),
        ("{}", "invalid_argument", "path"),
        ('{"path": 1}', "invalid_argument", "path"),
        ('{"path": "/a.mkv", "colour": 1}', "invalid_argument", "colour"),
        ('{"path": "/a.mkv", "profile": "chromecast"}', "invalid_argument", "profile"),
        ('{"path": "/a.mkv", "priority": 101}', "invalid_argument", "priority"),
        ('{"path": "/a.mkv", "container": "avi"}', "invalid_argument", "container"),
        ('{"path": "a.mkv"}', "invalid_path", "absolute"),
        ('{"path": "/a\\u0000.mkv"}', "invalid_path", "NUL"),
        ('{"path": "/a.txt"}', "invalid_path", "no film"),
    ],
)
async def test_a_bad_submission_is_named(client: Client, body: str | bytes, code: str, named: str) -> None:
    status, answer = await client.rest("POST", "/api/jobs/", data=body)
    assert (status, answer["error"]) == (400, code)
    assert named in answer["message"]


async def test_the_verbs_of_a_job(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add()
    address = f"/api/jobs/{job.id}"
    for verb, field, value in (
        ("pause", "paused", True),
        ("resume/", "paused", False),
        ("cancel/", "status", "cancelled"),
        ("retry/", "status", "queued"),
    ):
        status, body = await client.rest("POST", f"{address}/{verb}")
        assert (status, body[field]) == (200, value)
    status, body = await client.rest("POST", f"{address}/priority/", json={"priority": -7})
    assert (status, body["priority"]) == (200, -7)
    assert (await client.rest("POST", f"{address}/priority/", json={"priority": 1000}))[0] == 400
    assert await client.rest("GET", f"{address}/log/") == (200, {"id": str(job.id), "log": "ffmpeg of movie.mkv\n"})
    assert await client.rest("DELETE", f"{address}/") == (204, None)
    assert daemon.known == {}


async def test_what_cannot_be_done_now_is_a_409(client: Client, daemon: FakeDaemon) -> None:
    job = daemon.add(status=JobStatus.COMPLETED)
    status, body = await client.rest("POST", f"/api/jobs/{job.id}/cancel/")
    assert (status, body["error"]) == (409, "invalid_state")


@pytest.mark.parametrize("name", ["x", "206b7618-f2b3-4105-951f-b887ee41ecca", "a" * 500])
@pytest.mark.parametrize(("method", "verb"), [("GET", ""), ("DELETE", ""), ("POST", "cancel/"), ("GET", "log/")])
async def test_a_job_that_does_not_exist_is_a_404(client: Client, method: str, verb: str, name: str) -> None:
    status, body = await client.rest(method, f"/api/jobs/{name}/{verb}")
    assert (status, body["error"]) == (404, "no_such_job")


async def test_the_queue_is_paused_and_resumed(client: Client, daemon: FakeDaemon) -> None:
    assert await client.rest("POST", "/api/queue/pause/") == (200, {"paused": True})
    assert daemon.queue_paused
    assert await client.rest("POST", "/api/queue/resume") == (200, {"paused": False})


async def test_a_film_is_analysed_without_a_job(client: Client, tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    film.touch()
    status, body = await client.rest("POST", "/api/analyze/", json={"path": str(film), "container": "mp4"})
    assert (status, body["container"], body["streams"]["video"]["action"]) == (200, "mp4", "transcode")
    status, body = await client.rest("POST", "/api/analyze/", json={"path": str(tmp_path / "none.mkv")})
    assert (status, body["error"]) == (400, "invalid_path")


async def test_an_analysis_tells_on_which_devices_the_film_plays_as_it_is(client: Client, tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    film.touch()
    _, body = await client.rest("POST", "/api/analyze/", json={"path": str(film)})
    assert body["devices"] == [
        {
            "id": "chromecast",
            "name": "every Chromecast ever sold",
            "plays": False,
            "reasons": ["the devices do not play this codec"],
        },
        {"id": "chromecast-ultra", "name": "Chromecast Ultra", "plays": True, "reasons": []},
    ]


@pytest.mark.parametrize("address", ["/api/profiles/", "/api/profiles"])
async def test_profiles_are_listed_with_what_they_play(client: Client, address: str) -> None:
    status, body = await client.rest("GET", address)
    assert status == 200
    assert body == [
        {
            "id": "tv",
            "title": "Television",
            "builtin": False,
            "containers": [{"name": "mkv", "listed": False, "video": ["hevc"], "audio": ["aac"]}],
            "video": [
                {
                    "codec": "hevc",
                    "limits": [{"width": 3840, "height": 2160, "rate": 60.0}],
                    "profiles": ["Main", "Main 10"],
                    "level": "5.1",
                    "ten_bit": True,
                    "hdr": ["hdr10", "hlg"],
                }
            ],
            "audio": [{"codec": "aac", "max_rate": 96000, "max_bits": 24}],
        }
    ]


@pytest.mark.parametrize("address", ["/api/devices/", "/api/devices"])
async def test_devices_are_listed_with_what_they_do(client: Client, daemon: FakeDaemon, address: str) -> None:
    status, body = await client.rest("GET", address)
    assert status == 200
    assert [device["id"] for device in body] == list(daemon.hardware)
    assert body[0] == {
        "id": "pci-0000_03_00_0",
        "name": "Arc A380",
        "vendor": "intel",
        "kind": "gpu",
        "driver": "i915",
        "encoders": ["h264", "hevc-10bit"],
        "slots": 2,
        "enabled": True,
        "healthy": True,
        "problem": None,
        "running": ["00000000-0000-0000-0000-000000000007"],
        "queued": 3,
    }
    assert (body[1]["healthy"], body[1]["problem"]) == (False, "its driver is not loaded: modprobe nvidia")
    assert (body[-1]["kind"], body[-1]["vendor"], body[-1]["running"]) == ("remux", None, [])
    assert await client.rest("GET", "/api/devices/pci-0000_03_00_0/") == (200, body[0])


async def test_a_gpu_is_disabled_and_enabled(client: Client) -> None:
    address = "/api/devices/pci-0000_03_00_0"
    for verb, enabled in (("disable/", False), ("disable", False), ("enable/", True)):
        status, body = await client.rest("POST", f"{address}/{verb}")
        assert (status, body["id"], body["enabled"]) == (200, "pci-0000_03_00_0", enabled)
        assert await client.rest("GET", address) == (200, body)


@pytest.mark.parametrize("name", ["pci-0000_09_00_0", "x" * 500, "%00"])
@pytest.mark.parametrize(("method", "verb"), [("GET", ""), ("POST", "enable/"), ("POST", "disable")])
async def test_a_device_that_does_not_exist_is_a_404(client: Client, method: str, verb: str, name: str) -> None:
    status, body = await client.rest(method, f"/api/devices/{name}/{verb}")
    assert (status, body["error"]) == (404, "no_such_device")


@pytest.mark.parametrize("name", ["cpu", "remux"])
@pytest.mark.parametrize("verb", ["enable", "disable"])
async def test_what_is_no_gpu_is_never_off(client: Client, name: str, verb: str) -> None:
    status, body = await client.rest("POST", f"/api/devices/{name}/{verb}/")
    assert (status, body["error"]) == (409, "invalid_state")
    assert "what no GPU can do is done there" in body["message"]


async def test_health_is_told_with_its_problems(client: Client, daemon: FakeDaemon) -> None:
    assert await client.rest("GET", "/healthz") == (200, {"ok": True, "problems": []})
    daemon.well = Health(ok=False, problems=("the state folder is full: make room",))
    assert await client.rest("GET", "/healthz") == (
        503,
        {"ok": False, "problems": ["the state folder is full: make room"]},
    )


async def test_a_fault_of_ours_shows_nothing_of_our_insides(
    client: Client, daemon: FakeDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    daemon.broken = True
    status, body = await client.rest("GET", "/healthz")
    assert (status, body["error"]) == (500, "internal_error")
    assert "a fault of ours" not in str(body)
    assert "a fault of ours" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "options", "expected"),
    [
        ("GET", "/nothing", {}, 404),
        ("GET", "/web/../http.py", {}, 404),
        ("GET", "/web/__init__.py", {}, 404),
        ("PUT", "/api/jobs/", {}, 405),
        ("POST", "/healthz", {}, 405),
        ("GET", "/ws/jobs/", {}, 400),
        ("POST", "/api/jobs/", {"data": b" " * 70_000}, 413),
    ],
)
async def test_every_refusal_has_the_same_form(
    client: Client, method: str, path: str, options: dict[str, Any], expected: int
) -> None:
    status, body = await client.rest(method, path, **options)
    assert (status, body["error"]) == (expected, "invalid_request")
    assert body["message"]


async def test_the_schema_of_the_messages_is_served(client: Client) -> None:
    status, schema = await client.rest("GET", "/api/messages.schema.json")
    assert status == 200
    told = schema["discriminator"]["mapping"]
    assert {"progress", "status", "analysis", "error", "job_update", "jobs_list", "cancel_response"} <= told.keys()
    for reference in told.values():
        assert reference.removeprefix("#/$defs/") in schema["$defs"]


@pytest.mark.parametrize(
    ("path", "kind"), [("/", "text/html"), ("/web/page.js", "text/javascript"), ("/web/page.css", "text/css")]
)
async def test_the_page_is_served_under_a_strict_policy(client: Client, path: str, kind: str) -> None:
    async with client.session.get(client.url + path) as response:
        assert (response.status, response.content_type, response.charset) == (200, kind, "utf-8")
        assert "script-src 'self'" in response.headers["Content-Security-Policy"]
        text = await response.text()
    assert "<style" not in text
    assert "style=" not in text
    assert "onclick=" not in text


@pytest.mark.parametrize(
    "sent",
    [
        "GET / HTTP/1.1\r\nX: " + "x" * 20_000 + "\r\n\r\n",
        "\x16\x03\x01\r\n\r\n",
        "POST /api/jobs/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
    ],
)
async def test_no_caller_can_write_a_traceback_into_the_log(
    client: Client, caplog: pytest.LogCaptureFixture, sent: str
) -> None:
    caplog.set_level("INFO")
    host, port = client.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent.encode())
    writer.write_eof()
    async with asyncio.timeout(15):
        await reader.read()
    writer.close()
    assert "Traceback" not in caplog.text
    assert all(record.levelname == "INFO" for record in caplog.records)
