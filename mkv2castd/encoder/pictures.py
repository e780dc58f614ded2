"""Which picture the output has and in which form, what becomes of further pictures, and why."""

from __future__ import annotations

from fractions import Fraction

from mkv2castd.config import Settings
from mkv2castd.encoder import hdr, sizes, timing, video_rules
from mkv2castd.encoder.backends import video_encoder
from mkv2castd.encoder.colours import true_flags
from mkv2castd.encoder.media import Media, VideoStream
from mkv2castd.encoder.playable import Hdr, VideoRow
from mkv2castd.encoder.profiles import ContainerRow, Profile, fillable
from mkv2castd.encoder.targets import StreamPlan
from mkv2castd.encoder.tone_mapping import tone_mapper
from mkv2castd.encoder.tools import Tools
from mkv2castd.errors import ErrorCode, MediaError
from mkv2castd.model import Action

_FULL_HD = (1920, 1080)
# What needs the fewest bits for large pictures, where the others could hold them as well.
_FOR_LARGE = frozenset({"hevc", "vp9"})

_UNSHOWN = "the devices do not show it"


def hindrances(
    picture: VideoStream, profile: Profile, own: ContainerRow, settings: Settings, *, turned: bool
) -> tuple[str, ...]:
    """Why something of the picture has to change in its own container; empty: nothing. turned: that tells players how
    to turn it."""
    verdict = _verdict(picture, profile, own, settings, turned=turned)
    return verdict.faults or verdict.wrong


def show(
    media: Media,
    picture: VideoStream,
    profile: Profile,
    into: ContainerRow,
    settings: Settings,
    tools: Tools,
    *,
    turned: bool,
    drawn_on: bool,
) -> tuple[StreamPlan, ...]:
    """The film's picture first, then every other picture but covers. turned: the container goes on telling players
    how to turn it. drawn_on: a subtitle is drawn into it, so that it has to be encoded.

    Raises MediaError (unsupported_media): HDR that this ffmpeg cannot make into anything that the devices show, or an
    ffmpeg without the encoders.
    """
    others = (
        StreamPlan(stream, Action.DROP, "another picture track: a Cast device shows one")
        for stream in media.pictures
        if stream is not picture
    )
    verdict = _verdict(picture, profile, into, settings, turned=turned)
    said = video_rules.describe(picture)
    untimed = timing.out_of_order(media.format_names, picture) or timing.hidden(picture, into.name)
    if verdict.faults or drawn_on or untimed is not None:
        faults = verdict.faults or (untimed if untimed is not None else "a subtitle is drawn into it",)
        row = _goal(picture, profile, into, settings, tools)
        goal = video_rules.target(picture, row, settings, _tone_mapper(picture, row, tools))
        reason = f"{said}: {'; '.join(faults)} → {video_rules.describe_target(goal)}{_loses(picture, goal.hdr)}"
        return (StreamPlan(picture, Action.TRANSCODE, reason, goal.codec, video=goal), *others)
    how = f"plays; only {', '.join(verdict.wrong)}" if verdict.wrong else "plays as it is"
    return (StreamPlan(picture, Action.COPY, f"{said}: {how}", picture.codec, mend=verdict.mend), *others)


def _verdict(
    stream: VideoStream, profile: Profile, into: ContainerRow, settings: Settings, *, turned: bool
) -> video_rules.VideoVerdict:
    row = profile.video_row(stream.codec)
    if row is not None and stream.codec not in into.video:
        return video_rules.VideoVerdict((f"does not play in {into.name}",))
    return video_rules.judge(stream, row, into.name, settings, turned=turned)


def _goal(stream: VideoStream, profile: Profile, into: ContainerRow, settings: Settings, tools: Tools) -> VideoRow:
    """What it is encoded to: what shows its HDR, what shows its size above full HD, else what every device knows."""
    known = [row for codec in fillable(profile, into.name) if (row := profile.video_row(codec)) is not None]
    assert known, "a container that nothing can be filled with is refused before"
    rows = [row for row in known if tools.has_encoder(video_encoder(row.codec).name)]
    if not rows:
        needed = " or ".join(video_encoder(row.codec).name for row in known)
        raise MediaError(
            ErrorCode.UNSUPPORTED_MEDIA,
            f"the picture has to be encoded, and this ffmpeg cannot: install one with {needed}, as Debian's has",
        )
    true = true_flags(stream)
    kind = hdr.base(true)
    bright = [row for row in rows if kind is not None and hdr.kept_by_encoding(true, row) is not None]
    if bright:
        return bright[0]
    wanted = sizes.limited(sizes.display_size(true), settings.max_height)
    rate = sizes.shown_rate(true)
    large = wanted[0] > _FULL_HD[0] or wanted[1] > _FULL_HD[1]
    if not large and _holds(rows[0], wanted, rate):
        return rows[0]
    return max(rows, key=lambda row: (_holds(row, wanted, rate), _area(row), row.codec in _FOR_LARGE))


def _holds(row: VideoRow, size: tuple[int, int], rate: Fraction | None) -> bool:
    return any(sizes.fits(*size, rate, limit) for limit in row.limits)


def _area(row: VideoRow) -> int:
    return max(limit.width * limit.height for limit in row.limits)


def _tone_mapper(stream: VideoStream, row: VideoRow, tools: Tools) -> str | None:
    true = true_flags(stream)
    kind = hdr.base(true)
    if kind is None or hdr.kept_by_encoding(true, row) is not None:
        return None
    mapper = tone_mapper(true, tools)
    if mapper is not None:
        return mapper.name
    if kind is Hdr.DOLBY_VISION:
        shown = "its container has lost the record by which devices know it" if stream.dolby_in_frames else _UNSHOWN
        raise MediaError(
            ErrorCode.UNSUPPORTED_MEDIA,
            f"Dolby Vision profile {stream.dolby_vision}: its colours have no HDR10 or standard form, {shown}, and "
            "only ffmpeg's filter libplacebo with a Vulkan driver could convert it",
        )
    raise MediaError(
        ErrorCode.UNSUPPORTED_MEDIA,
        f"{hdr.NAMES[kind]}, which the devices do not show, and this ffmpeg has neither of the filters that could "
        "convert it: install one with zscale and tonemap, as Debian's has",
    )


def _loses(stream: VideoStream, kept: Hdr | None) -> str:
    """What an encoder cannot hand on of HDR that is kept."""
    if kept is None:
        return ""
    lost = [name for name, had in (("HDR10+", stream.hdr10_plus), ("Dolby Vision", stream.dolby_vision)) if had]
    return f" ({' and '.join(lost)} cannot be encoded anew)" if lost else ""
