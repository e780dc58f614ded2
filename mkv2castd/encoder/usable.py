"""Whether there is a film at all that can be decoded; if not, an error that says what is wrong with it."""

from __future__ import annotations

from mkv2castd.encoder.audio_rules import usable
from mkv2castd.encoder.media import AudioStream, Media, VideoStream
from mkv2castd.encoder.tools import Tools
from mkv2castd.errors import ErrorCode, MediaError

_LOCKED = frozenset({"encv", "enca", "drms", "drmi", "drm", "p608"})
# Formats that hold nothing but the names of other files.
_LISTS = frozenset({"concat", "hls", "applehttp", "dash", "imf"})
_STILLS = ("image2", "_pipe", "tty")
# From this ffprobe score on the format is more than a guess (AVPROBE_SCORE_RETRY).
_SURE = 26


def require_a_film(media: Media, tools: Tools) -> VideoStream | None:
    """The film's picture, or None for a recording of sound only.

    Raises MediaError: source_unreadable (nothing in it, a guess of a format, a picture without a frame),
    unsupported_media (locked, a codec that nobody here decodes, a still, neither picture nor sound).
    """
    if not media.streams:
        raise MediaError(ErrorCode.SOURCE_UNREADABLE, "the file holds neither picture nor sound: copy it here again")
    tag = next((stream.codec_tag for stream in media.streams if stream.codec_tag in _LOCKED), None)
    undecodable = media.picture is not None and media.picture.decodes is False
    if media.encrypted or tag is not None or (media.keyed and undecodable):
        named = f" ({tag})" if tag is not None else ""
        raise MediaError(
            ErrorCode.UNSUPPORTED_MEDIA,
            f"the film is locked by copy protection{named}: only a copy without it can be converted",
        )
    if media.empty:
        raise MediaError(
            ErrorCode.SOURCE_UNREADABLE,
            "the file announces a film, but holds nothing of it (an initialisation segment?): copy it here whole",
        )
    if media.format_names[:1] and any(still in media.format_names[0] for still in _STILLS):
        raise MediaError(ErrorCode.UNSUPPORTED_MEDIA, f"a still ({media.format_names[0]}), not a film")
    if not _LISTS.isdisjoint(media.format_names):
        raise MediaError(
            ErrorCode.UNSUPPORTED_MEDIA,
            f"a playlist ({media.format_names[0]}), not a film: name the film that it points to",
        )
    picture = media.picture
    if picture is None and media.probe_score is not None and media.probe_score < _SURE:
        raise MediaError(ErrorCode.SOURCE_UNREADABLE, "the file is no film: its contents only resemble one")
    if picture is not None:
        _require_a_decoder(picture, tools)
    elif not media.audio:
        raise MediaError(ErrorCode.UNSUPPORTED_MEDIA, f"neither picture nor sound, but {_held(media)}: no film")
    _require_sound(media, tools)
    return picture


def _require_a_decoder(picture: VideoStream, tools: Tools) -> None:
    if not picture.opens:
        raise _damaged("picture")
    if not tools.can_decode(picture.codec):
        raise MediaError(ErrorCode.UNSUPPORTED_MEDIA, f"no decoder for the picture's codec, {_name(picture)}")
    if picture.width is None or picture.height is None:
        raise MediaError(ErrorCode.SOURCE_UNREADABLE, "the size of the picture cannot be read: the film is damaged")
    if picture.decodes is False:
        raise MediaError(
            ErrorCode.SOURCE_UNREADABLE, "not one frame of the picture can be decoded: copy the film here again"
        )


def _damaged(what: str) -> MediaError:
    return MediaError(
        ErrorCode.SOURCE_UNREADABLE,
        f"the description of the {what} is damaged, so that no decoder can be opened: copy the film here again",
    )


def _held(media: Media) -> str:
    kinds = dict.fromkeys("cover" if isinstance(s, VideoStream) else s.kind.value for s in media.streams)
    return ", ".join(kinds)


def _require_sound(media: Media, tools: Tools) -> None:
    tracks = media.audio
    if not tracks or any(usable(track, tools) for track in tracks):
        return
    if not any(track.opens for track in tracks):
        raise _damaged("sound")
    unknown = next((track for track in tracks if not tools.can_decode(track.codec)), None)
    if unknown is not None:
        raise MediaError(ErrorCode.UNSUPPORTED_MEDIA, f"no decoder for the sound's codec, {_name(unknown)}")
    if media.picture is None:
        raise MediaError(ErrorCode.SOURCE_UNREADABLE, "the only sound track is announced, but holds no sound")


def _name(stream: VideoStream | AudioStream) -> str:
    return stream.codec or stream.codec_tag or "unknown"
