"""What is in a film, as frozen facts. An absent or senseless fact is None, never a guess.

Our outputs carry a tag. In Matroska and WebM it is the global tag MKV2CASTD. The MP4 muxer writes only the
global tags it knows (measured with ffmpeg 5.1), so there it is the handler name of the picture's track, a field
that holds nothing but "VideoHandler" in almost every file: no tag of the source has to give way.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from mkv2castd.model import StreamKind

OUR_TAG = "MKV2CASTD"
HDR_TRANSFERS = frozenset({"smpte2084", "arib-std-b67"})
_STILL_CODECS = frozenset({"mjpeg", "png", "bmp", "gif", "webp", "tiff", "jpeg2000", "jpegxl"})
_SLIDES_A_SECOND = 2
# HEVC's record without any parameter set (ISO/IEC 14496-15, 8.3.2.1.2), in bytes.
_EMPTY_RECORD = 23


class Scan(StrEnum):
    """How a picture is scanned, as decoded frames show it. TELECINED: film at 24 frames a second, spread over
    interlaced video (3:2 pulldown)."""

    PROGRESSIVE = "progressive"
    TOP_FIRST = "tt"
    BOTTOM_FIRST = "bb"
    TELECINED = "telecined"


@dataclass(frozen=True, slots=True)
class Mastering:
    """The screen that an HDR film was graded on (SMPTE ST 2086): CIE 1931 (x, y) of its colours, nits."""

    red: tuple[Fraction, Fraction]
    green: tuple[Fraction, Fraction]
    blue: tuple[Fraction, Fraction]
    white: tuple[Fraction, Fraction]
    darkest: Fraction
    brightest: Fraction


@dataclass(frozen=True, slots=True)
class Light:
    """How bright an HDR film is (CTA-861.3), in nits: its brightest pixel, and its brightest frame on average."""

    max_content: int
    max_average: int


@dataclass(frozen=True, slots=True)
class External:
    """A subtitle file beside the film, by its name: `film.en.forced.srt`. codec: ffmpeg's name of its format.
    track: which of the file's tracks, from 0; only VobSub has several."""

    path: Path
    codec: str
    language: str | None = None
    title: str | None = None
    forced: bool = False
    hearing_impaired: bool = False
    track: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What every stream may tell. Times in seconds, bitrate in bits a second. lead: how much in front of its start is
    there to be decoded, but hidden by an edit list; tail: how much behind its end. opens: as far as
    is known, a decoder can be opened for it."""

    index: int
    kind: StreamKind
    codec: str | None = None
    codec_tag: str | None = None
    profile: str | None = None
    language: str | None = None
    title: str | None = None
    start: float | None = None
    duration: float | None = None
    lead: float | None = None
    tail: float | None = None
    bitrate: int | None = None
    opens: bool = True
    dispositions: frozenset[str] = frozenset()
    # names of tags that state facts of the encoded bytes; false as soon as these are encoded anew
    statistics: tuple[str, ...] = ()

    @property
    def default(self) -> bool:
        return "default" in self.dispositions

    @property
    def forced(self) -> bool:
        return "forced" in self.dispositions


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoStream(Stream):
    """A picture. width × height are stored pixels; `level` as ffprobe tells it (41 for H.264 4.1).

    frame_rate: frames a second on average. peak_rate: the rate that the times of all frames fit; far above the
    average where frames come at uneven times. rotation: degrees anticlockwise that a player has to turn the
    picture, 0…359; mirrored: it has to be mirrored as well. dolby_vision: profile number; dolby_vision_base: what
    its base layer is by itself (the compatibility id: 0 nothing, 1 HDR10, 2 SDR, 4 HLG, 6 HDR10 on a Blu-ray).
    dolby_in_frames: only its frames say so, not the record in its container by which players know it.
    coded_fields: whether its frames may be coded in fields, by H.264's own parameters, whatever the container says;
    record: bytes of the decoder's configuration that its container holds, as far as ffprobe tells.
    scan: what a look at frames has found, where the flags did not suffice; None: nobody has looked. decodes: whether
    there is a frame that decodes, where that was looked for.
    """

    kind: StreamKind = StreamKind.VIDEO
    width: int | None = None
    height: int | None = None
    level: int | None = None
    refs: int | None = None
    b_frames: int | None = None
    pixel_format: str | None = None
    frame_rate: Fraction | None = None
    peak_rate: Fraction | None = None
    pixel_aspect: Fraction | None = None
    field_order: str | None = None
    rotation: int = 0
    mirrored: bool = False
    color_range: str | None = None
    color_space: str | None = None
    color_transfer: str | None = None
    color_primaries: str | None = None
    dolby_vision: int | None = None
    dolby_vision_base: int | None = None
    dolby_in_frames: bool = False
    hdr10_plus: bool = False
    mastering: Mastering | None = None
    light: Light | None = None
    coded_fields: bool | None = None
    record: int | None = None
    scan: Scan | None = None
    decodes: bool | None = None

    @property
    def cover(self) -> bool:
        """A picture that belongs to the film, not the film."""
        return "attached_pic" in self.dispositions or "timed_thumbnails" in self.dispositions

    @property
    def still(self) -> bool:
        """Rather a still, a preview or slides than a film: a codec of stills, at hardly a frame a second."""
        slow = self.frame_rate is None or self.frame_rate <= _SLIDES_A_SECOND
        return self.codec in _STILL_CODECS and slow

    @property
    def interlaced(self) -> bool:
        """Its frames show two moments each."""
        if self.scan is not None:
            return self.scan in (Scan.TOP_FIRST, Scan.BOTTOM_FIRST)
        return self.coded_interlaced

    @property
    def coded_interlaced(self) -> bool:
        """It says that it is interlaced, whatever its frames show: enough for a decoder without interlaced modes."""
        return self.field_order in ("tt", "bb", "tb", "bt")

    @property
    def bare(self) -> bool:
        """HEVC whose container keeps the record of its configuration, but no parameter sets in it: they come with
        the frames only."""
        return self.codec == "hevc" and self.record is not None and self.record <= _EMPTY_RECORD

    @property
    def hdr(self) -> bool:
        return self.color_transfer in HDR_TRANSFERS


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioStream(Stream):
    kind: StreamKind = StreamKind.AUDIO
    channels: int | None = None
    layout: str | None = None
    sample_rate: int | None = None
    bits: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubtitleStream(Stream):
    """forced_events: are any of a bitmap track's pictures flagged as forced? None: nobody has looked. external: the
    file beside the film that it is in; `index` is then one that no stream of the film has."""

    kind: StreamKind = StreamKind.SUBTITLE
    forced_events: bool | None = None
    external: External | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherStream(Stream):
    """Data, timecodes and attachments (fonts)."""

    filename: str | None = None
    mimetype: str | None = None


AnyStream = VideoStream | AudioStream | SubtitleStream | OtherStream


@dataclass(frozen=True, slots=True)
class Chapter:
    """Seconds by the film's clock; None where ffprobe gave nothing usable."""

    start: float | None
    end: float | None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Programme:
    """One of the programmes that a transport stream carries. streams: by their index."""

    number: int | None
    name: str | None
    streams: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One file. format_names: ffprobe's, split ("mov", "mp4", …); brand: MP4's major brand; doc_type: what a Matroska
    calls itself, "matroska" or "webm", which ffprobe tells not apart; ours: our tag's
    value when mkv2castd made the file; probe_score: 0…100, how sure ffprobe is of the format; index_first: does an
    MP4's `moov` lie in front? encrypted: its packets are said to be locked, and nobody has seen them decode. keyed:
    it names a key, as locked films do, and as copies that were unlocked since may do. empty: it announces streams,
    but has not one packet. cut: its container says that more should follow where the file ends; ends: where its
    packets really end, where that was looked for. externals: subtitle files that belong to it. programmes: what a
    transport stream carries; foreign: streams of the file that belong to another one of them than the film."""

    streams: tuple[AnyStream, ...] = ()
    format_names: tuple[str, ...] = ()
    brand: str | None = None
    doc_type: str | None = None
    duration: float | None = None
    start: float | None = None
    size: int | None = None
    bitrate: int | None = None
    probe_score: int | None = None
    chapters: tuple[Chapter, ...] = ()
    ours: str | None = None
    index_first: bool | None = None
    encrypted: bool = False
    keyed: bool = False
    empty: bool = False
    cut: bool = False
    ends: float | None = None
    externals: tuple[External, ...] = ()
    programmes: tuple[Programme, ...] = ()
    foreign: tuple[AnyStream, ...] = ()

    @property
    def pictures(self) -> tuple[VideoStream, ...]:
        """The real video streams, without covers."""
        return tuple(s for s in self.streams if isinstance(s, VideoStream) and not s.cover)

    @property
    def picture(self) -> VideoStream | None:
        """The film itself: one with frames, no still or preview, one marked as default first, then the largest and
        longest. What has no start had no packet while ffprobe looked."""
        return min(self.pictures, key=self._is_rather_the_film, default=None)

    def _is_rather_the_film(self, stream: VideoStream) -> tuple[bool, bool, bool, bool, float]:
        lasts = next((time for time in (stream.duration, self.duration) if time is not None), 1.0)
        area = (stream.width or 0) * (stream.height or 0)
        return (
            stream.decodes is False or not stream.opens,
            stream.still,
            stream.start is None,
            not stream.default,
            -area * lasts,
        )

    @property
    def audio(self) -> tuple[AudioStream, ...]:
        return tuple(stream for stream in self.streams if isinstance(stream, AudioStream))

    @property
    def subtitles(self) -> tuple[SubtitleStream, ...]:
        return tuple(stream for stream in self.streams if isinstance(stream, SubtitleStream))
