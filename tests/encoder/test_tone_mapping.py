"""HDR for devices that show none: as bright as BT.2408 has it where SDR can be, and rolled off above."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.media import Light
from mkv2castd.encoder.plan import Plan, plan
from mkv2castd.encoder.targets import VideoTarget
from mkv2castd.encoder.tone_mapping import TONE_MAPPERS, by_name, tone_mapper
from mkv2castd.encoder.tools import Tools
from mkv2castd.errors import ErrorCode, MediaError
from mkv2castd.model import Container
from tests.encoder.charts import NITS, brightness, chart
from tests.encoder.converting import convert, ffmpeg
from tests.encoder.films import audio, film, video

TRANSFERS = {"pq": "smpte2084", "hlg": "arib-std-b67"}
FAST = Settings(quality="fast")


def _by_the_book(path: Path, kind: str) -> list[float]:
    """zscale's own conversion: 203 nits, white paper in HDR, become SDR's white; what is brighter is cut off."""
    given = f"pin=bt2020:tin={TRANSFERS[kind]}:min=bt2020nc:rin=limited"
    return brightness(path, f"zscale={given}:p=bt709:t=bt709:m=bt709:r=limited:npl=203")


def _assert_plausible(shown: list[float], reference: list[float], tolerance: float) -> None:
    by_nits = dict(zip(NITS, shown, strict=True))
    assert by_nits[0] == pytest.approx(0, abs=0.01)
    for nits, had, due in zip(NITS, shown, reference, strict=True):
        if nits <= 50:
            assert had == pytest.approx(due, abs=tolerance), nits
    assert 0.75 <= by_nits[203] <= 0.95
    assert 0.97 <= by_nits[1000] <= 1.01
    assert all(darker < brighter for darker, brighter in pairwise(shown))


@pytest.mark.parametrize("kind", ["pq", "hlg"])
def test_a_chart_is_as_bright_as_it_should_be(tmp_path: Path, kind: str) -> None:
    source = chart(kind, tmp_path / "chart.mkv")
    made = convert(source, FAST)
    _assert_plausible(brightness(made.path), _by_the_book(source, kind), 0.02)
    picture = made.picture
    assert (picture.color_primaries, picture.color_transfer, picture.color_space) == ("bt709", "bt709", "bt709")
    assert (picture.color_range, picture.pixel_format) == ("tv", "yuv420p")


@pytest.mark.parametrize("kind", ["pq", "hlg"])
def test_libplacebo_comes_to_the_same_where_it_works(tmp_path: Path, kind: str) -> None:
    source = chart(kind, tmp_path / "chart.mkv")
    row = by_name("libplacebo")
    argv = ["ffmpeg", "-v", "error", "-y", *row.options, "-i", str(source)]
    filters = ",".join(row.chain(video(pixel_format="yuv420p10le", color_transfer=TRANSFERS[kind])))
    done = subprocess.run(
        [*argv, "-vf", filters, "-c:v", "ffv1", str(tmp_path / "out.mkv")], capture_output=True, timeout=90
    )
    if done.returncode != 0:
        pytest.skip("no Vulkan driver here")
    _assert_plausible(brightness(tmp_path / "out.mkv"), _by_the_book(source, kind), 0.05)


def test_an_8_bit_film_in_hdr_is_tone_mapped_too(tmp_path: Path) -> None:
    source = chart("pq", tmp_path / "chart.mkv", "libx264")
    made = convert(source, FAST)
    assert "tone mapped" in made.plan.picture.reason
    assert 0.75 <= brightness(made.path)[NITS.index(203)] <= 0.95


def _planned(tools: Tools, **facts: Any) -> VideoTarget:
    media = film(video(codec="hevc", profile="Main 10", level=120, pixel_format="yuv420p10le", **facts), audio())
    decision = plan(media, Settings(), tools)
    assert isinstance(decision, Plan)
    assert decision.picture.video is not None
    return decision.picture.video


PQ: dict[str, Any] = {"color_transfer": "smpte2084"}
FIVE: dict[str, Any] = {"dolby_vision": 5, "dolby_vision_base": 0}


def test_libplacebo_is_taken_where_it_works() -> None:
    assert _planned(Tools(), **PQ).tone_map == "zscale"
    assert _planned(Tools(placebo=True), **PQ).tone_map == "libplacebo"
    assert _planned(Tools(placebo=True), **FIVE).tone_map == "libplacebo"


def test_libplacebo_on_the_processor_is_for_what_nothing_else_can() -> None:
    slow = Tools(placebo=True, in_software=True)
    assert _planned(slow, **PQ).tone_map == "zscale"
    assert _planned(slow, **FIVE).tone_map == "libplacebo"


@pytest.mark.parametrize(
    ("tools", "facts", "words"),
    [
        (Tools(), FIVE, "Dolby Vision profile 5"),
        (Tools(), {"dolby_vision": 10, "dolby_vision_base": 0}, "Dolby Vision profile 10"),
        (Tools(filters=frozenset({"scale"})), PQ, "zscale"),
    ],
)
def test_what_cannot_be_tone_mapped_is_refused(tools: Tools, facts: dict[str, Any], words: str) -> None:
    with pytest.raises(MediaError, match=words) as caught:
        _planned(tools, **facts)
    assert caught.value.code is ErrorCode.UNSUPPORTED_MEDIA


def test_the_peak_of_the_film_is_what_becomes_white() -> None:
    chains = [",".join(by_name("zscale").chain(video(**PQ, light=Light(nits, 100)))) for nits in (406, 10_000, 100)]
    assert ["peak=2.000" in chains[0], "peak=49.261" in chains[1], "peak=4.926" in chains[2]] == [True] * 3


def test_every_row_has_its_name() -> None:
    assert [by_name(row.name) for row in TONE_MAPPERS] == list(TONE_MAPPERS)
    with pytest.raises(LookupError):
        by_name("none")
    assert tone_mapper(video(**PQ), Tools(filters=frozenset())) is None


def test_bt2020_without_hdr_keeps_its_brightness(tmp_path: Path) -> None:
    source = tmp_path / "wide.mkv"
    x265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:crf=4")
    grey = "color=gray:s=288x64:r=10:d=0.3,format=yuv420p10le"
    # ffmpeg 5 goes by the encoder's options alone, ffmpeg 7 by the frames' word
    tags = ("-color_primaries", "bt2020", "-color_trc", "bt2020-10", "-colorspace", "bt2020nc")
    said = "setparams=color_primaries=bt2020:color_trc=bt2020-10:colorspace=bt2020nc"
    ffmpeg("-f", "lavfi", "-i", f"{grey},{said}", *x265, *tags, str(source))
    made = convert(source, Settings(container=Container.MP4, quality="fast"))
    assert brightness(made.path)[0] == pytest.approx(brightness(source)[0], abs=0.01)
    assert made.picture.color_primaries == "bt709"
    assert made.picture.frame_rate == Fraction(10)
