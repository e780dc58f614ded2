"""The scene that every clip shows, as ffmpeg's own sources draw it: coloured corners, a pattern that moves
sideways between them, a white flash over everything, and a beep that begins with the flash.

The flash is 200 ms long and begins at `flash` seconds of the presentation, on a frame of its own: 0.5 s for most
rates. Where picture or sound begins later than the other, its part of the scene is cut off at the front, so that
flash and beep stay together for everybody who presents the film as it is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

CORNERS: dict[str, tuple[float, float, float]] = {
    "top left": (190, 50, 50),
    "top right": (50, 170, 60),
    "bottom left": (60, 60, 190),
    "bottom right": (60, 60, 60),
}
_PLACES = {"top left": "0:0", "top right": "iw*3/4:0", "bottom left": "0:ih*3/4", "bottom right": "iw*3/4:ih*3/4"}
FLASH_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Scene:
    """size as it is shown, in square pixels. then: filters between the scene and the encoder. cut: seconds that
    the picture begins later."""

    size: str = "320x180"
    rate: str = "24"
    seconds: float = 1.5
    flash: float = 0.5
    then: str = ""
    cut: float = 0.0

    @property
    def frames(self) -> int:
        return round(Fraction(self.rate) * Fraction(str(self.seconds - self.cut)))

    @property
    def shape(self) -> float:
        width, height = map(int, self.size.split("x"))
        return width / height

    def source(self) -> str:
        chain = [f"testsrc2=s={self.size}:r={self.rate}:d={self.seconds}", "format=yuv444p", "scroll=h=0.03"]
        for name, (red, green, blue) in CORNERS.items():
            colour = f"0x{int(red):02X}{int(green):02X}{int(blue):02X}"
            chain.append(f"drawbox={_PLACES[name]}:iw/4:ih/4:{colour}:fill")
        end = self.flash + FLASH_SECONDS
        chain.append(f"drawbox=0:0:iw:ih:white:fill:enable='between(t,{self.flash - 0.001},{end - 0.001})'")
        if self.cut:
            chain += [f"trim=start={self.cut}", "setpts=PTS-STARTPTS"]
        if self.then:
            chain.append(self.then)
        return ",".join(chain)


@dataclass(frozen=True, slots=True)
class Tone:
    """One sound track before it is encoded. layout: ffmpeg's. cut: seconds that it begins later."""

    layout: str = "stereo"
    rate: int = 48_000
    seconds: float = 1.5
    beep: float = 0.5
    cut: float = 0.0
    pitch: int = 700
    loud: float = 0.3

    def source(self) -> str:
        shape = f"if(between(t,{self.beep},{self.beep + FLASH_SECONDS}),{self.loud},0.004)"
        tone = f"{shape}*sin(2*PI*{self.pitch}*(t-{self.beep}))"
        channels = _CHANNELS.get(self.layout) or int(self.layout.removesuffix("c"))
        layout = f":c={self.layout}" if self.layout in _CHANNELS else ""
        chain = f"aevalsrc=exprs='{'|'.join([tone] * channels)}':s={self.rate}:d={self.seconds}{layout}"
        return f"{chain},atrim=start={self.cut},asetpts=PTS-STARTPTS" if self.cut else chain


_CHANNELS = {
    "mono": 1,
    "stereo": 2,
    "2.1": 3,
    "3.0": 3,
    "4.0": 4,
    "quad": 4,
    "5.0": 5,
    "5.0(side)": 5,
    "5.1": 6,
    "5.1(side)": 6,
    "6.0": 6,
    "6.1": 7,
    "7.0": 7,
    "7.1": 8,
    "7.1(wide)": 8,
}
