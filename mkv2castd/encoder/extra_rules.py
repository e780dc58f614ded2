"""What becomes of everything that is neither the film's picture nor its sound: subtitles, covers, fonts, data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mkv2castd.encoder.media import OtherStream, SubtitleStream, VideoStream
from mkv2castd.encoder.tools import Tools
from mkv2castd.model import Action, Container, StreamKind


@dataclass(frozen=True, slots=True)
class Fate:
    """What is done with a stream. codec: what it becomes, or stays. attached: as the container's attachment."""

    action: Action
    reason: str
    codec: str | None = None
    attached: bool = False


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one container holds besides picture and sound. `text`: what other text subtitles are converted to.

    covers: the forms in which it holds covers. cover_files: it holds them as attached files, not as tracks.
    """

    subtitles: frozenset[str]
    text: str
    covers: frozenset[str]
    attachments: bool
    cover_files: bool = False


SHELVES: Mapping[Container, Shelf] = MappingProxyType(
    {
        Container.MKV: Shelf(
            frozenset({"subrip", "ass", "ssa", "webvtt", "text", "dvd_subtitle", "dvb_subtitle"})
            | {"hdmv_pgs_subtitle", "hdmv_text_subtitle"},
            "subrip",
            frozenset({"mjpeg", "png"}),
            True,
            True,
        ),
        Container.MP4: Shelf(frozenset({"mov_text"}), "mov_text", frozenset({"mjpeg", "png"}), False),
        Container.WEBM: Shelf(frozenset({"webvtt"}), "webvtt", frozenset(), False),
    }
)

# Text that ffmpeg decodes, so that it can become another text format.
TEXT = frozenset(
    {"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text", "eia_608", "jacosub", "microdvd", "mpl2"}
    | {"pjs", "realtext", "sami", "stl", "subviewer", "subviewer1", "vplayer"}
)
# Text that only some ffmpegs decode: that of Debian does, by libzvbi.
TELETEXT = "dvb_teletext"
# Pictures of text that ffmpeg decodes, so that they can be drawn.
BITMAP = frozenset({"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"})
# Bitmap formats whose pictures may be flagged as forced one by one, which ffmpeg's decoders tell apart.
FORCED_EVENTS = frozenset({"hdmv_pgs_subtitle", "dvd_subtitle"})
# What can be neither copied nor converted, said so that it can be understood.
_HOPELESS: Mapping[str, str] = MappingProxyType(
    {
        TELETEXT: "teletext: this ffmpeg has no decoder for it",
        "hdmv_text_subtitle": "Blu-ray text subtitles: ffmpeg cannot read them",
        "ttml": "TTML: ffmpeg cannot read it",
        "arib_caption": "ARIB captions: they are not turned into another format",
        "ivtv_vbi": "teletext of an old recorder: ffmpeg cannot read it",
    }
)
# Covers in other formats that ffmpeg decodes: they become PNG, which loses nothing.
_CONVERTIBLE_COVERS = frozenset({"bmp", "gif", "webp", "tiff", "jpeg2000", "targa", "pcx", "mjpeg", "png"})
# Matroska demands a type of every attachment (Matroska's specification of attachments and its font MIME types).
_TYPES: Mapping[str, str] = MappingProxyType(
    {
        ".ttf": "font/ttf",
        ".otf": "font/otf",
        ".ttc": "font/collection",
        ".woff": "font/woff",
        ".woff2": "font/woff2",
        ".txt": "text/plain",
        ".nfo": "text/plain",
        ".pdf": "application/pdf",
        ".jpg": "image/jpeg",
        ".jpeg": "image/jpeg",
        ".png": "image/png",
        ".xml": "text/xml",
    }
)
_TYPE_OF_CODEC: Mapping[str | None, tuple[str, str]] = MappingProxyType(
    {"ttf": ("font/ttf", ".ttf"), "otf": ("font/otf", ".otf")}
)
_ANY_TYPE = "application/octet-stream"
FONTS = frozenset({".ttf", ".otf", ".ttc", ".pfb", ".woff"})


def is_text(stream: SubtitleStream, tools: Tools) -> bool:
    """Whether it can become another text format."""
    return stream.codec in TEXT or (stream.codec == TELETEXT and tools.can_decode(TELETEXT))


def subtitle(stream: SubtitleStream, container: Container, tools: Tools) -> Fate:
    shelf = SHELVES[container]
    if stream.codec in shelf.subtitles:
        return Fate(Action.COPY, f"{stream.codec}: kept as it is", stream.codec)
    if is_text(stream, tools):
        return Fate(Action.CONVERT, f"{stream.codec} does not fit into {container.value} → {shelf.text}", shelf.text)
    if stream.codec in BITMAP:
        return Fate(Action.DROP, f"{stream.codec}: pictures of text cannot be kept in {container.value}")
    said = _HOPELESS.get(stream.codec or "", f"{stream.codec or 'unknown format'}: cannot be kept")
    return Fate(Action.DROP, f"{said} (in {container.value})")


def cover(stream: VideoStream, container: Container) -> Fate:
    shelf = SHELVES[container]
    if not shelf.covers:
        return Fate(Action.DROP, f"cover art: cannot be kept in {container.value} without looking like a film track")
    if stream.codec in shelf.covers:
        return Fate(Action.COPY, "cover art: kept", stream.codec, shelf.cover_files)
    if stream.codec in _CONVERTIBLE_COVERS:
        said = f"cover art: {stream.codec} does not fit into {container.value} → png"
        return Fate(Action.CONVERT, said, "png", shelf.cover_files)
    return Fate(Action.DROP, f"cover art: {stream.codec or 'unknown format'} cannot be read by ffmpeg")


def other(stream: OtherStream, container: Container) -> Fate:
    if stream.kind is StreamKind.DATA:
        name = stream.codec or stream.codec_tag or "unknown"
        return Fate(Action.DROP, f"data ({name}): players have no use for it")
    said = "attachment" if stream.filename is None else f"attachment {stream.filename}"
    if not SHELVES[container].attachments:
        return Fate(Action.DROP, f"{said}: {container.value} holds none")
    return Fate(Action.COPY, f"{said}: kept", stream.codec)


def is_font(stream: OtherStream) -> bool:
    """A file that subtitles may be drawn with."""
    return stream.kind is StreamKind.ATTACHMENT and _extension(attachment_tags(stream)["filename"]) in FONTS


def attachment_tags(stream: OtherStream) -> dict[str, str]:
    """Name and type of an attachment. The Matroska muxer fails the whole film where one of them is missing."""
    kind, extension = _TYPE_OF_CODEC.get(stream.codec, (_ANY_TYPE, ""))
    name = stream.filename if stream.filename else f"attachment_{stream.index}{extension}"
    return {"filename": name, "mimetype": stream.mimetype or _TYPES.get(_extension(name), kind)}


def _extension(name: str) -> str:
    return os.path.splitext(name)[1].lower()
