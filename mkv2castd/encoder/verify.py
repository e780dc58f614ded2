"""Is a finished output what was planned, whole, and playable? Asked before it gets its name."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from mkv2castd.config import Settings
from mkv2castd.encoder.ending import Ending
from mkv2castd.encoder.evidence import Evidence, evidence
from mkv2castd.encoder.files import start_writing
from mkv2castd.encoder.media import Media, VideoStream
from mkv2castd.encoder.plan import Plan, Skip
from mkv2castd.encoder.plan import plan as decide
from mkv2castd.encoder.playing import why_not
from mkv2castd.encoder.sample import Look, Samples
from mkv2castd.encoder.targets import StreamPlan
from mkv2castd.encoder.tools import UNASKED, Tools
from mkv2castd.encoder.wholeness import clock, tolerance, truncated
from mkv2castd.errors import DeviceError, ErrorCode, MediaError
from mkv2castd.model import Action, StreamKind
from mkv2castd.threads import in_thread

_KINDS = (StreamKind.VIDEO, StreamKind.AUDIO, StreamKind.SUBTITLE)
# Matroska stores both under one name.
_ALIASES: Mapping[str | None, str] = MappingProxyType({"srt": "subrip", "text": "subrip", "ssa": "ass"})
# Formats without a stated duration: what ffprobe tells is worked out from clocks that may jump.
_WORKED_OUT = frozenset({"mpegts", "mpeg", "mpegvideo", "h264", "hevc", "m4v", "vc1"})
# What the demuxers of our containers say of a file that is damaged, as ffmpeg 5.1 and 7.1 print it.
_DAMAGE = re.compile(
    r"EBML|[Ee]lement at 0x|-sized element|File ended prematurely|exceeds max length|Invalid length"
    r"|partial file|[Rr]ead error|error reading header"
)
_DECODER = re.compile(r"\[(?:lib)?([a-z0-9]+?)(?:float)? @ ")


async def verify(
    temporary: Path,
    plan: Plan,
    film: Path,
    source: Media,
    settings: Settings,
    environment: Mapping[str, str] | None = None,
    tools: Tools = UNASKED,
) -> Media:
    """What the output is, once all that follows has been found true: it opens, has the planned streams, lasts as
    long as the source within 1 % or 1 s, decodes at its start, middle and end, is whole, and the rules that judged
    the source say that it plays.

    Raises DeviceError (verify_failed, stalled), or MediaError (source_unreadable) when it ends before the source
    claims to, and the source does not just claim too much; settings.accept_damaged allows that. film: the source's
    file, asked only where something is odd. environment is added to ffprobe's.
    """
    low, high = _expected(plan, source)
    look = Look(temporary, settings.stall_seconds, environment)
    samples = await _sample(look, low, temporary)
    _check_streams(samples.media, plan)
    await _check_whole(look, samples, plan, low)
    witness = Witness(film, source, plan, settings, environment)
    if not settings.accept_damaged:
        await _check_duration(samples, low, high, source, witness)
        await _check_picture_reaches(samples, plan, low, witness)
    await _check_picture(look, samples, settings)
    await _check_sound(look, samples, plan, witness)
    _check_plays(samples.media, settings, tools)
    return samples.media


async def _sample(look: Look, duration: float | None, temporary: Path) -> Samples:
    """By the time that the samples are taken, most of the file is on the disk."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(in_thread(start_writing, temporary))
            taken = group.create_task(look.sample(duration))
    except BaseExceptionGroup as raised:
        raise raised.exceptions[0] from None
    return taken.result()


def _expected(plan: Plan, source: Media) -> tuple[float | None, float | None]:
    """The least and the most that the output may last, before tolerance. A container may count a subtitle that ends
    after the film, even a dropped one, and ffprobe 7 counts it in Matroska but not in MP4. Matroska counts from 0
    although the film may start later."""
    claims = [source.duration] if source.duration is not None else []
    spans = [_claimed(stream) for stream in plan.kept if _is_film(stream)]
    known = [span for span in spans if span is not None]
    if known and len(known) == len(spans):
        claims.append(max(known))
    if not claims:
        return None, None
    late = source.start if source.start is not None and "matroska" in source.format_names else 0.0
    texts = [s.source.duration for s in plan.kept if s.kind is StreamKind.SUBTITLE and s.source.duration is not None]
    return max(min(claims) - max(late, 0.0), 0.0), max([*claims, *texts])


def _claimed(stream: StreamPlan) -> float | None:
    return stream.source.duration


def _is_film(stream: StreamPlan) -> bool:
    cover = isinstance(stream.source, VideoStream) and stream.source.cover
    return stream.kind in (StreamKind.VIDEO, StreamKind.AUDIO) and not cover


def _check_streams(media: Media, plan: Plan) -> None:
    planned = [(s.kind, _alias(s.target)) for s in plan.kept if s.kind in _KINDS]
    there = [(s.kind, _alias(s.codec)) for s in media.streams if s.kind in _KINDS]
    same = len(planned) == len(there) and all(
        kind is found_kind and codec in (None, found)
        for (kind, codec), (found_kind, found) in zip(planned, there, strict=True)
    )
    extra: Counter[StreamKind] = Counter(s.kind for s in plan.kept if s.kind is StreamKind.ATTACHMENT)
    if not same or extra - Counter(s.kind for s in media.streams):
        raise _failed(f"planned were {_listed(planned, extra)}, made were {_listed(there)}")


def _alias(codec: str | None) -> str | None:
    return _ALIASES.get(codec, codec)


def _listed(
    streams: list[tuple[StreamKind, str | None]], extra: Mapping[StreamKind, int] = MappingProxyType({})
) -> str:
    named = [f"{codec or 'unknown'} ({kind.value})" for kind, codec in streams]
    return ", ".join(named + [f"{count} {kind.value}" for kind, count in extra.items()]) or "no streams"


@dataclass(frozen=True, slots=True)
class Witness:
    """The source's file, asked what it really holds: that takes reading, so only where something is odd."""

    film: Path
    media: Media
    plan: Plan
    settings: Settings
    environment: Mapping[str, str] | None

    async def says(self, near: float) -> Evidence:
        return await evidence(self.film, self.media, near, self.settings.stall_seconds, self.environment)

    async def has_packets(self, index: int) -> bool:
        return await Look(self.film, self.settings.stall_seconds, self.environment).has_packets(index)

    def film_end(self, told: Evidence) -> float | None:
        kept = {stream.index for stream in self.plan.kept if _is_film(stream)}
        return max((end for index, end in told.reached.items() if index in kept), default=None)


async def _check_duration(
    samples: Samples, low: float | None, high: float | None, source: Media, witness: Witness
) -> None:
    """An output that lasts longer than its source is broken; a shorter one has a source that is cut off, or one that
    claimed too much."""
    held = max(samples.reached.values(), default=None)
    claimed = samples.media.duration if samples.media.duration is not None else held
    if claimed is None or low is None or high is None:
        return
    if claimed < low - tolerance(low):
        told = await witness.says(claimed)
        there = witness.film_end(told)
        if told.ending is Ending.CUT or there is None or there > claimed + tolerance(claimed):
            raise truncated("the film", claimed, low)
    if claimed > high + tolerance(high) and _WORKED_OUT.isdisjoint(source.format_names):
        there = witness.film_end(await witness.says(claimed))
        if there is None or there < claimed - tolerance(claimed):
            raise _failed(f"it lasts {clock(claimed)}, the film {clock(high)}")


async def _check_picture_reaches(samples: Samples, plan: Plan, low: float | None, witness: Witness) -> None:
    """A picture may stop while the sound goes on, but only where it does so in the source, which is not cut off."""
    shown = samples.media.pictures
    if not shown:
        return
    reached = samples.reached.get(shown[0].index)
    held = max((end for end in samples.reached.values()), default=None)
    if reached is None or held is None or reached >= held - tolerance(held):
        return
    told = await witness.says(reached)
    there = told.reached.get(plan.picture.index)
    claimed = plan.picture.source.duration
    promised = low is not None and claimed is not None and claimed >= low - tolerance(low)
    if there is None or there > reached + tolerance(held) or (promised and told.ending is Ending.CUT):
        raise truncated("the picture", reached, held)


async def _check_whole(look: Look, samples: Samples, plan: Plan, low: float | None) -> None:
    claimed = samples.media.duration
    if claimed is not None:
        due = min(claimed, low) if low is not None else claimed
        held = max(samples.reached.values(), default=None)
        if held is None:
            raise _failed("nothing can be read at its end", samples.complaints)
        # a subtitle that began long before the end may be what lasts the longest
        lasting = held < due - tolerance(due) and any(s.kind is StreamKind.SUBTITLE for s in plan.kept)
        if lasting:
            held = max(held, await look.subtitles_end())
        if held < due - tolerance(due):
            raise _failed(f"it claims {clock(claimed)} and ends at {clock(held)}", samples.complaints)
    # a copied stream brings its own faults along, an encoded one has none
    copied = {s.target for s in plan.kept if s.action is Action.COPY}
    encoded = {s.target for s in plan.kept if s.action is Action.TRANSCODE} - copied
    for line in samples.complaints:
        decoder = _DECODER.match(line)
        if _DAMAGE.search(line) or (decoder is not None and decoder[1] in encoded):
            raise _failed("it is damaged", samples.complaints)


async def _check_picture(look: Look, samples: Samples, settings: Settings) -> None:
    """Wherever there are packets of the picture there have to be frames; where it shows only now and then, at least
    somewhere."""
    shown = samples.media.pictures
    if not shown:
        return
    index = shown[0].index
    read = list(zip(samples.frames, samples.packets, strict=True))
    if not any(packets[index] for packets in samples.packets):
        samples = await look.all_of_it()
        read = [(samples.frames[0], Counter({index: 1}))]
    decoded = [bool(frames[index]) or not packets[index] for frames, packets in read]
    if not all(decoded) and not (settings.accept_damaged and any(decoded)):
        names = ("start", "middle", "end") if len(decoded) == 3 else ("start",)
        where = " and ".join(name for name, good in zip(names, decoded, strict=False) if not good)
        raise _failed(f"no picture can be decoded at its {where}", samples.complaints)


async def _check_sound(look: Look, samples: Samples, plan: Plan, witness: Witness) -> None:
    """A track that is silent at all three places may begin and end between them, or be as empty in the source."""
    made = [stream for stream in plan.kept if stream.kind is StreamKind.AUDIO]
    for number, (stream, there) in enumerate(zip(made, samples.media.audio, strict=True), 1):
        heard = any(frames[there.index] for frames in samples.frames)
        if heard or stream.action is Action.COPY or stream.source.duration == 0:
            continue
        if not await look.has_packets(there.index) and await witness.has_packets(stream.index):
            raise _failed(f"its sound track {number} is empty", samples.complaints)


def _check_plays(media: Media, settings: Settings, tools: Tools) -> None:
    try:
        verdict = decide(media, settings, tools)
    except MediaError as error:
        raise _failed(f"it would not play: {error.message}") from error
    if not isinstance(verdict, Skip):
        # where nothing hinders it, something of it would be made anew all the same
        faults = why_not(media, settings, tools) or [s.reason for s in verdict.streams if not s.as_it_is]
        raise _failed(f"it would not play: {'; '.join(faults)}")


def _failed(what: str, complaints: list[str] | None = None) -> DeviceError:
    details = "\n".join(complaints) if complaints else None
    return DeviceError(ErrorCode.VERIFY_FAILED, f"the output did not pass its check: {what}", details)
