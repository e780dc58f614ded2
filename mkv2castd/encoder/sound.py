"""Which sound tracks the output has, in which order and in which form, and why.

The order is the source's, changed only where it must be: the configured languages come first; commentary and the like
are not in front; a stereo track that is made stands right before the surround it is made of; one that is there
already comes to the front where the surround of the same would be first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mkv2castd.config import Settings
from mkv2castd.encoder import audio_rules, languages
from mkv2castd.encoder.audio_rules import describe, describe_target, wide
from mkv2castd.encoder.media import AudioStream, Media
from mkv2castd.encoder.profiles import ContainerRow, Profile
from mkv2castd.encoder.roles import FLAG_OF, Role, may_be_one_programme, role_of
from mkv2castd.encoder.targets import AudioTarget, StreamPlan
from mkv2castd.encoder.tools import Tools
from mkv2castd.model import Action

# What ffmpeg can flag a sound track as; "default" is ours to give.
_FLAGS = frozenset(
    {
        *("dub", "original", "comment", "lyrics", "karaoke", "forced", "hearing_impaired", "visual_impaired"),
        *("clean_effects", "descriptions"),
    }
)


def arrange(
    media: Media, profile: Profile, into: ContainerRow, settings: Settings, tools: Tools
) -> tuple[StreamPlan, ...]:
    """The output's sound tracks in their order; those that are dropped stand among them. Every track of `media`
    has at least one entry; a surround track may have two. A result of this, arranged again, stays as it is."""
    usable = [stream for stream in media.audio if audio_rules.usable(stream, tools)]
    rules = _Rules(profile, into, settings)
    ordered = rules.led(_by_language(usable, settings.languages))
    stereo = [track for track in ordered if not wide(track)]
    planned: list[StreamPlan] = []
    for track in ordered:
        if wide(track):
            made = rules.surround(track, stereo)
            stereo += [
                _as_made(track, one.audio) for one in made if one.audio is not None and one.audio.channels == 2
            ]
            planned += made
        else:
            planned.append(rules.stereo(track))
    lost = (StreamPlan(stream, Action.DROP, _why_lost(stream)) for stream in media.audio if stream not in usable)
    return (*_flagged(planned), *lost)


def _why_lost(stream: AudioStream) -> str:
    if not stream.opens:
        return "its description is damaged: no decoder can be opened for it"
    return "announced, but holds no sound that can be decoded"


@dataclass(frozen=True, slots=True)
class _Rules:
    profile: Profile
    into: ContainerRow
    settings: Settings

    def led(self, ordered: Sequence[AudioStream]) -> list[AudioStream]:
        """With a track in front that may be first: one of the same programme, where there is one."""
        if self.settings.surround == "only":
            fit = [track for track in ordered if wide(track) and self._kept(track) is not None]
        else:
            fit = [track for track in ordered if not wide(track)]
        if not ordered or ordered[0] in fit:
            return list(ordered)
        twin = _twin(ordered[0], fit)
        return list(ordered) if twin is None else [twin, *(track for track in ordered if track is not twin)]

    def stereo(self, track: AudioStream) -> StreamPlan:
        """What becomes of a track of one or two channels."""
        faults = audio_rules.faults(track, self.profile, self.into)
        if not faults:
            return StreamPlan(track, Action.COPY, f"{describe(track)}: plays as it is", track.codec)
        if self.settings.surround == "only" and audio_rules.passes_through(track, self.into, self.settings):
            return StreamPlan(track, Action.COPY, f"{describe(track)}: your receiver plays it", track.codec)
        return _encoded(track, audio_rules.stereo_target(track, self.into, self.settings), "; ".join(faults))

    def surround(self, track: AudioStream, stereo: Sequence[AudioStream]) -> list[StreamPlan]:
        """What becomes of a track of more channels. stereo: the tracks that are heard everywhere."""
        kept = self._kept(track)
        if self.settings.surround == "only" and kept is not None:
            return [kept]
        why = "surround is to be dropped"
        if self.settings.surround == "drop":
            kept = None
        elif kept is None:
            why = "nobody can say which of its channels belongs where"
        twin = _twin(track, stereo)
        if twin is not None and kept is None:
            return [
                StreamPlan(track, Action.DROP, f"{describe(track)}: {why}, and the {describe(twin)} holds the same")
            ]
        return [*([self._mixed_down(track)] if twin is None else []), *([kept] if kept is not None else [])]

    def _mixed_down(self, track: AudioStream) -> StreamPlan:
        faults = audio_rules.faults(track, self.profile, self.into)
        why = "; ".join(faults) if faults else "no Cast device is certain to play more than stereo"
        return _encoded(track, audio_rules.stereo_target(track, self.into, self.settings), why)

    def _kept(self, track: AudioStream) -> StreamPlan | None:
        """The surround sound itself; None where there is no telling what is heard from where."""
        faults = audio_rules.faults(track, self.profile, self.into)
        if not faults:
            return StreamPlan(track, Action.COPY, f"{describe(track)}: kept as it is", track.codec)
        if audio_rules.passes_through(track, self.into, self.settings):
            return StreamPlan(track, Action.COPY, f"{describe(track)}: kept for your receiver", track.codec)
        goal = audio_rules.surround_target(track, self.into, self.settings)
        return _encoded(track, goal, "; ".join(faults)) if goal is not None else None


def _encoded(track: AudioStream, goal: AudioTarget, why: str) -> StreamPlan:
    reason = f"{describe(track)}: {why} → {describe_target(goal)}"
    return StreamPlan(track, Action.TRANSCODE, reason, goal.codec, audio=goal)


def _as_made(track: AudioStream, goal: AudioTarget) -> AudioStream:
    return replace(track, codec=goal.codec, profile=None, channels=goal.channels, layout=goal.layout)


def _by_language(tracks: Sequence[AudioStream], wanted: Sequence[str]) -> list[AudioStream]:
    """The wanted languages in their order, the others behind as they stand. The first language of which there is
    more than commentary comes first, and in it what stands before the film's own sound goes behind."""
    ranks = {track.index: _rank(track, wanted) for track in tracks}
    ordered = sorted(tracks, key=lambda track: ranks[track.index])
    leader = next((track for track in ordered if role_of(track) is Role.MAIN), None)
    if leader is None:
        return ordered
    front = [track for track in ordered if ranks[track.index] == ranks[leader.index]]
    rest = [track for track in ordered if ranks[track.index] != ranks[leader.index]]
    start = front.index(leader)
    return [*front[start:], *front[:start], *rest]


def _rank(track: AudioStream, wanted: Sequence[str]) -> int:
    places = (place for place, code in enumerate(wanted) if languages.same(code, track.language))
    return next(places, len(wanted))


def _twin(track: AudioStream, others: Sequence[AudioStream]) -> AudioStream | None:
    """The one of `others` that holds the same as `track`: of its language and role, and of no other programme. Two
    channels rather than one."""
    language, role = _language(track), role_of(track)
    same = (
        other
        for other in others
        if _language(other) == language and role_of(other) is role and may_be_one_programme(other, track)
    )
    return min(same, key=lambda other: other.channels == 1, default=None)


def _language(track: AudioStream) -> str | None:
    short = languages.short(track.language)
    return short if short is not None else track.language


def _flagged(planned: Sequence[StreamPlan]) -> Iterator[StreamPlan]:
    """The first is the default; the other flags stay, and what a title tells is flagged too."""
    first = next((one for one in planned if one.action is not Action.DROP), None)
    for one in planned:
        assert isinstance(one.source, AudioStream), "only sound is arranged here"
        role = FLAG_OF.get(role_of(one.source))
        flags = (one.source.dispositions & _FLAGS) | ({role} if role is not None else set())
        yield replace(one, dispositions=frozenset(flags | ({"default"} if one is first else set())))
