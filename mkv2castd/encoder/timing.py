"""Times: what of a film's clock has to be mended so that picture and sound stay together.

Measured with ffmpeg 5.1: `-fflags +genpts` gives H.264 with B-frames in AVI rising times in the order of decoding, so
that its frames come out of order; and where frames are decoded, its times are one frame late. So it is used nowhere
but for copies out of formats that leave out only some of the times.
"""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction

from mkv2castd.encoder.media import Stream, VideoStream

# Formats whose packets are only numbered or timed in the order of decoding: when frames are shown is not in the file.
_NUMBERED = frozenset({"avi", "asf", "mpegvideo", "h264", "hevc", "m4v", "vc1"})
# Formats in which some packets have no time.
_PATCHY = frozenset({"mpeg", "rm"})
_FILM_OUT_OF_ORDER = "its container tells no times, which its B-frames need"
_LEAST_LEAD = 0.1
_LEAST_TAIL = 1.0
# Ticks a second of an encoder's clock: at least so many, so that frames between two ticks are moved by 0.1 ms.
_FINE, _FINEST = 10_000, 1_000_000


def out_of_order(formats: Collection[str], picture: VideoStream) -> str | None:
    """Why the picture cannot be copied though it would play: only a decoder knows when its frames are shown.
    formats: ffprobe's names of the film's format."""
    if _NUMBERED.isdisjoint(formats) or not picture.b_frames:
        return None
    return _FILM_OUT_OF_ORDER


def hidden(stream: Stream, container: str) -> str | None:
    """Why a stream cannot be copied though it would play: what an edit list hides would be shown in a container that
    has none. container: as the profiles call it. What an AAC encoder needs to begin with is no loss."""
    if container == "mp4" or stream.lead is None or stream.lead < _LEAST_LEAD:
        return None
    return f"its edit list hides {stream.lead:.1f} s in front, and {container} has no such lists"


def input_options(formats: Collection[str], *, copied: bool) -> tuple[str, ...]:
    """What stands before the film among ffmpeg's arguments. copied: its picture is not decoded."""
    patchy = copied and not _PATCHY.isdisjoint(formats)
    return ("-fflags", "+genpts") if patchy else ()


def bitstream_filters(formats: Collection[str], picture: Stream, begin: float | None) -> tuple[str, ...]:
    """What a copied picture's packets go through, after its own mends. Without B-frames, a frame is shown when it is
    decoded. What an edit list hides at the end, ffmpeg would copy up to the next key frame, and it would be shown: it
    goes by the time of decoding, so that no frame is missing that another one is made of.

    begin: when the film starts, by its own clock."""
    if not _NUMBERED.isdisjoint(formats):
        return ("setts=pts=DTS",)
    if "mov" not in formats or picture.duration is None or picture.tail is None or picture.tail < _LEAST_TAIL:
        return ()
    end = picture.duration + _known(picture.start) - _known(begin)
    return (f"noise=drop=gte(dts*tb\\,{end:.3f})",)


def _known(time: float | None) -> float:
    return time if time is not None else 0.0


def clock(rate: Fraction | None) -> str:
    """The value of `-enc_time_base`, so fine that frames keep their times. An encoder's usual clock ticks once a
    frame, which moves frames that lie between two ticks by up to half a frame: 20 ms at 25 frames a second.

    rate: frames a second of what is encoded; its frames then last a whole number of ticks.
    """
    if rate is None or rate.numerator > _FINEST:
        return "1:90000"
    return f"1:{rate.numerator * -(-_FINE // rate.numerator)}"
