"""What becomes of everything that is neither the film's picture nor its sound: subtitles, covers, fonts, data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mkv2castd.encoder.media import OtherStream, SubtitleStream, VideoStream
from mkv2castd.model import Action, Container, StreamKind


@dataclass(frozen=True, slots=True)
class Fate:
    """What is done with a stream. codec: what it becomes, or stays."""

    action: Action
    reason: str
    codec: str | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one container holds besides picture and sound. `text`: what other text subtitles are converted to."""

    subtitles: frozenset[str]
    text: str
    covers: frozenset[str]
    attachments: bool


SHELVES: Mapping[Container, Shelf] = MappingProxyType(
    {
        Container.MKV: Shelf(
            frozenset({"subrip", "ass", "ssa", "webvtt", "text", "dvd_subtitle", "dvb_subtitle"})
            | {"hdmv_pgs_subtitle", "hdmv_text_subtitle"},
            "subrip",
            frozenset(),
            True,
        ),
        Container.MP4: Shelf(frozenset({"mov_text"}), "mov_text", frozenset({"mjpeg", "png"}), False),
        Container.WEBM: Shelf(frozenset({"webvtt"}), "webvtt", frozenset(), False),
    }
)

# Text that ffmpeg decodes, so that it can become another text format.
_TEXT = frozenset(
    {"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text", "eia_608", "jacosub", "microdvd", "mpl2"}
    | {"pjs", "realtext", "sami", "stl", "subviewer", "subviewer1", "vplayer"}
)
_BITMAP = frozenset({"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"})


def subtitle(stream: SubtitleStream, container: Container) -> Fate:
    shelf = SHELVES[container]
    if stream.codec in shelf.subtitles:
        return Fate(Action.COPY, f"{stream.codec}: kept as it is", stream.codec)
    if stream.codec in _TEXT:
        return Fate(Action.CONVERT, f"{stream.codec} does not fit into {container.value} → {shelf.text}", shelf.text)
    if stream.codec in _BITMAP:
        return Fate(Action.DROP, f"{stream.codec}: pictures of text cannot be kept in {container.value}")
    return Fate(Action.DROP, f"{stream.codec or 'unknown format'}: cannot be kept in {container.value}")


def cover(stream: VideoStream, container: Container) -> Fate:
    if stream.codec in SHELVES[container].covers:
        return Fate(Action.COPY, "cover art: kept", stream.codec)
    return Fate(Action.DROP, f"cover art: cannot be kept in {container.value} without looking like a film track")


def other(stream: OtherStream, container: Container) -> Fate:
    if stream.kind is StreamKind.DATA:
        name = stream.codec or stream.codec_tag or "unknown"
        return Fate(Action.DROP, f"data ({name}): players have no use for it")
    said = "attachment" if stream.filename is None else f"attachment {stream.filename}"
    if not SHELVES[container].attachments:
        return Fate(Action.DROP, f"{said}: {container.value} holds none")
    if stream.mimetype is None:
        return Fate(Action.DROP, f"{said}: cannot be kept, having no type")
    return Fate(Action.COPY, f"{said}: kept", stream.codec)
