"""Where a film's output goes: a name that no other film's output has, and no file of anybody else's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mkv2castd.config import Settings
from mkv2castd.encoder.naming import alternate_target, default_target, final_for_replace
from mkv2castd.encoder.probe import PATIENCE_SECONDS, probe
from mkv2castd.encoder.tag import parse_tag
from mkv2castd.errors import ErrorCode, MediaError
from mkv2castd.ledger import KnownFile, Ledger
from mkv2castd.model import Identity, Job, printable
from mkv2castd.store import Store
from mkv2castd.threads import in_thread_within


@dataclass(frozen=True, slots=True)
class Claim:
    """`made`: this version of the film has its output at `target` already (the store had forgotten it)."""

    target: Path
    made: bool = False


async def claim(
    store: Store, job: Job, identity: Identity, settings: Settings, environment: Mapping[str, str]
) -> Claim:
    """Finds the output's place. Raises MediaError (output_exists) when a file of somebody else's is there,
    TimeoutError when the storage does not answer.

    A film whose default name belongs to another film's output (movie.avi beside movie.mkv) takes the alternate one.
    """
    settings = await in_thread_within(PATIENCE_SECONDS, without_replace_of_links, settings, job.source)
    for candidate in _candidates(job.source, settings):
        if candidate == job.source:
            return Claim(candidate)
        known, taken = await store.read(lambda ledger, path=candidate: _owner(ledger, path, job))  # type: ignore[misc]
        if taken:
            continue
        found = await in_thread_within(PATIENCE_SECONDS, _identity, candidate)
        if found is None or (known is not None and known.origin == job.source and known.identity.matches(found)):
            return Claim(candidate)
        origin_tag = await _tag(candidate, environment)
        if origin_tag is None:
            raise MediaError(
                ErrorCode.OUTPUT_EXISTS,
                f"{printable(candidate)} exists and was not made by mkv2castd: move it away or rename it, then retry",
            )
        origin = parse_tag(origin_tag)
        if origin is None or not origin.is_named(job.source):
            continue
        known = KnownFile(candidate, job.folder, found, "output", job.id, job.source)
        await store.write(lambda ledger, file=known: ledger.remember(file))  # type: ignore[misc]
        return Claim(candidate, made=origin.is_version(identity))
    raise MediaError(
        ErrorCode.OUTPUT_EXISTS,
        f"{printable(_candidates(job.source, settings)[-1])} belongs to another film: rename one of the films",
    )


def fits(job: Job, settings: Settings) -> bool:
    """Was the job analysed for these settings, and is its output where they would put it? Not any more when the
    configuration has changed, or the film has moved."""
    told = job.analysis
    if told is None or (told.profile, told.container) != (settings.profile, settings.container):
        return False
    return job.output in _candidates(job.source, settings)


def without_replace_of_links(settings: Settings, source: Path) -> Settings:
    """A source that has other hard links (a seeding torrent) is kept, unless the folder says otherwise."""
    if settings.source_policy == "keep" or settings.hardlinks or source.lstat().st_nlink < 2:
        return settings
    return replace(settings, source_policy="keep")


def _candidates(source: Path, settings: Settings) -> tuple[Path, ...]:
    beside = default_target(source, settings), alternate_target(source, settings)
    if settings.source_policy == "replace":
        return final_for_replace(source, settings), *beside
    return beside


def _owner(ledger: Ledger, path: Path, job: Job) -> tuple[KnownFile | None, bool]:
    """What the store knows of the path, and whether it is another film's."""
    known = ledger.file_at(path)
    if known is not None and known.gone_at is not None:
        known = None
    others = known is not None and known.origin is not None and known.origin != job.source
    return known, others or ledger.claimed_by_other(path, job.id)


def _identity(path: Path) -> Identity | None:
    try:
        return Identity.of(path.lstat())
    except FileNotFoundError:
        return None


async def _tag(path: Path, environment: Mapping[str, str]) -> str | None:
    try:
        return (await probe(path, environment)).ours
    except MediaError:
        return None
