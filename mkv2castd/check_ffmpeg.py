"""Is there an ffmpeg, is it new enough, and was it built with what is needed here?"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from mkv2castd.encoder.process import Captured, capture
from mkv2castd.errors import ConfigError, DeviceError
from mkv2castd.finding import Finding, Level, ok, problem, warning
from mkv2castd.model import Container

LEAST_VERSION = (5, 1)  # -fps_mode
_SECONDS = 10.0
# what each container's conversions encode with
_ALWAYS = ("libx264", "aac", "srt")
_ENCODERS: Mapping[Container, tuple[str, ...]] = MappingProxyType(
    {
        Container.MKV: _ALWAYS,
        Container.MP4: (*_ALWAYS, "mov_text"),
        Container.WEBM: ("libvpx", "libopus", "webvtt"),
    }
)
_MUXERS: Mapping[Container, str] = MappingProxyType(
    {Container.MKV: "matroska", Container.MP4: "mp4", Container.WEBM: "webm"}
)
_FILTERS: Mapping[str, str] = MappingProxyType(
    {"zscale": "HDR films", "tonemap": "HDR films", "bwdif": "interlaced films", "scale": "films that are too large"}
)
# releases: "ffmpeg version 5.1.9-0+deb12u1", "n6.0"; builds from git or of a day have no comparable number
_VERSION = re.compile(r"^(\w+) version (?P<all>(?:n?(?P<major>\d+)\.(?P<minor>\d+))?\S*)", re.MULTILINE)
_OLD = "install a newer one: Debian 12's ffmpeg is new enough (apt-get install ffmpeg)"
_INSTALL = "install it: apt-get install ffmpeg"
_BUILD = "use a complete build, as Debian's is: apt-get install ffmpeg"


def too_old(banner: str) -> bool:
    """Does ffmpeg's banner name a release before LEAST_VERSION? Builds without a release number count as new."""
    found = _VERSION.search(banner)
    return (
        found is not None
        and found["major"] is not None
        and (int(found["major"]), int(found["minor"])) < LEAST_VERSION
    )


def version(banner: str) -> str | None:
    """`5.1.9-0+deb12u1`, or None where this is no banner of ffmpeg or ffprobe."""
    found = _VERSION.search(banner)
    return found["all"] if found is not None else None


def listed(output: bytes) -> frozenset[str]:
    """The names in what `ffmpeg -encoders`, `-muxers` or `-filters` prints: the second word of each line."""
    rows = (line.split(maxsplit=2) for line in output.decode("utf-8", "replace").splitlines())
    return frozenset(name for row in rows if len(row) > 2 for name in row[1].split(","))


async def require_ffmpeg() -> None:
    """Refuses to start where no film could be converted. One call of ffmpeg, about 0.1 s.

    Raises ConfigError with the remedy.
    """
    if shutil.which("ffprobe") is None:
        raise ConfigError(f"ffprobe is not installed: {_INSTALL}")
    # without -hide_banner: the version comes along on stderr
    answer = await _ask("ffmpeg", "-encoders")
    if isinstance(answer, Finding):
        raise ConfigError(f"{answer.what}: {answer.remedy}")
    findings = [_version_finding("ffmpeg", answer.stderr_tail)]
    findings += _missing("encoder", listed(answer.stdout), _ENCODERS[Container.MKV], Level.PROBLEM)
    for finding in findings:
        if finding.level is Level.PROBLEM:
            raise ConfigError(f"{finding.what}: {finding.remedy}")


async def ffmpeg_findings(containers: Collection[Container]) -> list[Finding]:
    """Versions, encoders, muxers and filters; what only other containers than these need is a warning."""
    probe, encoders, muxers, filters = await asyncio.gather(
        _ask("ffprobe", "-version"),
        _ask("ffmpeg", "-encoders"),
        _ask("ffmpeg", "-muxers"),
        _ask("ffmpeg", "-filters"),
    )
    if isinstance(encoders, Finding):
        return [encoders]
    found = [_version_finding("ffmpeg", encoders.stderr_tail)]
    found.append(
        probe if isinstance(probe, Finding) else _version_finding("ffprobe", probe.stdout.decode("utf-8", "replace"))
    )
    needed = {name for container in containers for name in _ENCODERS[container]}
    other = {name for names in _ENCODERS.values() for name in names} - needed
    found += _missing("encoder", listed(encoders.stdout), sorted(needed), Level.PROBLEM)
    found += _missing("encoder", listed(encoders.stdout), sorted(other), Level.WARNING)
    if isinstance(muxers, Captured):
        found += _missing("muxer", listed(muxers.stdout), sorted(_MUXERS[one] for one in containers), Level.PROBLEM)
    if isinstance(filters, Captured):
        there = listed(filters.stdout)
        found += [
            warning(f"ffmpeg has no filter {name}: {films} cannot be converted", _BUILD)
            for name, films in _FILTERS.items()
            if name not in there
        ]
    if all(finding.level is Level.OK for finding in found):
        found.append(ok("ffmpeg has every encoder, muxer and filter that is needed"))
    return found


async def _ask(program: str, option: str) -> Captured | Finding:
    if shutil.which(program) is None:
        return problem(f"{program} is not installed", _INSTALL)
    try:
        answer = await capture([program, option], timeout=_SECONDS)
    except (ConfigError, DeviceError) as error:
        return problem(f"{program} {option}: {error.message}", "run it by hand to see what is wrong")
    if answer.exit_code != 0:
        last = answer.stderr_tail.strip().rpartition("\n")[2]
        return problem(f"{program} {option} ended with {answer.exit_code}: {last}", "install it anew: " + _INSTALL)
    return answer


def _version_finding(program: str, banner: str) -> Finding:
    number = version(banner)
    if number is None:
        return problem(f"{program} does not tell its version: is it the real {program}?", _INSTALL)
    if too_old(banner):
        least = ".".join(map(str, LEAST_VERSION))
        return problem(f"{program} {number} is too old, {least} is the least", _OLD)
    return ok(f"{program} {number}")


def _missing(what: str, there: Collection[str], wanted: Iterable[str], level: Level) -> list[Finding]:
    return [Finding(level, f"ffmpeg has no {what} {name}", _BUILD) for name in wanted if name not in there]
