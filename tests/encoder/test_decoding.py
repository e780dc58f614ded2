"""Films whose picture has no frame are refused, and films with a single frame are not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mkv2castd.config import Settings
from mkv2castd.encoder.decoding import is_doubtful
from mkv2castd.encoder.plan import Skip, plan
from mkv2castd.encoder.probe import probe
from mkv2castd.encoder.survey import examine
from mkv2castd.errors import ErrorCode, MediaError
from mkv2castd.model import Container
from tests.clips import make_clip
from tests.encoder.converting import convert, ffmpeg
from tests.encoder.films import audio, film, video

# What each key frame begins with: VP8 (RFC 6386, 9.1) and VP9 (its bitstream's specification, 7.2).
VP8_SYNC, VP9_SYNC = b"\x9d\x01\x2a", b"\x49\x83\x42"
SOURCE = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=1")
LIVE = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-f", "webm", "-")


def live_recording() -> bytes:
    """As browsers record: a WebM without a duration."""
    argv = ["ffmpeg", "-v", "error", "-nostdin", *SOURCE, *LIVE]
    return subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout


def without_default_duration(film: bytes) -> bytes:
    """A WebM whose rate nobody tells: ffprobe then names the clock's 1000 ticks a second."""
    told = film.index(bytes.fromhex("23e383"))
    return film[:told] + b"\xec\x86" + film[told + 2 :]


async def refusal(path: Path, settings: Settings | None = None) -> MediaError:
    chosen = settings if settings is not None else Settings()
    with pytest.raises(MediaError) as caught:
        plan(await examine(path, settings=chosen), chosen)
    return caught.value


async def test_a_live_recording_without_a_frame_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.webm"
    whole = live_recording()
    path.write_bytes(whole)
    settings = Settings(container=Container.WEBM)
    assert isinstance(plan(await examine(path, settings=settings), settings), Skip)

    path.write_bytes(whole.replace(VP8_SYNC, b"\0\0\0"))
    fault = await refusal(path, settings)
    assert fault.code is ErrorCode.SOURCE_UNREADABLE
    assert "not one frame of the picture can be decoded" in fault.message


async def test_a_picture_of_unknown_pixels_has_to_show_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "film.webm"
    ffmpeg(*SOURCE, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", str(path))
    path.write_bytes(path.read_bytes().replace(VP9_SYNC, b"\0\0\0"))
    assert "not one frame" in (await refusal(path, Settings(profile=("chromecast-ultra",)))).message


@pytest.mark.parametrize(("encoder", "sync"), [("libvpx", VP8_SYNC), ("libvpx-vp9", VP9_SYNC)])
async def test_matroska_that_names_a_key_is_locked_unless_it_decodes(
    tmp_path: Path, encoder: str, sync: bytes
) -> None:
    path, settings = tmp_path / "film.webm", Settings(profile=("chromecast-ultra",))
    named = ("-metadata:s:v", "enc_key_id=i133Ra2EFFtWF8MxFuNaZw==")
    ffmpeg(*SOURCE, "-c:v", encoder, "-deadline", "realtime", "-cpu-used", "8", *named, str(path))
    assert isinstance(plan(await examine(path, settings=settings), settings), Skip)

    path.write_bytes(path.read_bytes().replace(sync, b"\0\0\0"))
    fault = await refusal(path, settings)
    assert fault.code is ErrorCode.UNSUPPORTED_MEDIA
    assert "copy protection" in fault.message


@pytest.mark.parametrize("name", ["film.mkv", "film.mp4", "film.ts", "film.avi", "film.mpg"])
async def test_ordinary_films_cost_no_look(tmp_path: Path, name: str) -> None:
    media = await probe(make_clip(tmp_path / name, "mpeg2" if name.endswith("mpg") else "h264", ("mp3",)))
    assert media.picture is not None
    assert not is_doubtful(media, media.picture)


@pytest.mark.parametrize("container", [Container.MKV, Container.MP4])
@pytest.mark.parametrize("name", ["film.webm", "clock.webm", "film.avi"])
def test_a_single_frame_is_a_film(tmp_path: Path, name: str, container: Container) -> None:
    path = tmp_path / name
    codec = ("libvpx-vp9", "-deadline", "realtime") if name.endswith("webm") else ("mpeg4",)
    ffmpeg(*SOURCE, "-frames:v", "1", "-c:v", *codec, str(path))
    if name.startswith("clock"):
        path.write_bytes(without_default_duration(path.read_bytes()))
    made = convert(path, Settings(container=container, quality="fast"))
    assert (made.source.picture is not None and made.source.picture.frame_rate is None) == name.startswith("clock")
    assert made.picture.frame_rate is None or made.picture.frame_rate <= 60
    argv = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(made.path), "-f", "framecrc", "-"]
    frames = subprocess.run(argv, capture_output=True, check=True, timeout=90).stdout.splitlines()
    assert len([line for line in frames if not line.startswith(b"#")]) == 1


async def test_of_several_pictures_the_one_with_frames_is_the_film(tmp_path: Path) -> None:
    assert film(video(index=0), video(index=1, start=0.0)).picture == video(index=1, start=0.0)
    empty, real = video(index=0, decodes=False, start=0.0), video(index=1, start=0.0, width=640, height=360)
    assert film(empty, real, audio(2)).picture is real

    path = tmp_path / "film.webm"
    vp9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")
    ffmpeg(*SOURCE, "-map", "0", "-map", "0", "-c:v:0", "libvpx-vp9", *vp9, "-c:v:1", "libvpx", str(path))
    path.write_bytes(path.read_bytes().replace(VP9_SYNC, b"\0\0\0"))
    shown = (await examine(path)).picture
    assert shown is not None
    assert shown.codec == "vp8"


async def test_what_holds_neither_picture_nor_sound_is_no_film(tmp_path: Path) -> None:
    text = tmp_path / "text.srt"
    text.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    path = tmp_path / "film.mkv"
    ffmpeg("-i", str(text), str(path))
    fault = await refusal(path)
    assert fault.code is ErrorCode.UNSUPPORTED_MEDIA
    assert fault.message == "neither picture nor sound, but subtitle: no film"
