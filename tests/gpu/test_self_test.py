"""The self-test for owners of cards, with stock ffmpeg on the test driver."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from mkv2castd.device import Ability, Backend, Device, Gpu, Proof, Skill, Vendor
from mkv2castd.model import Container
from tests.driver import Driver, node
from tests.encoder.graphics import ROWS
from tests.gpu import telling
from tests.gpu.__main__ import main, self_test
from tests.gpu.cases import cases
from tests.gpu.films import FILMS, subtitle
from tests.gpu.host import host, secrets
from tests.gpu.telling import Secrets
from tests.gpu.trying import Failed, Made, judged

SIZE = (320, 192)
ADDRESS = "0000:03:00.0"
MADE = Made(speed=5.25, kbps=4200.4, psnr=41.234, ssim=0.98765)


@pytest.fixture(autouse=True)
def encoders_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mkv2castd.encoder.proofs.SAMPLES", ())
    monkeypatch.setattr("mkv2castd.encoder.proofs.device_filters", lambda _backend: None)


def card(tmp_path: Path, name: str, **switches: int) -> Gpu:
    place = node(tmp_path / "nodes", f"render-{name}", **switches).path
    return Gpu(f"pci-{name}", f"Radeon {name}", Vendor.AMD, "radeon", node=place)


async def test_two_good_cards_and_one_that_fails_at_work(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.gpu.cases.FILMS", {"film": FILMS["film"]})
    found = (
        replace(card(tmp_path, "one"), address=ADDRESS),
        card(tmp_path, "two"),
        card(tmp_path, "three", fail_after=60),
    )
    code = await self_test(
        found, {ADDRESS: "1002:6939"}, seconds=3, size=SIZE, rows=ROWS, environment=driver.environment
    )
    out = capsys.readouterr().out
    assert code == 1
    assert "node-render-one, Radeon one, 1002:6939, driver radeon" in out
    assert out.count("works: vaapi encode h264") == 3
    assert out.count("opened with mkv2castd test driver") == 3
    assert out.count("vaapi, encoded only") == 3
    assert out.count("the processor") == 3
    assert "FAILED: FFmpeg process exited with code 1" in out
    assert "Failed to end picture encode issue: 24" in out
    assert [line.strip() for line in out.partition("Result\n")[2].splitlines()[:4]] == [
        "node-render-one: 1 of 1 conversions work",
        "node-render-two: 1 of 1 conversions work",
        "node-render-three: 0 of 1 conversions work",
        "Not all that was claimed works.",
    ]
    assert str(tmp_path) not in out
    assert "mkv2castd-self-test-" not in out


async def test_a_good_card_converts_every_film(
    driver: Driver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await self_test(
        (card(tmp_path, "one"),), {}, seconds=1, size=SIZE, rows=ROWS, environment=driver.environment
    )
    out = capsys.readouterr().out
    assert code == 0, out
    assert f"{len(FILMS)} of {len(FILMS)} conversions work" in out
    assert "left out" not in out
    assert "All that was claimed works." in out
    assert "project's tracker" in out.splitlines()[-2]


async def test_cards_that_encode_nothing_are_told_with_the_reason(
    driver: Driver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = (card(tmp_path, "one", fail_open=1), Gpu("pci-two", "ASPEED", Vendor.OTHER, "ast", problem="it has none"))
    assert await self_test(found, {}, seconds=1, size=SIZE, rows=ROWS, environment=driver.environment) == 1
    out = capsys.readouterr().out
    assert "nothing can be encoded on it: its driver does not open it" in out
    assert "nothing can be encoded on it: it has none" in out
    assert "pci-two: encodes nothing" in out
    assert "Nothing can be encoded on a card." in out


async def test_where_there_is_no_card_it_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert await self_test((), {}) == 1
    assert "none was found. In a container, hand in the render node" in capsys.readouterr().out


def test_what_a_card_has_proved_is_what_it_is_tried_with() -> None:
    def device(*encodes: tuple[str, bool]) -> Device:
        made = tuple(Proof(Ability(Backend.VAAPI, Skill.ENCODE, codec, deep)) for codec, deep in encodes)
        return Device(Gpu("pci-one", "one", Vendor.INTEL, "i915"), made)

    def tried(*encodes: tuple[str, bool]) -> list[tuple[str, bool, str]]:
        return [(case.codec, case.deep, case.film) for case in cases(device(*encodes), SIZE)]

    assert tried(("h264", False)) == [("h264", False, name) for name in FILMS]
    assert tried(("hevc", True), ("h264", True)) == [("hevc", True, "hdr10")]
    assert tried(("av1", False)) == []
    assert len(tried(("h264", False), ("hevc", False), ("hevc", True), ("vp9", False))) == 3 * len(FILMS) + 1
    (case, *_) = cases(device(("h264", False)), SIZE)
    assert [wish.container for wish in case.wishes] == [Container.MKV, Container.MP4]


def test_a_picture_that_decodes_but_is_another_one_is_a_failure() -> None:
    assert judged(replace(MADE, psnr=38), MADE) == replace(MADE, psnr=38)
    other = judged(replace(MADE, psnr=9.5), MADE)
    assert isinstance(other, Failed)
    assert "PSNR 9.5 dB" in other.what


def test_a_subtitle_lasts_as_long_as_the_film() -> None:
    assert "00:00:00,000 --> 00:00:06,250" in subtitle(6.25)


class TestReport:
    def test_a_result_is_one_line(self) -> None:
        (line,) = telling.result("vaapi, encoded only", MADE)
        assert line.strip().startswith("vaapi, encoded only")
        assert "5.25 × real time   PSNR 41.23 dB, SSIM 0.9877 at 4200 kbit/s" in line

    def test_a_failure_comes_with_the_end_of_what_ffmpeg_said(self) -> None:
        said = "\n".join(f"line {number}" for number in range(50))
        first, *rest = telling.result("vaapi", Failed("it broke", said))
        assert first.endswith("FAILED: it broke")
        assert [line.strip() for line in rest] == [f"line {number}" for number in range(38, 50)]

    @pytest.mark.parametrize(
        ("claims", "failures", "passed"),
        [
            ({"a": 5}, {"a": 0}, True),
            ({"a": 5, "b": 0}, {"a": 0, "b": 0}, True),
            ({"a": 5, "b": 3}, {"a": 0, "b": 1}, False),
            ({"a": 0}, {"a": 0}, False),
            ({}, {}, False),
        ],
    )
    def test_it_passes_when_a_card_encodes_and_all_that_is_claimed_works(
        self, claims: dict[str, int], failures: dict[str, int], passed: bool
    ) -> None:
        assert telling.passed(claims, failures) is passed
        assert ("  All that was claimed works." in telling.verdict(claims, failures)) is passed

    def test_what_a_card_does_not_do_is_told_once_a_reason(self) -> None:
        proofs = [
            Proof(Ability(Backend.VAAPI, Skill.ENCODE, codec), problem)
            for codec, problem in (("h264", None), ("hevc", "no"), ("vp9", "no"), ("av1", "its driver is too old"))
        ]
        device = Device(Gpu("pci-one", "one", Vendor.INTEL, "i915"), tuple(proofs), slots=3)
        lines = list(telling.proved(device, 4.26, None))
        assert lines[0] == "Proving pci-one: 4.3 s"
        assert lines[1:] == [
            "  works: vaapi encode h264",
            "  films at once: 3",
            "  does not: vaapi encode hevc, vaapi encode vp9: no",
            "  does not: vaapi encode av1: its driver is too old",
            "",
        ]


class TestPrivacy:
    def test_whole_words_and_paths_are_hidden(self) -> None:
        hidden = Secrets({"/home/ada": "~", "/home/ada/gpu/": "…/"}, ["ada", "nas"])
        assert hidden.hide("/home/ada/gpu/renderD129 of ada on nas") == "…/renderD129 of … on …"
        assert hidden.hide("Canada, nasty: /home/ada/x") == "Canada, nasty: ~/x"

    def test_a_card_is_not_told_by_its_own_number(self) -> None:
        text = "GPU-eaf23aa1-4d3d-596c-da66-b86b0e5db584: h264"
        assert Secrets().hide(text) == "GPU-eaf23aa1-…: h264"

    def test_nodes_that_the_owner_has_named_lose_their_folders(self) -> None:
        gpus = (
            Gpu(
                "node-srv_ada_gpu_renderD129",
                "GPU at /srv/ada/gpu/renderD129",
                Vendor.OTHER,
                node=Path("/srv/ada/gpu/renderD129"),
            ),
            Gpu("node-dev_dri_renderD128", "GPU", Vendor.OTHER, node=Path("/dev/dri/renderD128")),
        )
        hidden = secrets(Path("/tmp/films"), gpus)
        assert hidden.hide(f"{gpus[0].id}, {gpus[0].name}") == "node-renderD129, GPU at …/renderD129"
        assert hidden.hide(f"{gpus[1].id} /dev/dri/renderD128") == "node-dev_dri_renderD128 /dev/dri/renderD128"
        assert hidden.hide("file:/tmp/films/made-1/film.mkv") == "file:made-1/film.mkv"

    async def test_the_heading_does_not_name_the_machine(self) -> None:
        lines = "\n".join(telling.heading(await host()))
        assert "ffmpeg " in lines
        assert "Linux " in lines
        assert socket.gethostname() not in lines.split()


@pytest.mark.parametrize("seconds", ["0", "60", "long"])
def test_films_that_are_too_short_or_too_long_are_refused(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--seconds", seconds])
    assert ended.value.code == 2
    assert "--seconds" in capsys.readouterr().err


def test_a_node_is_looked_for_from_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, driver: Driver, capsys: pytest.CaptureFixture[str]
) -> None:
    node(tmp_path / "gpu", "renderD129", fail_open=1)
    monkeypatch.chdir(tmp_path)
    for name, value in driver.environment.items():
        monkeypatch.setenv(name, value)
    assert main(["--node", "gpu/renderD129", "--seconds", "1"]) == 1
    out = capsys.readouterr().out
    assert "node-renderD129, GPU at …/renderD129, driver unknown" in out
    assert str(tmp_path) not in out
