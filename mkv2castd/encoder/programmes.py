"""Which streams of a transport stream with several programmes belong to the film."""

from __future__ import annotations

from dataclasses import replace

from mkv2castd.encoder.media import AnyStream, Media, Programme


def of_one(media: Media) -> Media:
    """The film with its picture's programme alone. What belongs to another programme becomes `foreign`; what belongs
    to none, or to several, stays: nobody can say that it is not the film's."""
    picture = media.picture
    own = [one for one in media.programmes if picture is not None and picture.index in one.streams]
    if not own:
        return media
    ours = frozenset[int]().union(*(one.streams for one in own))
    foreign = tuple(s for s in media.streams if s.index not in ours and len(_programmes(s, media)) == 1)
    return replace(media, streams=tuple(s for s in media.streams if s not in foreign), foreign=foreign)


def why_foreign(stream: AnyStream, media: Media) -> str:
    """Why one of `media.foreign` is left out."""
    (programme,) = _programmes(stream, media)
    named = f", {programme.number}" if programme.number is not None else ""
    called = f" ({programme.name})" if programme.name is not None else ""
    return f"of another programme of the recording{named}{called}: the film's own picture is not in it"


def _programmes(stream: AnyStream, media: Media) -> list[Programme]:
    return [one for one in media.programmes if stream.index in one.streams]
