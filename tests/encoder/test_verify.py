"""What is put in place was looked at: whole, as planned, and playable."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.command import convert_argv
from mkv2castd.encoder.media import Media
from mkv2castd.encoder.plan import Plan, plan
from mkv2castd.encoder.probe import probe
from mkv2castd.encoder.verify import verify
from mkv2castd.errors import DeviceError, ErrorCode, MediaError
from mkv2castd.model import Container, StreamKind
from tests.clips import make_clip

STEREO = ("-ac:a:0", "2")


@dataclass
class Made:
    """A source, its plan, and what ffmpeg made of it."""

    film: Path
    source: Media
    plan: Plan
    output: Path
    settings: Settings

    async def verify(self) -> Media:
        return await verify(self.output, self.plan, self.film, self.source, self.settings)

    async def fails(self, error: type[DeviceError] | type[MediaError] = DeviceError) -> str:
        with pytest.raises(error) as caught:
            await self.verify()
        expected = ErrorCode.VERIFY_FAILED if error is DeviceError else ErrorCode.SOURCE_UNREADABLE
        assert caught.value.code is expected
        return caught.value.message


async def convert(source: Path, settings: Settings | None = None) -> Made:
    settings = settings if settings is not None else Settings(quality="fast")
    media = await probe(source)
    decision = plan(media, settings)
    assert isinstance(decision, Plan), decision
    output = source.with_name(f"out.{settings.container.value}")
    subprocess.run(
        convert_argv(decision, source, output, "1;1;1;1"),
        check=True,
        timeout=90,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return Made(source, media, decision, output, settings)


def damage(path: Path, change: Callable[[bytearray], object]) -> None:
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)


def cut_in_half(data: bytearray) -> None:
    del data[len(data) // 2 :]


def garbage_in_the_middle(data: bytearray) -> None:
    middle, width = len(data) // 2, len(data) // 8
    data[middle - width : middle + width] = b"\xa5" * (2 * width)


def silent(plan: Plan) -> Plan:
    """The plan, of a source whose streams tell no duration."""
    bare = tuple(replace(stream, source=replace(stream.source, duration=None)) for stream in plan.kept)
    return replace(plan, kept=bare)


def remake(made: Made, options: Sequence[str]) -> None:
    """The output, changed by ffmpeg without encoding."""
    other = made.output.with_stem("other")
    argv = ["ffmpeg", "-v", "error", "-y", "-nostdin", "-i", str(made.output), *options, str(other)]
    subprocess.run(argv, check=True, timeout=90, stdin=subprocess.DEVNULL)
    other.rename(made.output)


async def test_a_good_output_passes_in_every_container(tmp_path: Path) -> None:
    for container in Container:
        folder = tmp_path / container.value
        folder.mkdir()
        source = make_clip(
            folder / "in.mkv", video="mpeg4", audio=["ac3", "aac"], seconds=7, size="160x90", subtitle="srt"
        )
        made = await convert(source, Settings(container=container, quality="fast"))
        found = await made.verify()
        assert found.ours == "1;1;1;1"
        assert found.duration == pytest.approx(7, abs=0.2)


async def test_a_remux_passes(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", video="h264", audio=["ac3", "aac51"], seconds=12)
    made = await convert(source)
    assert made.plan.copies_video
    await made.verify()


@pytest.mark.parametrize(
    ("seconds", "rate", "extra"),
    [
        (1, 25, []),
        (3, 25, []),
        (0.04, 25, []),
        (9, 1, []),
        (20, 1, ["-r", "1/5"]),
        (10, 25, ["-g", "9999", "-x264-params", "keyint=infinite:scenecut=0"]),
    ],
)
async def test_short_films_and_few_frames_pass(tmp_path: Path, seconds: float, rate: int, extra: list[str]) -> None:
    source = make_clip(tmp_path / "in.mkv", audio=["ac3-stereo"], seconds=seconds, rate=rate, extra=extra)
    await (await convert(source)).verify()


@pytest.mark.parametrize("seconds", [3, 20])
async def test_a_still_picture_with_sound_passes(tmp_path: Path, seconds: int) -> None:
    source = make_clip(tmp_path / "in.mkv", audio=["ac3-stereo"], seconds=seconds, extra=["-vf", "trim=end_frame=1"])
    made = await convert(source)
    assert (await made.verify()).duration == pytest.approx(seconds, abs=0.2)


async def test_a_film_without_sound_passes(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.avi", video="mpeg4", audio=[], seconds=8)
    await (await convert(source)).verify()


@pytest.mark.parametrize("seconds", [2, 10])
async def test_a_source_that_tells_no_duration_is_no_fault(tmp_path: Path, seconds: int) -> None:
    source = make_clip(tmp_path / "in.mkv", audio=["ac3-stereo"], seconds=seconds)
    made = await convert(source)
    unknown = tuple(replace(stream, duration=None) for stream in made.source.streams)
    made.source = replace(made.source, duration=None, streams=unknown)
    made.plan = replace(silent(made.plan), duration=None)
    await made.verify()
    damage(made.output, cut_in_half)
    await made.fails()


@pytest.mark.parametrize("container", list(Container))
@pytest.mark.parametrize("seconds", [3, 8])
async def test_an_output_that_is_cut_in_half_is_noticed(tmp_path: Path, container: Container, seconds: int) -> None:
    source = make_clip(tmp_path / "in.mkv", video="mpeg4", audio=["ac3-stereo"], seconds=seconds, size="160x90")
    made = await convert(source, Settings(container=container, quality="fast"))
    damage(made.output, cut_in_half)
    await made.fails()


@pytest.mark.parametrize("container", list(Container))
@pytest.mark.parametrize("video", ["mpeg4", "h264"])
async def test_garbage_in_the_middle_is_noticed(tmp_path: Path, container: Container, video: str) -> None:
    source = make_clip(tmp_path / "in.mkv", video=video, audio=["ac3-stereo"], seconds=9, size="160x90")
    made = await convert(source, Settings(container=container, quality="fast"))
    damage(made.output, garbage_in_the_middle)
    await made.fails()


async def test_an_output_that_is_empty_or_gone_is_noticed(tmp_path: Path) -> None:
    made = await convert(make_clip(tmp_path / "in.mkv", audio=["ac3"]))
    for content in (b"", b"no film at all", bytes(5000)):
        made.output.write_bytes(content)
        assert "cannot be read" in await made.fails()
    made.output.unlink()
    await made.fails()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-c", "copy", "-map", "0:v"], "planned were h264 (video), aac (audio), made were h264 (video)"),
        (["-c", "copy", "-c:a", "libmp3lame"], "mp3 (audio)"),
        (["-c", "copy", "-map", "0:v", "-map", "0:a", "-map", "0:a"], "made were h264 (video), aac (audio), aac"),
    ],
)
async def test_other_streams_than_planned_are_noticed(tmp_path: Path, options: list[str], said: str) -> None:
    made = await convert(make_clip(tmp_path / "in.mkv", audio=["ac3"], extra=STEREO))
    remake(made, options)
    assert said in await made.fails()


async def test_an_output_that_would_not_play_is_noticed(tmp_path: Path) -> None:
    made = await convert(make_clip(tmp_path / "in.mkv", audio=["ac3"], extra=STEREO))
    remake(made, ["-c:v", "libx264", "-pix_fmt", "yuv420p10le", "-c:a", "copy"])
    assert "would not play" in await made.fails()


async def test_an_output_that_would_need_a_mend_is_told_as_that(tmp_path: Path) -> None:
    """A stream that would be copied has its reason too, and the container is not to blame."""
    made = await convert(make_clip(tmp_path / "in.mkv", audio=["ac3"], extra=STEREO))
    remake(made, ["-c", "copy", "-bsf:v", "h264_metadata=level=10"])
    assert (await made.fails()).endswith("it would not play: its stated level is too low")


async def test_an_encoded_sound_track_without_sound_is_noticed(tmp_path: Path) -> None:
    made = await convert(make_clip(tmp_path / "in.mkv", audio=["ac3-stereo"], seconds=8))
    other = made.output.with_stem("other")
    empty = ["ffmpeg", "-v", "error", "-y", "-i", str(made.output), "-map", "0", "-c", "copy"]
    subprocess.run([*empty, "-bsf:a", "noise=drop=1", str(other)], timeout=90, stdin=subprocess.DEVNULL)
    other.rename(made.output)
    assert "sound track 1 is empty" in await made.fails()


async def test_a_sound_track_that_lasts_only_a_moment_in_between_passes(tmp_path: Path) -> None:
    delayed = ["-af:a:1", "atrim=start=4:end=6"]
    source = make_clip(tmp_path / "in.mkv", audio=["aac", "ac3"], seconds=30, extra=delayed)
    await (await convert(source)).verify()


async def test_an_output_that_is_too_long_is_noticed(tmp_path: Path) -> None:
    made = await convert(make_clip(tmp_path / "in.mkv", audio=["ac3-stereo"], seconds=8))
    made.film = make_clip(tmp_path / "short.mkv", audio=["ac3-stereo"], seconds=5)
    made.source = replace(made.source, duration=5.0, streams=())
    made.plan = silent(made.plan)
    assert "it lasts 0:00:08.0, the film 0:00:05.0" in await made.fails()
    # where the source states nothing, what was worked out may be wrong
    made.source = replace(made.source, format_names=("mpegts",))
    await made.verify()


@pytest.mark.parametrize("name", ["in.mkv", "in.mp4"])
async def test_a_truncated_source_is_the_films_fault_unless_it_is_accepted(tmp_path: Path, name: str) -> None:
    front = ["-movflags", "+faststart"] if name == "in.mp4" else []
    source = make_clip(tmp_path / name, audio=["ac3-stereo"], seconds=15, extra=front)
    damage(source, cut_in_half)
    made = await convert(source)
    message = await made.fails(MediaError)
    assert "of 0:00:15.0" in message
    assert "accept_damaged = true" in message
    made.settings = replace(made.settings, accept_damaged=True)
    await made.verify()
    damage(made.output, cut_in_half)
    await made.fails()


async def test_a_picture_that_stops_before_the_sound_is_the_films_fault(tmp_path: Path) -> None:
    made = await convert(make_clip(tmp_path / "in.mp4", audio=["ac3-stereo"], seconds=12))
    await made.verify()
    remake(made, ["-map", "0", "-c", "copy", "-bsf:v", "noise=drop='gt(pts*tb,7)'"])
    assert "the picture ends after 0:00:07" in await made.fails(MediaError)


@pytest.mark.parametrize("name", ["in.mp4", "in.mkv"])
async def test_a_subtitle_that_outlasts_the_film_is_no_fault(tmp_path: Path, name: str) -> None:
    subtitle = tmp_path / "late.srt"
    subtitle.write_text("1\n00:00:01,000 --> 00:00:30,000\nStill here\n")
    plain = make_clip(tmp_path / "plain.mkv", audio=["ac3-stereo"], seconds=8)
    source = tmp_path / name
    argv = ["ffmpeg", "-v", "error", "-y", "-i", str(plain), "-i", str(subtitle), "-map", "0", "-map", "1"]
    kind = "mov_text" if name == "in.mp4" else "srt"
    subprocess.run([*argv, "-c", "copy", "-c:s", kind, str(source)], check=True, timeout=90)
    made = await convert(source)
    # how long a film lasts, subtitles do not tell ffmpeg 7 everywhere
    assert made.source.duration is not None
    lasting = (made.source.duration, *(s.duration for s in made.source.subtitles if s.duration is not None))
    assert max(lasting) == pytest.approx(30, abs=0.5)
    await made.verify()
    if name == "in.mp4":  # where each track tells its own duration, it may be dropped, too
        remake(made, ["-map", "0:v", "-map", "0:a", "-c", "copy"])
        made.plan = replace(made.plan, kept=tuple(s for s in made.plan.kept if s.kind is not StreamKind.SUBTITLE))
        await made.verify()


async def test_a_source_that_starts_late_is_as_long_as_its_film(tmp_path: Path) -> None:
    plain = make_clip(tmp_path / "plain.mkv", audio=["ac3-stereo"], seconds=8)
    source = tmp_path / "in.mkv"
    argv = ["ffmpeg", "-v", "error", "-y", "-itsoffset", "20", "-i", str(plain), "-map", "0", "-c", "copy", "-copyts"]
    subprocess.run([*argv, str(source)], check=True, timeout=90)
    media = await probe(source)
    assert media.start is not None
    assert media.start > 15
    await (await convert(source)).verify()


async def test_names_that_mean_something_to_ffmpeg_do_no_harm(tmp_path: Path) -> None:
    made = await convert(make_clip(tmp_path / "in.mkv", audio=["ac3"]))
    odd = made.output.with_name("-i%d:\n'a.mkv")
    made.output.rename(odd)
    made.output = odd
    await made.verify()
