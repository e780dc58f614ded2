"""A row of the matrix: how its clip is made, and what is true of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from tests.matrix.facts import Facts
from tests.matrix.scene import Scene, Tone

H264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "24")
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-x265-params", "log-level=none")
AAC = ("-c:a", "aac")
SCENE, TONE = Scene(), Tone()
# Names of tests/matrix/sets.py.
ALL = ("chromecast", "ultra", "pair")


@dataclass(frozen=True, slots=True)
class Row:
    """steps: ffmpeg's arguments, one run after another, from what the last one made ("{in}") to what the next one
    takes ("{out}"); "{NAME}" is one of `parts.PARTS`. patch: changes the last one's bytes. beside: parts that lie
    next to the film. expect: "plays" (converted, or left as it is because it plays), "left" (nothing to convert) or
    "refused". refused_on: device sets for which it may be refused, where the ffmpeg that is there cannot make it.
    sets: those that it is converted for. sample: the set for which the row belongs to the ordinary test run.
    """

    name: str
    suffix: str
    facts: Facts
    steps: tuple[tuple[str, ...], ...]
    patch: Callable[[bytes], bytes] | None = None
    beside: tuple[str, ...] = ()
    expect: str = "plays"
    refused_on: tuple[str, ...] = ()
    sets: tuple[str, ...] = ALL
    sample: str | None = None

    @property
    def file(self) -> str:
        return f"{self.name}{self.suffix}"


def clip(
    name: str,
    video: tuple[str, ...] = H264,
    *,
    scene: Scene | None = SCENE,
    tones: tuple[Tone, ...] = (TONE,),
    sound: tuple[str, ...] = AAC,
    suffix: str = ".mkv",
    form: str | None = None,
    inputs: tuple[str, ...] = (),
    maps: tuple[str, ...] | None = None,
    extra: tuple[str, ...] = (),
    then: tuple[tuple[str, ...], ...] = (),
    patch: Callable[[bytes], bytes] | None = None,
    beside: tuple[str, ...] = (),
    expect: str = "plays",
    refused_on: tuple[str, ...] = (),
    sets: tuple[str, ...] = ALL,
    also: tuple[str, ...] = (),
    sample: str | None = None,
    **facts: Any,
) -> Row:
    """A row whose facts are those of its scene and tones, except for those that are named. inputs: further ones,
    after the scene and the tones. also: further sets than `sets`."""
    argv: list[str] = []
    if scene is not None:
        argv += [*_later(scene.cut), "-f", "lavfi", "-i", scene.source()]
    for tone in tones:
        argv += [*_later(tone.cut), "-f", "lavfi", "-i", tone.source()]
    count = (scene is not None) + len(tones)
    argv += inputs
    for one in maps if maps is not None else (*map(str, range(count + inputs.count("-i"))),):
        argv += ["-map", one]
    argv += [*(video if scene is not None else ()), *(sound if tones else ()), *extra]
    step = (*argv, *(("-f", form) if form is not None else ()), "{out}")
    changed = replace(_facts(scene, tones), **facts)
    return Row(name, suffix, changed, (step, *then), patch, beside, expect, refused_on, (*sets, *also), sample)


def _later(seconds: float) -> tuple[str, ...]:
    return ("-itsoffset", str(seconds)) if seconds else ()


def _facts(scene: Scene | None, tones: tuple[Tone, ...]) -> Facts:
    heard = tones[0].seconds - tones[0].cut if tones else None
    if scene is None:
        return Facts(None, heard, None, None, None, sync=None, look=None)
    rate = Fraction(scene.rate)
    return Facts(float(scene.frames / rate), heard, scene.frames, rate, scene.shape, bool(tones))


COPY = ("-i", "{in}", "-map", "0", "-c", "copy")
