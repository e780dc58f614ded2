"""Which subtitles the output has, which go beside it and which are drawn into the picture, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mkv2castd.config import Settings
from mkv2castd.encoder import extra_rules, languages
from mkv2castd.encoder.extra_rules import BITMAP, FORCED_EVENTS, TEXT, is_text
from mkv2castd.encoder.media import AudioStream, External, Media, SubtitleStream
from mkv2castd.encoder.targets import Burn, Sidecar, StreamPlan
from mkv2castd.encoder.tools import UNASKED, Tools
from mkv2castd.model import Action, Container, printable

# Many files say it in the title only.
_FORCED = re.compile(r"\bforced\b", re.IGNORECASE)
_HEARING = re.compile(r"\b(sdh|cc|hoh)\b|hearing", re.IGNORECASE)
_ASIDE = frozenset({"comment", "visual_impaired"})


@dataclass(frozen=True, slots=True)
class Captions:
    """streams: an entry for each of the source's subtitle streams, and one for each file beside the film, in the
    output's order."""

    streams: tuple[StreamPlan, ...] = ()
    sidecars: tuple[Sidecar, ...] = ()
    burn: Burn | None = None


def caption(media: Media, container: Container, settings: Settings, tools: Tools = UNASKED) -> Captions:
    """What `subtitles` in the film's folder asks for, as far as `container` holds it. A result of it, described
    again, asks for nothing: a film into which a subtitle was drawn has none left."""
    tracks = (*media.subtitles, *_beside(media))
    if settings.subtitles == "burn":
        drawn = _burn(tracks, media, settings, tools)
        return Captions(tuple(_not_kept(track, drawn, settings) for track in tracks), (), drawn)
    if settings.subtitles == "none":
        return Captions(tuple(_drop(track, 'subtitles = "none" in its folder') for track in tracks))
    sidecars = tuple(_sidecars(tracks, tools)) if settings.subtitles == "sidecar" else ()
    endings = {sidecar.source.index: sidecar.ending for sidecar in sidecars}
    kept = tuple(_keep(track, container, tools, endings.get(track.index)) for track in tracks)
    return Captions(kept, sidecars)


def doubtful(media: Media, settings: Settings) -> tuple[SubtitleStream, ...]:
    """The tracks of which `caption` would have to know whether any of their pictures are forced, and does not: in the
    order in which it wants to know it."""
    if settings.subtitles != "burn" or not settings.burn_forced_only:
        return ()
    if any(is_forced(track) for track in (*media.subtitles, *_beside(media)) if track.codec in TEXT | BITMAP):
        return ()
    heard = _first_language(media.audio, settings)
    unknown = (t for t in media.subtitles if t.codec in FORCED_EVENTS and t.forced_events is None)
    return tuple(sorted(unknown, key=lambda track: not languages.same(track.language, heard)))


def _beside(media: Media) -> Iterator[SubtitleStream]:
    """The files beside the film, as if they were streams of it behind all others."""
    first = 1 + max((stream.index for stream in (*media.streams, *media.foreign)), default=-1)
    for index, external in enumerate(media.externals, first):
        flags = {"forced": external.forced, "hearing_impaired": external.hearing_impaired}
        yield SubtitleStream(
            index=index,
            codec=external.codec,
            language=external.language,
            title=external.title,
            dispositions=frozenset(name for name, there in flags.items() if there),
            external=external,
        )


def is_forced(track: SubtitleStream) -> bool:
    """For foreign speech and signs only."""
    return track.forced or _FORCED.search(track.title or "") is not None


def is_for_the_deaf(track: SubtitleStream) -> bool:
    return "hearing_impaired" in track.dispositions or _HEARING.search(track.title or "") is not None


def _keep(track: SubtitleStream, container: Container, tools: Tools, ending: str | None) -> StreamPlan:
    fate = extra_rules.subtitle(track, container, tools)
    told = fate.reason if ending is None else f"{fate.reason}; beside the output as {ending}.vtt"
    return StreamPlan(track, fate.action, _said(track, told), fate.codec)


def _drop(track: SubtitleStream, why: str) -> StreamPlan:
    return StreamPlan(track, Action.DROP, _said(track, f"{track.codec or 'unknown format'}: {why}"))


def _said(track: SubtitleStream, reason: str) -> str:
    return reason if track.external is None else f"{_name(track.external)}: {reason}"


def _name(external: External) -> str:
    return printable(external.path.name)


def _sidecars(tracks: tuple[SubtitleStream, ...], tools: Tools) -> Iterator[Sidecar]:
    """Names as Jellyfin, Plex and Kodi read them. A second one of its kind gets a number before its language, where
    all three take it for a title."""
    taken: dict[str, int] = {}
    for track in tracks:
        if not is_text(track, tools):
            continue
        code = languages.short(track.language)
        kind = f".{code}" if code is not None else ""
        kind += ".forced" if is_forced(track) else ".sdh" if is_for_the_deaf(track) else ""
        taken[kind] = taken.get(kind, 0) + 1
        ending = kind if taken[kind] == 1 else f".{taken[kind]}{kind}"
        yield Sidecar(track, ending, _said(track, f"{track.codec}: as WebVTT beside the output"))


# Burning


def _burn(tracks: tuple[SubtitleStream, ...], media: Media, settings: Settings, tools: Tools) -> Burn | None:
    able = [track for track in tracks if track.codec in BITMAP or is_text(track, tools)]
    heard = _first_language(media.audio, settings)

    def understood(track: SubtitleStream) -> bool:
        return heard is None or languages.short(track.language) is None or languages.same(track.language, heard)

    def wanted(track: SubtitleStream) -> bool:
        return any(languages.same(track.language, code) for code in settings.languages)

    forced: tuple[Callable[[SubtitleStream], bool], ...] = (
        lambda track: is_forced(track) and heard is not None and languages.same(track.language, heard),
        lambda track: is_forced(track) and understood(track),
    )
    if settings.burn_forced_only:
        chosen = _first(able, (*forced, is_forced))
        if chosen is not None:
            return _drawn(chosen, False, "it is forced")
        chosen = _first([t for t in able if _has_forced_events(t)], (understood, lambda track: True))
        return _drawn(chosen, True, "its forced parts") if chosen is not None else None
    by_wish = tuple(
        lambda track, code=code: languages.same(track.language, code) for code in settings.languages if code
    )
    chosen = _first(able, (*forced, lambda track: track.default, *by_wish, lambda track: True))
    if chosen is None:
        return None
    why = "it is forced" if is_forced(chosen) else "it is the default" if chosen.default else "it comes first"
    return _drawn(chosen, False, "it is in a wanted language" if why == "it comes first" and wanted(chosen) else why)


def _has_forced_events(track: SubtitleStream) -> bool:
    return track.codec in FORCED_EVENTS and track.forced_events is True


def _first(
    tracks: list[SubtitleStream], rules: tuple[Callable[[SubtitleStream], bool], ...]
) -> SubtitleStream | None:
    return next((track for rule in rules for track in tracks if rule(track)), None)


def _drawn(track: SubtitleStream, forced_only: bool, why: str) -> Burn:
    reason = _said(track, f"{track.codec}: drawn into the picture: {why}")
    return Burn(track, track.codec in BITMAP, forced_only, reason)


def _first_language(tracks: tuple[AudioStream, ...], settings: Settings) -> str | None:
    """Of the sound that is heard first."""
    own = [track for track in tracks if _ASIDE.isdisjoint(track.dispositions)]
    for code in settings.languages:
        if any(languages.same(track.language, code) for track in own):
            return code
    first = min(own, key=lambda track: not track.default, default=None)
    return first.language if first is not None else None


def _not_kept(track: SubtitleStream, drawn: Burn | None, settings: Settings) -> StreamPlan:
    if drawn is not None and track == drawn.source:
        return StreamPlan(track, Action.DROP, drawn.reason)
    if settings.burn_forced_only:
        return _drop(track, "not drawn: it is not the forced one" if drawn is not None else "not drawn: not forced")
    return _drop(track, "another subtitle is drawn into the picture" if drawn is not None else "cannot be drawn")
