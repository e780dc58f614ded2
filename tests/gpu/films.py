"""The films that are converted: short, made by ffmpeg itself, each a kind that a card has trouble with of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

# What is shown and allowed: a film of twice the size has to be scaled, one of twice the rate to be halved.
SIZE = (1920, 1080)
RATE = 25
_GRADED = (
    "log-level=error:hdr10=1:repeat-headers=1:max-cll=1000,400:"
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
)
_HDR10 = (
    *("-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-preset", "ultrafast", "-crf", "14"),
    *("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"),
    *("-x265-params", _GRADED),
)
_H264 = ("-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "14")
_HEVC = (
    *("-pix_fmt", "yuv420p", "-c:v", "libx265", "-preset", "ultrafast", "-crf", "14"),
    *("-x265-params", "log-level=error"),
)


@dataclass(frozen=True, slots=True)
class Film:
    """enlarged: how much larger than SIZE it is. rate: frames a second. options: of the encoder that makes it.
    filters: of its frames. text: a subtitle lies in it."""

    title: str
    options: tuple[str, ...]
    enlarged: int = 1
    rate: int = 2 * RATE
    filters: str = ""
    text: bool = False

    def argv(self, target: Path, subtitle: Path, size: tuple[int, int], seconds: float) -> list[str]:
        width, height = (side * self.enlarged for side in size)
        # a little noise, as of a camera: without it every encoder would look alike
        picture = f"testsrc2=size={width}x{height}:rate={self.rate}:duration={seconds},noise=alls=3:allf=t"
        argv = ["ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-v", "error", "-y"]
        argv += ["-f", "lavfi", "-i", f"{picture}{self.filters}"]
        argv += ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={seconds}"]
        argv += ["-i", f"file:{subtitle}"] if self.text else []
        maps = ["-map", "0", "-map", "1", *(["-map", "2", "-c:s", "srt"] if self.text else [])]
        return [*argv, *maps, *self.options, "-c:a", "aac", "-ac", "2", "-f", "matroska", f"file:{target}"]


FILMS: Mapping[str, Film] = MappingProxyType(
    {
        "film": Film("H.264 in 8 bits, 50 pictures a second to 25", _H264),
        "interlaced": Film(
            "interlaced H.264",
            (*_H264, "-flags", "+ildct+ilme"),
            filters=",tinterlace=interleave_top,setfield=tff",
        ),
        "hdr10": Film("HEVC in HDR10", _HDR10),
        "subtitle": Film("H.264 with a subtitle that is drawn into the picture", _H264, rate=RATE, text=True),
        "large": Film("HEVC of twice the width and height, scaled down", _HEVC, enlarged=2, rate=RATE),
    }
)


def subtitle(seconds: float) -> str:
    """One line of text from the beginning to the end, as SubRip has it."""
    whole, rest = divmod(round(seconds * 1000), 1000)
    return f"1\n00:00:00,000 --> 00:00:{whole:02},{rest:03}\nA subtitle that is drawn\n"
