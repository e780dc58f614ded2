"""Measures how loud the tracks are that are to be encoded: one run of ffmpeg for all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from mkv2castd.encoder import loudness
from mkv2castd.encoder.command import file_url
from mkv2castd.encoder.media import AudioStream
from mkv2castd.encoder.plan import Plan
from mkv2castd.encoder.sound_options import mix
from mkv2castd.encoder.targets import Loudness


async def measure(
    plan: Plan, source: Path, run: Callable[[Sequence[str]], Awaitable[str]]
) -> Mapping[tuple[int, int], Loudness]:
    """The loudness of each track that `plan` levels, as it will be heard before that, by its stream's index and its
    number of channels. Silent ones are missing. run: runs a child and returns the end of its stderr; what it raises
    goes through."""
    argv = measuring_argv(plan, source)
    return loudness.parse(await run(argv)) if argv is not None else {}


def measuring_argv(plan: Plan, source: Path) -> list[str] | None:
    """The command that measures; its reports come on stderr. None where nothing is to be levelled.

    One graph for all tracks: newer ffmpeg runs each graph in a thread of its own, and their reports would mix.
    """
    chains: list[str] = []
    for stream in plan.tracks:
        goal = stream.audio
        if goal is not None and goal.levelled and isinstance(stream.source, AudioStream):
            measure_it = loudness.measuring(stream.index, goal.channels)
            chains.append(f"[0:{stream.index}]{mix(stream.source, goal)},{measure_it}[m{len(chains)}]")
    if not chains:
        return None
    argv = ["ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-v", "info", "-progress", "pipe:1"]
    argv += ["-stats_period", "0.5", "-protocol_whitelist", "file", "-i", file_url(source)]
    argv += ["-filter_complex", ";".join(chains)]
    for number in range(len(chains)):
        argv += ["-map", f"[m{number}]"]
    return [*argv, "-f", "null", "-"]
