"""VideoTarget → ffmpeg's filter chain."""

from __future__ import annotations

from mkv2castd.encoder.media import VideoStream
from mkv2castd.encoder.targets import VideoTarget

# Peak brightness in nits that 1.0 stands for before tone mapping: what SDR screens are graded for.
_SDR_NITS = 100


def video_filters(source: VideoStream, target: VideoTarget, pixel_format: str) -> str:
    """The chain from a decoded frame (turned upright by ffmpeg itself) to what the encoder takes."""
    chain: list[str] = []
    if target.deinterlace:
        chain.append("bwdif=mode=send_frame")
    elif source.coded_interlaced:
        chain.append("setfield=prog")  # else the encoder and the container are told that it is interlaced
    if target.rate is not None:
        chain.append(f"fps={target.rate.numerator}/{target.rate.denominator}")
    # shrunk before the costly colour work, which then has fewer pixels to do
    if target.scale:
        chain.append(f"scale={target.width}:{target.height}:flags=bicubic")
    if target.scale or target.rgb:
        chain.append("setsar=1")
    if target.tone_map:
        chain += _tone_map(source)
    elif target.wide:
        chain.append(f"zscale={_given(source, 'bt709')}:p=bt709:t=bt709:m=bt709:r=limited")
    else:
        matrix = ":out_color_matrix=bt709" if target.rgb else ""
        chain.append(f"scale=out_range=tv{matrix}")
    chain.append(f"format={pixel_format}")
    return ",".join(chain)


def _tone_map(source: VideoStream) -> list[str]:
    return [
        f"zscale={_given(source, source.color_transfer or 'smpte2084')}:t=linear:npl={_SDR_NITS}",
        "format=gbrpf32le",
        "zscale=p=bt709",
        "tonemap=tonemap=hable:desat=0",
        "zscale=t=bt709:m=bt709:r=limited",
    ]


def _given(source: VideoStream, transfer: str) -> str:
    """What the frames are in, said outright: zscale refuses frames that leave any of it unsaid."""
    full = source.color_range == "pc"
    return f"pin=bt2020:tin={transfer}:min=bt2020nc:rin={'full' if full else 'limited'}"
