"""What a level of HEVC, VP9 or AV1 asks of a decoder: bounds on luma samples, sides and rates."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

# Measured rates are a little off (30.03 for 30): that much above a limit is no fault.
_SLACK = Fraction(101, 100)


@dataclass(frozen=True, slots=True)
class SampleLevel:
    """picture: most luma samples a frame; second: most a second. width, height: the longest sides in samples.
    max_kbps in kbit/s, buffer_kbit in kbit, both of the main tier."""

    name: str
    picture: int
    second: int
    width: int
    height: int
    max_kbps: int
    buffer_kbit: int

    def holds(self, width: int, height: int, rate: Fraction | None, bitrate: int | None) -> bool:
        """Whether such a film is within the level; what is not known (None) is not held against it. bitrate in
        bit/s."""
        return (
            width * height <= self.picture
            and width <= self.width
            and height <= self.height
            and (rate is None or width * height * rate <= self.second * _SLACK)
            and (bitrate is None or bitrate <= self.max_kbps * 1000)
        )
