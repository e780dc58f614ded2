"""Whether a film plays as it is, and else why not: on the devices asked for, and on each one that is known."""

from __future__ import annotations

from collections.abc import Iterator

from mkv2castd.config import Settings
from mkv2castd.encoder import audio_rules, pictures, sound, video_rules
from mkv2castd.encoder.media import Media, VideoStream
from mkv2castd.encoder.profiles import ContainerRow, Profile, combine, known
from mkv2castd.encoder.tools import UNASKED, Tools
from mkv2castd.model import DeviceVerdict

_MP4_BRANDS_OF_OTHERS = ("qt", "3g")


def container_of(media: Media) -> str | None:
    """The container as the profiles call it, judged by content; None when no device is known to take it."""
    names = media.format_names
    if "mp4" in names:
        if media.index_first is False:
            return None  # Google lists MP4 with its index in front only
        if media.keyed:
            return None  # receivers ask for the key, whether it is needed or not
        return None if (media.brand or "").startswith(_MP4_BRANDS_OF_OTHERS) else "mp4"
    if "matroska" in names:
        return "webm" if media.doc_type == "webm" else "mkv"
    return "mpegts" if "mpegts" in names else None


def own_container(media: Media, profile: Profile) -> ContainerRow | None:
    """The row of the container that the film is in; None when the devices do not play it. WebM is a Matroska: what it
    should not hold plays where it would in one. Where nobody has asked which of them a file is, devices that know
    only WebM take what could stand in one."""
    name = container_of(media)
    row = profile.container(name)
    if name == "webm" and (row is None or not _holds(row, media)):
        wider = profile.container("mkv")
        return row if wider is None else wider
    return profile.container("webm") if row is None and name == "mkv" and media.doc_type is None else row


def _holds(row: ContainerRow, media: Media) -> bool:
    shown = media.picture is None or media.picture.codec in row.video
    return shown and all(track.codec in row.audio for track in media.audio)


def hindrances(
    media: Media, picture: VideoStream, profile: Profile, own: ContainerRow, settings: Settings, tools: Tools
) -> tuple[str, ...]:
    """Why its own container cannot be left with picture and sound just as they are; empty: it plays."""
    shown = pictures.hindrances(picture, profile, own, settings, turned=own.name == "mp4")
    if profile.video_row(picture.codec) is None:
        shown = (f"{video_rules.codec_name(picture.codec)} is not played",)
    first = () if media.pictures[0] is picture else ("another picture track lies in front of the film's own",)
    others = ("other programmes are in it, and which one is played is the player's choice",) if media.foreign else ()
    return (*shown, *first, *others, *_sound_hindrances(media, profile, own, settings, tools))


def on_each_device(media: Media, settings: Settings) -> tuple[DeviceVerdict, ...]:
    """For every profile that can be named, whether the film plays there untouched; of what else is configured, only
    a receiver that takes more sound than the devices do counts."""
    surround = settings.surround if settings.surround == "only" else "after"
    plain = Settings(passthrough=settings.passthrough, surround=surround)
    return tuple(_on_device(media, name, profile, plain) for name, profile in known(settings.customs).items())


def _on_device(media: Media, name: str, profile: Profile, settings: Settings) -> DeviceVerdict:
    reasons = _reasons(media, profile, settings, UNASKED)
    return DeviceVerdict(name, profile.title, not reasons, reasons)


def why_not(media: Media, settings: Settings, tools: Tools) -> tuple[str, ...]:
    """Why the file does not play on the devices asked for just as it is; empty: it does. Raises as `combine` does."""
    return _reasons(media, combine(settings.profile, settings.customs), settings, tools)


def _reasons(media: Media, profile: Profile, settings: Settings, tools: Tools) -> tuple[str, ...]:
    picture = media.picture
    own = own_container(media, profile)
    if picture is None:
        return ("no picture: a sound recording, not a film",)
    if own is None:
        return (_container_hindrance(media),)
    return hindrances(media, picture, profile, own, settings, tools)


def _container_hindrance(media: Media) -> str:
    if "mp4" in media.format_names and media.index_first is False:
        return "the index of the MP4 lies behind the film, where a player that streams cannot reach it"
    if "mp4" in media.format_names and media.keyed:
        return "the MP4 names a key, which a player would ask for, though nothing in it is locked"
    if "mp4" in media.format_names and container_of(media) is None:
        return f"MP4 of another kind ({(media.brand or '').strip()}) is not played"
    named = container_of(media) or (media.format_names[0] if media.format_names else "unknown")
    return f"the container {named} is not played"


def _sound_hindrances(
    media: Media, profile: Profile, own: ContainerRow, settings: Settings, tools: Tools
) -> Iterator[str]:
    heard = sound.arrange(media, profile, own, settings, tools)
    if all(track.as_it_is for track in heard) and [t.index for t in heard] == [t.index for t in media.audio]:
        return
    faulty = [(track, audio_rules.faults(track, profile, own)) for track in media.audio]
    told = [f"{audio_rules.describe(track)}: {'; '.join(faults)}" for track, faults in faulty if faults]
    if told:
        yield from told
    elif audio_rules.wide(media.audio[0]):
        yield f"{audio_rules.describe(media.audio[0])} comes first, and no device is certain to play more than stereo"
    else:
        yield "its sound tracks have to be in another order, or fewer"
