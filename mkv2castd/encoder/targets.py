"""What may become of a stream: the nouns of deciding, shared by the rules, the plan and the command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

from mkv2castd.device import Ability, Backend, Gpu, Skill
from mkv2castd.encoder.colours import BT709, Colours
from mkv2castd.encoder.media import AnyStream, External, Light, Mastering, SubtitleStream
from mkv2castd.encoder.playable import Hdr
from mkv2castd.model import Action, StreamKind


@dataclass(frozen=True, slots=True)
class VideoTarget:
    """What a picture is encoded to. rate: frames a second, None leaves them as they are. colours: what it is in then,
    and is tagged as. deep: in 10 bits.

    crop: the last column or row is left out, so that both sides are even; scale: the size changes otherwise.
    telecined: the film's own frames are put together again. tone_map: the row of tone_mapping.py by which it comes
    out of HDR; converted: its colours become others without a change of brightness (BT.2020 and its like that is no
    HDR, unusual forms of HDR that is kept). mastering, light: of HDR that is kept.
    """

    codec: str
    width: int
    height: int
    level: int | None = None
    rate: Fraction | None = None
    colours: Colours = BT709
    deep: bool = False
    crop: bool = False
    scale: bool = False
    deinterlace: bool = False
    telecined: bool = False
    tone_map: str | None = None
    converted: bool = False
    hdr: Hdr | None = None
    mastering: Mastering | None = None
    light: Light | None = None


@dataclass(frozen=True, slots=True)
class AudioTarget:
    """What a track is encoded to. bitrate_kbps: of the whole track. layout: ffmpeg's name of its channels. levelled:
    its loudness is measured first, and brought to the usual one."""

    codec: str
    channels: int
    sample_rate: int
    bitrate_kbps: int
    layout: str = "stereo"
    levelled: bool = False


@dataclass(frozen=True, slots=True)
class Mend:
    """What is rewritten in a copied picture's bitstream, without encoding it; None: as it is.

    level: in ffprobe's numbers (H.264 4.1 is 41). aspect: of a pixel. transfer, matrix: ffmpeg's names.
    without_dolby: Dolby Vision's second layer and its descriptions of frames are left out. sets: HEVC's parameter
    sets come into the container's record, out of the frames. tag: MP4's name of the codec is the one that receivers
    know.
    """

    level: int | None = None
    aspect: Fraction | None = None
    transfer: str | None = None
    matrix: str | None = None
    without_dolby: bool = False
    sets: bool = False
    tag: bool = False


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """One stream of the output, or one that is dropped. A source stream may have several (stereo, and surround
    behind it). target: the codec that it has in the output, None when it is dropped.

    mend: changes to a copied picture's bitstream. dispositions: what the output's stream is flagged as; None: as the
    source. attached: kept as an attachment of the container (cover art in Matroska), not as a track.
    """

    source: AnyStream
    action: Action
    reason: str
    target: str | None = None
    video: VideoTarget | None = None
    audio: AudioTarget | None = None
    mend: Mend | None = None
    dispositions: frozenset[str] | None = None
    attached: bool = False

    @property
    def index(self) -> int:
        return self.source.index

    @property
    def kind(self) -> StreamKind:
        return self.source.kind

    @property
    def as_it_is(self) -> bool:
        """Every byte of it goes over unchanged."""
        return self.action is Action.COPY and self.mend is None


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A WebVTT file to be made beside the output. source: of the film, or a file beside it.

    ending: what is put between the output's stem and `.vtt`, such as `.en.forced`.
    """

    source: SubtitleStream
    ending: str
    reason: str


@dataclass(frozen=True, slots=True)
class Burn:
    """A subtitle that is drawn into the picture. bitmap: it consists of pictures, not of text. forced_only: only
    those of its pictures that are flagged as forced."""

    source: SubtitleStream
    bitmap: bool
    forced_only: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Means:
    """What a picture is encoded with; nothing of a plan depends on it. gpu: the device, which every backend but the
    processor needs. decode: frames are decoded on it as well, wherever it knows how. filters: what has been proved of
    its own filters; a picture that needs any other goes through those in memory."""

    backend: Backend = Backend.CPU
    gpu: Gpu | None = None
    decode: bool = False
    filters: frozenset[Ability] = frozenset()

    def can(self, skill: Skill, *, deep: bool) -> bool:
        """Whether this filter of the device may be used. deep: what it is given has 10 bits."""
        return Ability(self.backend, skill, deep=deep) in self.filters


ON_CPU = Means()


@dataclass(frozen=True, slots=True)
class Loudness:
    """What a first pass measured by EBU R128: LUFS of the whole track, and its highest true peak in dBTP."""

    integrated: float
    peak: float


@dataclass(frozen=True, slots=True)
class Groundwork:
    """What was found out and laid out before the encoding: by index of the source's stream.

    externals: subtitles that are inputs of their own to ffmpeg: files beside the film, and texts inside it that were
    not UTF-8 and are laid out as such. burn: the text that is drawn, as ASS; fonts: the folder with those it is drawn
    in. chapters: those that are written anew, as ffmpeg reads them. lost: what cannot go over after all, and why.
    """

    # and by the number of channels that it is encoded to, since a track may become both stereo and surround
    loudness: Mapping[tuple[int, int], Loudness] = field(default_factory=lambda: MappingProxyType({}))
    covers: Mapping[int, Path] = field(default_factory=lambda: MappingProxyType({}))
    externals: Mapping[int, External] = field(default_factory=lambda: MappingProxyType({}))
    burn: Path | None = None
    fonts: Path | None = None
    chapters: Path | None = None
    lost: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
