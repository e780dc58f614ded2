"""What has to be tried on a device before anything is believed of it: one small real encode or decode a trial.

All of it is a value: an argv for each ability that a backend's rows promise. verdicts.py reads what comes of it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

from mkv2castd.device import Ability, Gpu, Skill
from mkv2castd.encoder.backends import GPU_ENCODERS
from mkv2castd.encoder.device_filters import device_filters
from mkv2castd.encoder.encoder_row import VideoEncoder
from mkv2castd.encoder.levels import needed
from mkv2castd.encoder.media import VideoStream
from mkv2castd.encoder.reach import Reach, reaches
from mkv2castd.encoder.targets import VideoTarget
from mkv2castd.model import Container

FRAMES = 12
_RATE = Fraction(25)
# 1080 lines are no whole number of blocks, and some drivers leave the rest of the last row in the picture (Mesa's
# HEVC, AMD's AV1): what comes out is measured.
_SIZE = (1920, 1080)
# Decoders show what they have; these films are made on the processor first.
_SAMPLE_SIZE = (640, 360)
_SCALED = (320, 180)
_HDR10 = (
    "log-level=error:hdr10=1:max-cll=1000,400:"
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
)
# Two encodes that are tried at once have to meet: each takes a second, however quick the device is.
_HELD_UP = "realtime=speed=0.5"
_HIGHEST_LEVEL = 1000
# -v verbose: without it VAAPI says nothing of why a device cannot be opened.
_FFMPEG = ("ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-y", "-v", "verbose")


def bits(deep: bool) -> int:
    """Of a sample, in words of `Ability`."""
    return 10 if deep else 8


def _picture(size: tuple[int, int]) -> tuple[str, ...]:
    return "-f", "lavfi", "-i", f"testsrc2=size={size[0]}x{size[1]}:rate={_RATE}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A film for a decoder to prove itself on, made on the processor. encoder: what makes it, with its options.
    graded: it is in HDR10 and says how it was graded."""

    codec: str
    deep: bool
    encoder: tuple[str, ...]
    graded: bool = False

    @property
    def name(self) -> str:
        return f"{self.codec}-{bits(self.deep)}{'-hdr' if self.graded else ''}.mkv"

    def argv(self, folder: Path) -> tuple[str, ...]:
        form = "yuv420p10le" if self.deep else "yuv420p"
        made = ("-frames:v", str(FRAMES), "-pix_fmt", form, "-c:v", *self.encoder)
        return (*_FFMPEG, *_picture(_SAMPLE_SIZE), *made, str(folder / self.name))


# What cards decode and Debian's ffmpeg can encode, each in its quickest way.
SAMPLES = (
    Sample("h264", False, ("libx264", "-preset", "ultrafast")),
    Sample("hevc", False, ("libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")),
    Sample("hevc", True, ("libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")),
    Sample("vp9", False, ("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")),
    Sample("vp9", True, ("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-profile", "2")),
    Sample("av1", False, ("libsvtav1", "-preset", "12")),
    Sample("av1", True, ("libsvtav1", "-preset", "12")),
    Sample("mpeg2video", False, ("mpeg2video",)),
)
# What filters are tried on: the frames are decoded on the device, as they are whenever its filters are used.
_PLAIN = (SAMPLES[0], SAMPLES[2])
GRADED = Sample(
    "hevc",
    True,
    (
        *("libx265", "-preset", "ultrafast", "-color_primaries", "bt2020", "-color_trc", "smpte2084"),
        *("-colorspace", "bt2020nc", "-x265-params", _HDR10),
    ),
    graded=True,
)


@dataclass(frozen=True, slots=True)
class Trial:
    """opening: ffmpeg's options before its input. sample: what is decoded; None: a test picture. making: from the
    input to the file that is looked at. environment is added to ffmpeg's.

    size, deep: width and height of what has to come out, and whether in 10 bits. container: of the file.
    """

    ability: Ability
    opening: tuple[str, ...]
    making: tuple[str, ...]
    size: tuple[int, int]
    deep: bool
    sample: Sample | None = None
    container: Container = Container.MKV
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def name(self) -> str:
        """Of the file that is made: one for each trial of a device."""
        ability = self.ability
        words = (ability.backend, ability.skill, *((ability.codec,) if ability.codec is not None else ()))
        return f"{'-'.join(words)}-{bits(ability.deep)}.{self.container}"

    def argv(self, samples: Path, folder: Path) -> tuple[str, ...]:
        """samples: the folder that they lie in; folder: where the file is made."""
        source = _picture(_SIZE) if self.sample is None else ("-i", str(samples / self.sample.name))
        return (*_FFMPEG, *self.opening, *source, *self.making, str(folder / self.name))

    @property
    def question(self) -> str:
        """What was asked, with all that the answer may depend on: equal questions to an unchanged device have equal
        answers."""
        surroundings = (f"{name}={value}" for name, value in sorted(self.environment.items()))
        return shlex.join((*surroundings, *self.argv(Path(), Path())))


def trials(gpu: Gpu, rows: Sequence[VideoEncoder] = GPU_ENCODERS) -> tuple[Trial, ...]:
    """All that there is to prove of a device: what it encodes first, by each backend; empty where ffmpeg has none."""
    ways = reaches(gpu)
    keeping = [way for way in ways if way.decode(gpu)]
    return (
        *(trial for way in ways for row in rows if row.backend is way.backend for trial in _encodes(gpu, way, row)),
        *(_decode(gpu, way, sample) for way in keeping for sample in SAMPLES),
        *(trial for way in keeping for trial in _filters(gpu, way)),
    )


def held_up(encode: Trial) -> Trial:
    """The same encode, but slow enough to be under way together with a second one."""
    at = encode.making.index("-vf") + 1
    filters = f"{_HELD_UP},{encode.making[at]}"
    return replace(encode, making=(*encode.making[:at], filters, *encode.making[at + 1 :]))


def _encodes(gpu: Gpu, way: Reach, row: VideoEncoder) -> Iterator[Trial]:
    for deep in (False, True) if row.deep_format is not None else (False,):
        width, height = _SIZE
        picture = VideoStream(index=0, codec=row.codec, width=width, height=height, frame_rate=_RATE)
        level = needed(picture, _HIGHEST_LEVEL, bitrate=None)
        target = VideoTarget(row.codec, width, height, level, deep=deep)
        filters = ",".join((f"format={row.format(target)}", *way.upload))
        options = (*row.options(target, _RATE, "fast"), *way.encoder_options(gpu))
        yield Trial(
            Ability(way.backend, Skill.ENCODE, row.codec, deep),
            way.options(gpu),
            ("-frames:v", str(FRAMES), "-vf", filters, "-c:v", row.name, *options),
            _SIZE,
            deep,
            container=next(kind for kind in Container if kind in row.containers),
            environment=MappingProxyType(dict(gpu.environment)),
        )


def _decode(gpu: Gpu, way: Reach, sample: Sample) -> Trial:
    ability = Ability(way.backend, Skill.DECODE, sample.codec, sample.deep)
    return _on_device(gpu, way, ability, sample, None, _SAMPLE_SIZE, sample.deep)


def _filters(gpu: Gpu, way: Reach) -> Iterator[Trial]:
    """Each filter that the backend has, over frames of either depth."""
    row = device_filters(way.backend)
    if row is None:
        return
    for sample in _PLAIN:
        deep = sample.deep
        if row.scale is not None:
            width, height = _SCALED
            scaling = row.scale(width, height, _in_pairs(deep))
            yield _on_device(gpu, way, Ability(way.backend, Skill.SCALE, deep=deep), sample, scaling, _SCALED, deep)
        if row.deinterlace is not None:
            ability = Ability(way.backend, Skill.DEINTERLACE, deep=deep)
            yield _on_device(gpu, way, ability, sample, row.deinterlace("auto"), _SAMPLE_SIZE, deep)
    if row.tone_map is not None:
        ability = Ability(way.backend, Skill.TONE_MAP, deep=True)
        yield _on_device(gpu, way, ability, GRADED, row.tone_map, _SAMPLE_SIZE, False)


def _on_device(
    gpu: Gpu, way: Reach, ability: Ability, sample: Sample, step: str | None, size: tuple[int, int], deep: bool
) -> Trial:
    """hwdownload takes frames of a device only: what was decoded on the processor after all fails there."""
    memory = "yuv420p10le" if deep else "yuv420p"
    steps = (*((step,) if step is not None else ()), "hwdownload", f"format={_in_pairs(deep)}", f"format={memory}")
    return Trial(
        ability,
        (*way.options(gpu), *way.decode(gpu)),
        ("-vf", ",".join(steps), "-c:v", "ffv1"),
        size,
        deep,
        sample,
        environment=MappingProxyType(dict(gpu.environment)),
    )


def _in_pairs(deep: bool) -> str:
    """The format in which devices keep their frames."""
    return "p010le" if deep else "nv12"
