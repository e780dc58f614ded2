"""A subtitle that is drawn into the picture, as filters of ffmpeg. Drawn last: after scaling and tone mapping."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mkv2castd.encoder.targets import Burn, VideoTarget

# Seconds; less than a frame lasts.
_EARLY = 0.005


def with_text(chain: str, text: Path, fonts: Path | None, pixel_format: str) -> str:
    """`chain` and the text (ASS, UTF-8) drawn onto what comes out of it. fonts: a folder with the film's own."""
    drawn = f"ass=filename={escaped(text)}"
    if fonts is not None:
        drawn += f":fontsdir={escaped(fonts)}"
    return f"{chain},{drawn},format={pixel_format}"


def graph_with_pictures(
    chain: str, picture: str, subtitle: str, target: VideoTarget, pixel_format: str, upload: str = ""
) -> str:
    """A graph that ends in `[picture]`. picture and subtitle: which streams, as `0:3`. upload: what brings a frame to
    the encoder.

    The subtitle's screen is stretched over the whole picture. It has the size of the disc's picture, which a rip may
    have cropped: so all of it stays in sight, if a little flat. It is due a little before the frame of the same time:
    for ffmpeg 7, what is due when a frame is comes too late for it.
    """
    depth = "yuv420p10" if "10" in pixel_format else "yuv420"
    size = f"{target.width}:{target.height}"
    return (
        f"[{picture}]{chain}[shown];[{subtitle}]setpts=PTS-{_EARLY}/TB,scale={size}:flags=bicubic[drawn];"
        f"[shown][drawn]overlay=eof_action=pass:format={depth},format={pixel_format}{upload}[picture]"
    )


def decoder_options(burn: Burn | None) -> Iterator[str]:
    """What the film's own decoders are told, before its input."""
    if burn is not None and burn.forced_only and burn.source.external is None:
        yield from (f"-forced_subs_only:{burn.source.index}", "1")


def escaped(path: Path) -> str:
    """A path as a filter's option takes it: once for the option, once for the graph (ffmpeg-utils, "Quoting and
    escaping"; ffmpeg-filters, "Notes on filtergraph escaping")."""
    option = re.sub(r"([\\':])", r"\\\1", str(path))
    return re.sub(r"([\\'\[\],;])", r"\\\1", option)
