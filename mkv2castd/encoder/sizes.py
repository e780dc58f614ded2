"""How large and how fast a picture may be, and what it is made to fit."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from mkv2castd.encoder.media import Scan, VideoStream
from mkv2castd.encoder.playable import Limit

# Measured rates are a little off (30.03 for 30): that much above a limit is no fault.
SLACK = Fraction(101, 100)
_SMALLEST = 16
# A block of HEVC's: x265 refuses pictures that are smaller.
_SMALLEST_HEVC = 32
_LONGEST = 65536
# Rates that films have; one with frames at uneven times gets one of them where that leaves none out.
_USUAL_RATES = (
    *(Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30)),
    *(Fraction(50), Fraction(60000, 1001), Fraction(60)),
)
# Rates of short clips and animations: a film may have one, but what has uneven times gets none of them without need.
_SLOW_RATES = (Fraction(10), Fraction(12), Fraction(25, 2), Fraction(15000, 1001), Fraction(15), Fraction(20))
# Averages of short clips are off by so much at most.
_NEARLY = Fraction(105, 100)
_PULLDOWN = Fraction(4, 5)


def display_size(stream: VideoStream) -> tuple[int, int]:
    """Width and height in square pixels, as shown after turning."""
    width, height = stream.width or 0, stream.height or 0
    if stream.pixel_aspect is not None:
        width = max(1, min(_LONGEST, round(width * stream.pixel_aspect)))
    return (height, width) if stream.rotation % 180 == 90 else (width, height)


def fits(width: int, height: int, rate: Fraction | None, box: Limit) -> bool:
    return width <= box.width and height <= box.height and (rate is None or rate <= box.rate * SLACK)


def smallest(codec: str) -> int:
    """The least that either side of an encoded picture may have."""
    return _SMALLEST_HEVC if codec == "hevc" else _SMALLEST


def highest(max_height: int) -> int:
    """Lines that a configured limit really allows."""
    return max(_SMALLEST_HEVC, max_height)


def limited(size: tuple[int, int], max_height: int) -> tuple[int, int]:
    """The size as the configuration allows it; max_height 0 allows every one."""
    width, height = size
    if not max_height or height <= highest(max_height):
        return size
    return max(1, width * highest(max_height) // height), highest(max_height)


def into(size: tuple[int, int], box: Limit, lines: int, least: int = _SMALLEST) -> tuple[int, int]:
    """The size shrunk into the box with its shape kept; even, since 4:2:0 halves both sides; enlarged, shape and all,
    where no encoder takes so small a picture."""
    width, height = size
    factor = min(Fraction(1), Fraction(box.width, width), Fraction(min(box.height, lines), height))
    if min(width, height) * factor < least:
        larger = Fraction(least, min(width, height))
        factor = max(factor, min(larger, Fraction(box.width, width), Fraction(min(box.height, lines), height)))
    return _even(width * factor, least), _even(height * factor, least)


def only_crops(stream: VideoStream, size: tuple[int, int]) -> bool:
    """Whether the stored picture becomes `size` by leaving out a column or a row at most."""
    if stream.pixel_aspect not in (None, Fraction(1)):
        return False
    return all(0 <= had - has <= 1 for had, has in zip(display_size(stream), size, strict=True))


def _even(side: Fraction, least: int) -> int:
    return max(least, int(side) // 2 * 2)


def shown_rate(stream: VideoStream) -> Fraction | None:
    """Whole frames a second once telecine has been undone."""
    if stream.scan is Scan.TELECINED and stream.frame_rate is not None:
        return stream.frame_rate * _PULLDOWN
    return stream.frame_rate


def new_rate(stream: VideoStream, most: Fraction) -> Fraction | None:
    """The rate to encode at, None for the source's own. Uneven times are made even: an encoder and a container
    would else be told the peak, a rate that no device is made for; likewise where nobody knows the rate."""
    rate, peak = shown_rate(stream), stream.peak_rate
    if rate is None:
        return most  # of a single frame, containers would tell their clock's ticks instead
    if stream.scan is Scan.TELECINED:
        slower = _slower(rate, most)
        return rate if slower is None else slower
    if peak is None or peak <= rate * SLACK:
        return _slower(rate, most)
    even = _even_rate(rate, peak, most)
    slower = _slower(even, most)
    return even if slower is None else slower


def _even_rate(average: Fraction, peak: Fraction, most: Fraction) -> Fraction:
    """The rate that frames at uneven times were made at, some of which are missing: the peak, unless that is one of a
    clock's ticks. Else the next usual one, since a rate below the average would lose frames."""
    # what is too fast in any case is halved, and of the film's own rate every second frame is left
    within = peak <= most * SLACK or average > most * SLACK
    if within and peak in (*_SLOW_RATES, *_USUAL_RATES):
        return peak
    usual = next((usual for usual in _USUAL_RATES if usual >= average), average)
    if usual > average * _NEARLY and any(lower < average <= lower * _NEARLY for lower in _USUAL_RATES):
        # rather not twice as many frames where the last one's length makes the average a little too high
        return Fraction(ceil(average * 1000), 1000)
    return usual


def _slower(rate: Fraction | None, most: Fraction) -> Fraction | None:
    """Halved until it fits, so that motion stays even; a rate that is but little too high is capped instead."""
    if rate is None or rate <= most * SLACK:
        return None
    while rate >= most * Fraction(8, 5):
        rate /= 2
    return min(rate, most)
