"""What ffmpeg is told about subtitles, files beside the film, covers and other attachments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from mkv2castd.encoder import languages
from mkv2castd.encoder.backends import SUBTITLE_ENCODERS
from mkv2castd.encoder.extra_rules import BITMAP, TELETEXT, TEXT, attachment_tags
from mkv2castd.encoder.media import External, OtherStream, SubtitleStream, VideoStream
from mkv2castd.encoder.naming import working_file
from mkv2castd.encoder.plan import Plan
from mkv2castd.encoder.targets import Groundwork, StreamPlan
from mkv2castd.model import Action, StreamKind

# ffmpeg's codec → the format that a file with it is in.
FORMATS: Mapping[str, str] = MappingProxyType(
    {"subrip": "srt", "ass": "ass", "webvtt": "webvtt", "microdvd": "microdvd", "dvd_subtitle": "vobsub"}
)
# Covers as Matroska's players look for them (Matroska's specification of attachments).
COVER_FILES: Mapping[str | None, tuple[str, str]] = MappingProxyType(
    {"mjpeg": ("image/jpeg", ".jpg"), "png": ("image/png", ".png")}
)
# Pictures of text that are shown until the next one are given 49 days by some (2³² ms), which the whole film would
# then claim to last: without a duration they are shown until the next one as well.
_ENDLESS = r"setts=duration=if(lt(DURATION*TB\,86400)\,DURATION\,0)"
# A page of teletext that is followed by none would be shown for ever: longer than this nobody reads.
_PAGE_MS = "20000"
# So many seconds behind the film's end, what clears the last of them is as senseless.
_LATE = 60.0


def external_inputs(plan: Plan, laid: Groundwork) -> list[str]:
    """The files beside the film, each as an input behind the film itself."""
    return [word for index in sorted(laid.externals) for word in external_input(laid.externals[index], plan)]


def external_input(external: External, plan: Plan) -> list[str]:
    """One of them. MicroDVD counts in frames of the film."""
    rate = plan.picture.source.frame_rate if isinstance(plan.picture.source, VideoStream) else None
    counted = external.codec == "microdvd" and rate is not None
    argv = ["-subfps", f"{rate.numerator}/{rate.denominator}"] if counted and rate is not None else []
    # without -seek_timestamp, ffmpeg has a bitmap file begin with its first picture
    argv += ["-seek_timestamp", "1", "-protocol_whitelist", "file", "-f", FORMATS[external.codec]]
    return [*argv, "-i", f"file:{external.path}"]


def as_found(tracks: Iterable[SubtitleStream]) -> list[str]:
    """What the decoders of texts inside the film are told, before its input: letters that are not UTF-8 are passed on
    as they are. Otherwise ffmpeg drops the text, and gives up a film in which there is much of it. Of teletext, only
    what is marked as subtitles is read, and each page is shown until the next one, which may be empty."""
    inside = {track.index: track.codec for track in tracks if track.external is None}
    argv: list[str] = []
    for index, codec in sorted(inside.items()):
        if codec in TEXT:
            argv += [f"-sub_charenc_mode:{index}", "ignore"]
        elif codec == TELETEXT:
            argv += [f"-txt_format:{index}", "text", f"-txt_page:{index}", "subtitle"]
            argv += [f"-txt_duration:{index}", _PAGE_MS, f"-fix_sub_duration:{index}"]
    return argv


def text_decoders(plan: Plan, laid: Groundwork) -> list[str]:
    """`as_found` for the texts that are decoded while the film is made."""
    converted = (stream.source for stream in plan.tracks if stream.action is Action.CONVERT)
    read = (*converted, *(sidecar.source for sidecar in plan.sidecars))
    return as_found(s for s in read if isinstance(s, SubtitleStream) and s.index not in laid.externals)


def specifier(index: int, laid: Groundwork) -> str:
    """Where ffmpeg finds the source's stream of this index: `0:3`, or `1:0` in a file beside the film."""
    if index not in laid.externals:
        return f"0:{index}"
    number = sorted(laid.externals).index(index) + 1
    return f"{number}:{laid.externals[index].track}"


def subtitle_pairs(stream: StreamPlan, plan: Plan, laid: Groundwork) -> Iterator[tuple[str, str]]:
    """The options of a subtitle's track in the output."""
    source = stream.source
    assert isinstance(source, SubtitleStream), "only for subtitles"
    yield "-c", "copy" if stream.action is Action.COPY else SUBTITLE_ENCODERS[stream.target or ""]
    if stream.action is Action.COPY and source.codec in BITMAP:
        late = f",noise=drop=gt(pts*tb\\,{plan.duration + _LATE:.3f})" if plan.duration is not None else ""
        yield "-bsf", f"{_ENDLESS}{late}"
    if source.index not in laid.externals:
        return
    # its input knows neither name nor marks
    yield "-disposition", "+".join(sorted(source.dispositions)) or "0"
    code = languages.letters(source.language)
    yield "-metadata:s", f"language={code if code is not None else 'und'}"
    if source.title is not None:
        yield "-metadata:s", f"title={source.title}"


def within(duration: float | None) -> list[str]:
    """Filters by which a text does not make the film last longer: one of a longer cut, or with a mistyped time, which
    containers refuse. duration: the film's, in seconds. Only for a copy into the form that it has: where the clocks
    differ, ffmpeg 5.1 tells filters the wrong one."""
    if duration is None:
        return []
    ends = f"setts=duration=max(0\\,min(DURATION\\,{duration:.3f}/TB-PTS))"
    return [ends, f"noise=drop=gte(pts*tb\\,{duration:.3f})"]


def cover_pairs(stream: StreamPlan) -> Iterator[tuple[str, str]]:
    """The options of a cover that is a track."""
    yield "-c", "copy" if stream.action is Action.COPY else stream.target or "png"
    yield "-disposition", "attached_pic"


def attachment_pairs(stream: StreamPlan) -> Iterator[tuple[str, str]]:
    """The options of an attachment that is copied."""
    yield "-c", "copy"
    if isinstance(stream.source, OtherStream) and stream.kind is StreamKind.ATTACHMENT:
        for name, value in attachment_tags(stream.source).items():
            yield "-metadata:s", f"{name}={value}"


def cover_options(plan: Plan, laid: Groundwork) -> list[str]:
    """The covers that were laid out, attached behind all tracks."""
    argv: list[str] = []
    attached = [stream for stream in plan.kept if stream.attached and stream.index in laid.covers]
    for number, stream in enumerate(attached):
        mimetype, extension = COVER_FILES[stream.target]
        place = f"-metadata:s:{len(plan.tracks) + number}"
        name = f"cover{'' if number == 0 else f'_{number + 1}'}{extension}"
        argv += ["-attach", f"file:{laid.covers[stream.index]}"]
        argv += [place, f"mimetype={mimetype}", place, f"filename={name}"]
    return argv


def sidecar_outputs(plan: Plan, target: Path, laid: Groundwork) -> list[str]:
    """The text of each subtitle that goes beside the output, written in the same run: a film is read once."""
    argv: list[str] = []
    for number, sidecar in enumerate(plan.sidecars):
        argv += ["-map", specifier(sidecar.source.index, laid), "-c:s", "ass", "-f", "ass"]
        argv.append(f"file:{sidecar_text(target, number)}")
    return argv


def sidecar_text(temporary: Path, number: int) -> Path:
    """Where the text of the plan's sidecar with this number is kept until it is WebVTT."""
    return working_file(temporary, f"{number}.ass")
