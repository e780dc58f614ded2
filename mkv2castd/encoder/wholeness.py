"""What follows from where a film really ends: a wrong claim is corrected, a film that is cut off is refused."""

from __future__ import annotations

from dataclasses import replace

from mkv2castd.config import Settings
from mkv2castd.encoder.media import AnyStream, Media
from mkv2castd.errors import ErrorCode, MediaError

_REMEDY = "Copy it here again, or set accept_damaged = true in its folder to convert what is there"


def tolerance(duration: float) -> float:
    """Seconds by which lengths of whole films differ: containers count a last frame in different ways."""
    return max(1.0, duration / 100)


def clock(seconds: float) -> str:
    """ "0:01:02.5" """
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:04.1f}"


def truncated(what: str, end: float, claimed: float) -> MediaError:
    """The error for a film that holds less than it claims. what: "the film", "the picture"; the rest in seconds."""
    said = f"{what} ends after {clock(end)} of {clock(claimed)}: is it truncated? {_REMEDY}"
    return MediaError(ErrorCode.SOURCE_UNREADABLE, said)


def ended(media: Media, ends: float | None, *, cut: bool) -> Media:
    """The film, once it is known where its packets end (seconds from its start; None: none were found there) and
    whether its container says that more should follow. Where it does not, what was claimed beyond is forgotten."""
    if ends is None or cut or media.duration is None or ends >= media.duration - tolerance(media.duration):
        return replace(media, cut=cut, ends=ends)
    streams = tuple(_within(stream, ends) for stream in media.streams)
    return replace(media, cut=cut, ends=ends, duration=ends, streams=streams)


def _within(stream: AnyStream, ends: float) -> AnyStream:
    too_long = stream.duration is not None and stream.duration > ends + tolerance(ends)
    return replace(stream, duration=None) if too_long else stream


def require_whole(media: Media, settings: Settings) -> None:
    """Raises MediaError (source_unreadable) for a film that is cut off, unless settings.accept_damaged."""
    if settings.accept_damaged or not media.cut:
        return
    ends, claimed = media.ends, media.duration
    if ends is not None and claimed is not None and ends < claimed - tolerance(claimed):
        raise truncated("the film", ends, claimed)


def require_replaceable(media: Media, settings: Settings) -> None:
    """Raises MediaError (source_unreadable) for a film that is to be replaced, and of which the least is missing:
    nobody could look again. settings.accept_damaged allows that."""
    if media.cut and settings.source_policy == "replace" and not settings.accept_damaged:
        raise MediaError(
            ErrorCode.SOURCE_UNREADABLE,
            f'the end of the file is missing, and source = "replace" would delete what there is. {_REMEDY}',
        )
