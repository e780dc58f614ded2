"""Small real films made by ffmpeg's own sources, each made once per test session.

`make_clip(path, …)` puts one at `path`; the same arguments are encoded only once and copied afterwards.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

VIDEO = {
    "h264": ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25"],
    "h264-10bit": ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le"],
    "hevc": ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p"],
    "mpeg2": ["-c:v", "mpeg2video", "-b:v", "1M"],
    "mpeg4": ["-c:v", "mpeg4", "-b:v", "1M"],
    "vp8": ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "500k"],
}
# An AAC track in 5.1 takes as long to encode as a small picture: a long film whose sound does not matter has stereo.
AUDIO = {
    "aac": ["aac", "-ac", "2"],
    "aac51": ["aac", "-ac", "6"],
    "ac3": ["ac3", "-ac", "6"],
    "ac3-stereo": ["ac3", "-ac", "2"],
    "dts": ["dca", "-ac", "6", "-strict", "-2"],
    "mp3": ["libmp3lame", "-ac", "2"],
    "opus": ["libopus", "-ac", "2"],
    "vorbis": ["libvorbis", "-ac", "2"],
    "flac": ["flac", "-ac", "2"],
    "pcm": ["pcm_s16le", "-ac", "2"],
}
FORMATS = {".mkv": "matroska", ".m4v": "mp4", ".ts": "mpegts", ".mpg": "mpeg"}


@dataclass(frozen=True)
class Clip:
    """What a clip is made of. `audio` names rows of AUDIO, one track each; `extra` are output options."""

    video: str | None = "h264"
    audio: tuple[str, ...] = ("aac",)
    seconds: float = 1
    size: str = "320x180"
    rate: int = 25
    subtitle: str | None = None
    extra: tuple[str, ...] = ()
    container: str = "matroska"

    def argv(self, target: Path, subtitle_file: Path | None) -> list[str]:
        argv = ["ffmpeg", "-v", "error", "-nostdin", "-y"]
        if self.video is not None:
            argv += ["-f", "lavfi", "-i", f"testsrc2=s={self.size}:r={self.rate}:d={self.seconds}"]
        for number in range(len(self.audio)):
            argv += ["-f", "lavfi", "-i", f"sine=f={440 + 110 * number}:r=48000:d={self.seconds}"]
        if subtitle_file is not None:
            argv += ["-i", str(subtitle_file)]
        inputs = (self.video is not None) + len(self.audio) + (subtitle_file is not None)
        for number in range(inputs):
            argv += ["-map", str(number)]
        if self.video is not None:
            argv += VIDEO[self.video]
        for number, name in enumerate(self.audio):
            codec, *options = AUDIO[name]
            argv += [f"-c:a:{number}", codec]
            argv += [f"{option}:a:{number}" if option == "-ac" else option for option in options]
        if subtitle_file is not None:
            argv += ["-c:s", self.subtitle or "srt"]
        return [*argv, *self.extra, "-f", self.container, str(target)]


def make_clip(
    path: Path,
    video: str | None = "h264",
    audio: Sequence[str] = ("aac",),
    seconds: float = 1,
    size: str = "320x180",
    rate: int = 25,
    subtitle: str | None = None,
    extra: Sequence[str] = (),
    container: str | None = None,
) -> Path:
    """Puts a film at `path` (its folder must exist) and returns `path`. The copy appears by one rename."""
    kind = container or FORMATS.get(path.suffix.lower(), path.suffix.lstrip(".").lower() or "matroska")
    clip = Clip(video, tuple(audio), seconds, size, rate, subtitle, tuple(extra), kind)
    made = _cached(clip)
    fresh = path.with_name(f".{hashlib.sha1(os.fsencode(path.name)).hexdigest()[:12]}.part")
    shutil.copyfile(made, fresh)
    fresh.rename(path)
    return path


def _cached(clip: Clip) -> Path:
    folder = Path(tempfile.gettempdir()) / f"mkv2castd-clips-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    key = hashlib.sha256(repr(clip).encode()).hexdigest()[:24]
    made = folder / key
    if not made.exists():
        fresh = folder / f"{key}.{os.getpid()}"
        subtitle_file = None
        if clip.subtitle is not None:
            subtitle_file = folder / f"{key}.srt"
            subtitle_file.write_text("1\n00:00:00,100 --> 00:00:00,900\nHello\n", encoding="utf-8")
        subprocess.run(clip.argv(fresh, subtitle_file), check=True, timeout=120, stdin=subprocess.DEVNULL)
        fresh.rename(made)
    return made
