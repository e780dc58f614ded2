"""Manual pages and completions are those of the commands as they are now."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("manuals")
    subprocess.run([sys.executable, ROOT / "scripts" / "_manuals.py", folder], check=True)
    return folder


def test_what_is_shipped_is_what_the_commands_say_now(made: Path) -> None:
    files = sorted(file.relative_to(made) for file in made.rglob("*") if file.is_file())
    assert {"man", "completion"} == {file.parts[0] for file in files}
    for file in files:
        assert (ROOT / "packaging" / file).read_text() == (made / file).read_text(), f"{file}: run scripts/manuals"
    shipped = (file for kind in ("man", "completion") for file in (ROOT / "packaging" / kind).rglob("*"))
    assert files == sorted(file.relative_to(ROOT / "packaging") for file in shipped if file.is_file())


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
@pytest.mark.parametrize("name", [file.name for file in sorted((ROOT / "packaging" / "man").iterdir())])
def test_a_manual_page_is_read_without_a_warning(name: str) -> None:
    page = ROOT / "packaging" / "man" / name
    read = subprocess.run(["groff", "-man", "-ww", "-z", page], capture_output=True, text=True, check=True)
    assert read.stderr == ""


@pytest.mark.parametrize(
    ("words", "found"),
    [("mkv2castd an", "analyze"), ("mkv2castd analyze --js", "--json"), ("mkv2castctl ret", "retry")],
)
def test_bash_completes_commands_and_options(words: str, found: str) -> None:
    name = words.split()[0]
    script = f"""
        source {ROOT}/packaging/completion/bash/{name}
        COMP_WORDS=({words}); COMP_CWORD=$(({len(words.split())} - 1)); COMP_LINE="{words}"; COMP_POINT={len(words)}
        $(complete -p {name} | sed 's/.*-F \\([^ ]*\\).*/\\1/') {name} "{words.split()[-1]}" ""
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    told = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.split() == [found], told.stderr
