"""What may become of a stream: the nouns of deciding, shared by the rules, the plan and the command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

from mkv2castd.encoder.media import AnyStream, External
from mkv2castd.model import Action, StreamKind


@dataclass(frozen=True, slots=True)
class VideoTarget:
    """What a picture is encoded to. rate: frames a second, None leaves them as they are.

    tone_map: out of HDR; wide: out of BT.2020 colours without HDR; to_bt709: the result is tagged BT.709.
    """

    codec: str
    width: int
    height: int
    level: int | None = None
    rate: Fraction | None = None
    scale: bool = False
    deinterlace: bool = False
    tone_map: bool = False
    wide: bool = False
    rgb: bool = False

    @property
    def to_bt709(self) -> bool:
        return self.tone_map or self.wide or self.rgb


@dataclass(frozen=True, slots=True)
class AudioTarget:
    """What a track is encoded to. bitrate_kbps: of the whole track. layout_known: ffmpeg knows how to mix the
    source down by itself."""

    codec: str
    channels: int
    sample_rate: int
    bitrate_kbps: int
    layout_known: bool = True


@dataclass(frozen=True, slots=True)
class Mend:
    """What is rewritten in a copied picture's bitstream, without encoding it. level: an H.264 level (41: 4.1)."""

    level: int | None = None


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
    """A WebVTT file to be made beside the output. source: a subtitle stream or a file beside the film.

    ending: what is put between the output's stem and `.vtt`, such as `.en.forced`.
    """

    source: AnyStream | External
    ending: str
    reason: str


@dataclass(frozen=True, slots=True)
class Burn:
    """A subtitle that is drawn into the picture. forced_only: only those of its texts that are flagged as forced."""

    source: AnyStream | External
    forced_only: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Loudness:
    """What a first pass measured by EBU R128: LUFS, LU, dBTP and the gating threshold in LUFS."""

    integrated: float
    range: float
    peak: float
    threshold: float
    offset: float


@dataclass(frozen=True, slots=True)
class Groundwork:
    """What was found out and laid out before the encoding: by index of the source's stream."""

    loudness: Mapping[int, Loudness] = field(default_factory=lambda: MappingProxyType({}))
    covers: Mapping[int, Path] = field(default_factory=lambda: MappingProxyType({}))
    burn: Path | None = None
