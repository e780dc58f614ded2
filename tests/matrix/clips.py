"""All rows of the matrix, and their clips: each made once by ffmpeg and kept for later runs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.matrix import rows_codecs, rows_colour, rows_extras, rows_shape, rows_sound, rows_times
from tests.matrix.parts import PARTS
from tests.matrix.rows import Row

ROWS: tuple[Row, ...] = (
    *rows_codecs.ROWS,
    *rows_colour.ROWS,
    *rows_shape.ROWS,
    *rows_times.ROWS,
    *rows_sound.ROWS,
    *rows_extras.ROWS,
)
BY_NAME: Mapping[str, Row] = {row.name: row for row in ROWS}
# Clips that older versions of this code made are of no use: raised when what `_made` does changes.
_EDITION = 1


def put(row: Row, folder: Path) -> Path:
    """The row's film, in `folder` under its own name, with what belongs beside it."""
    target = folder / row.file
    shutil.copyfile(_made(row), target)
    for name in row.beside:
        _, _, rest = name.partition(".")
        (folder / f"{row.name}.en.{rest.rpartition('.')[2]}").write_bytes(PARTS[name])
    return target


def _made(row: Row) -> Path:
    folder = Path(tempfile.gettempdir()) / f"mkv2castd-clips-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    key = hashlib.sha256(repr((_EDITION, row.steps, row.suffix)).encode()).hexdigest()[:24]
    plain = folder / f"matrix-{key}{row.suffix}"
    if not plain.exists():
        _make(row, plain)
    if row.patch is None:
        return plain
    patched = folder / f"matrix-{key}-{row.name}.{os.getpid()}"
    patched.write_bytes(row.patch(plain.read_bytes()))
    return patched.rename(folder / f"matrix-{key}-{row.name}")


def _make(row: Row, target: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        places = {"{in}": ""}
        for name, content in PARTS.items():
            Path(scratch, name).write_bytes(content)
            places[f"{{{name}}}"] = str(Path(scratch, name))
        made = Path()
        for number, step in enumerate(row.steps):
            made = Path(scratch, f"{number}{row.suffix}")
            places["{out}"] = str(made)
            argv = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", "1"]
            done = subprocess.run(
                [*argv, *(places.get(word, word) for word in step)], capture_output=True, timeout=90
            )
            assert done.returncode == 0, f"{row.name}: {done.stderr.decode('utf-8', 'replace')[-500:]}"
            places["{in}"] = str(made)
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
        shutil.copyfile(made, fresh)
        fresh.rename(target)
