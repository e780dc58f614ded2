"""What ffmpeg is told about subtitles, files beside the film, covers and other attachments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from mkv2castd.encoder import languages
from mkv2castd.encoder.backends import SUBTITLE_ENCODERS
from mkv2castd.encoder.extra_rules import BITMAP, attachment_tags
from mkv2castd.encoder.media import External, OtherStream, SubtitleStream, VideoStream
from mkv2castd.encoder.naming import working_file
from mkv2castd.encoder.plan import Plan
from mkv2castd.encoder.targets import Groundwork, StreamPlan
from mkv2castd.model import Action, StreamKind

# ffmpeg's codec → the format that a file with it is in.
_FORMATS: Mapping[str, str] = MappingProxyType(
    {"subrip": "srt", "ass": "ass", "webvtt": "webvtt", "microdvd": "microdvd", "dvd_subtitle": "vobsub"}
)
# Covers as Matroska's players look for them (Matroska's specification of attachments).
COVER_FILES: Mapping[str | None, tuple[str, str]] = MappingProxyType(
    {"mjpeg": ("image/jpeg", ".jpg"), "png": ("image/png", ".png")}
)
# Pictures of text that are shown until the next one are given 49 days by some (2³² ms), which the whole film would
# then claim to last: without a duration they are shown until the next one as well.
_ENDLESS = r"setts=duration=if(lt(DURATION*TB\,86400)\,DURATION\,0)"
# So many seconds behind the film's end, what clears the last of them is as senseless.
_LATE = 60.0
# What of a file's name goes into the track.
_FLAGS = ("forced", "hearing_impaired")


def external_inputs(plan: Plan, laid: Groundwork) -> list[str]:
    """The files beside the film, each as an input behind the film itself."""
    argv: list[str] = []
    for index in sorted(laid.externals):
        argv += external_input(_externals(plan)[index], laid.externals[index], plan)
    return argv


def external_input(external: External, path: Path, plan: Plan) -> list[str]:
    """One of them. MicroDVD counts in frames of the film."""
    rate = plan.picture.source.frame_rate if isinstance(plan.picture.source, VideoStream) else None
    counted = external.codec == "microdvd" and rate is not None
    argv = ["-subfps", f"{rate.numerator}/{rate.denominator}"] if counted and rate is not None else []
    # without -seek_timestamp, ffmpeg has a bitmap file begin with its first picture
    argv += ["-seek_timestamp", "1", "-protocol_whitelist", "file", "-f", _FORMATS[external.codec]]
    return [*argv, "-i", f"file:{path}"]


def specifier(index: int, plan: Plan, laid: Groundwork) -> str:
    """Where ffmpeg finds the source's stream of this index: `0:3`, or `1:0` in a file beside the film."""
    if index not in laid.externals:
        return f"0:{index}"
    number = sorted(laid.externals).index(index) + 1
    return f"{number}:{_externals(plan)[index].track}"


def _externals(plan: Plan) -> Mapping[int, External]:
    sources = (stream.source for stream in plan.streams)
    return {s.index: s.external for s in sources if isinstance(s, SubtitleStream) and s.external is not None}


def subtitle_pairs(stream: StreamPlan, duration: float | None) -> Iterator[tuple[str, str]]:
    """The options of a subtitle's track in the output. duration: the film's, in seconds."""
    source = stream.source
    assert isinstance(source, SubtitleStream), "only for subtitles"
    yield "-c", "copy" if stream.action is Action.COPY else SUBTITLE_ENCODERS[stream.target or ""]
    if stream.action is Action.COPY and source.codec in BITMAP:
        yield "-bsf", _ENDLESS if duration is None else f"{_ENDLESS},noise=drop=gt(pts*tb\\,{duration + _LATE:.3f})"
    if source.external is None:
        return
    yield "-disposition", "+".join(flag for flag in _FLAGS if flag in source.dispositions) or "0"
    code = languages.letters(source.language)
    yield "-metadata:s", f"language={code if code is not None else 'und'}"
    if source.title is not None:
        yield "-metadata:s", f"title={source.title}"


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
        argv += ["-map", specifier(sidecar.source.index, plan, laid), "-c:s", "ass", "-f", "ass"]
        argv.append(f"file:{sidecar_text(target, number)}")
    return argv


def sidecar_text(temporary: Path, number: int) -> Path:
    """Where the text of the plan's sidecar with this number is kept until it is WebVTT."""
    return working_file(temporary, f"{number}.ass")
