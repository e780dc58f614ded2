"""Writes packaging/man and packaging/completion: _manuals.py [FOLDER]

FOLDER: instead of packaging. Nothing is written by hand but what no parser knows: exit codes, files, signals.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_type_hints

import _roff as roff
import msgspec
import shtab

from mkv2castd import __version__
from mkv2castd.config import Config
from mkv2castd.default_config import EXAMPLES, MEANINGS, REPEATED, TABLES, limits_of, toml_value

COMMANDS = {"mkv2castd": "mkv2castd.cli", "mkv2castctl": "mkv2castd.ctl_parser"}
SHELLS = {"bash": "{}", "zsh": "_{}", "fish": "{}.fish"}
# What is completed as a path, by what it is called in the help.
PATHS: Mapping[str, dict[str, str]] = {
    "FILE": shtab.FILE,
    "DIR": shtab.DIRECTORY,
    "FOLDER": shtab.DIRECTORY,
    "PATH": shtab.DIRECTORY,
}
EXIT_STATUS = (
    "EXIT STATUS",
    (
        "0\tdone",
        "1\tthe work failed",
        "2\tthe usage or the configuration is wrong",
        "3\tthe daemon or the bus cannot be reached",
        "4\tthere is no such job, folder or device",
        "5\tnot allowed",
        "130\tinterrupted",
    ),
)
SECTIONS: Mapping[str, roff.Sections] = {
    "mkv2castd": (
        EXIT_STATUS,
        (
            "SIGNALS",
            (
                "SIGTERM, SIGINT\tend the daemon; what is being encoded is begun anew by the next start",
                "SIGHUP\treads the configuration anew; where it is wrong, the old one is kept",
            ),
        ),
        (
            "FILES",
            (
                "/etc/mkv2castd/config.toml, /etc/mkv2castd/conf.d/*.toml\tthe configuration of the service",
                "$XDG_CONFIG_HOME/mkv2castd/\tthe same of a daemon that is run by a user",
                "/var/lib/mkv2castd\tjobs, logs and what was changed at run time",
                "$XDG_STATE_HOME/mkv2castd\tthe same of a daemon that is run by a user",
            ),
        ),
        ("SEE ALSO", ("mkv2castctl(1), mkv2castd.toml(5), ffmpeg(1)",)),
    ),
    "mkv2castctl": (
        EXIT_STATUS,
        (
            "EXAMPLES",
            (
                "mkv2castctl add --wait film.mkv\tconverts a film and waits for it",
                "mkv2castctl jobs --status failed\tlists what has failed",
                "mkv2castctl watch\tshows what is going on",
            ),
        ),
        ("SEE ALSO", ("mkv2castd(1), mkv2castd.toml(5), busctl(1)",)),
    ),
}


def main(folder: Path) -> None:
    for name, module in COMMANDS.items():
        parser: argparse.ArgumentParser = importlib.import_module(module).parser()
        _write(folder / "man" / f"{name}.1", roff.page(parser, __version__, SECTIONS[name]))
        _complete_paths(parser)
        for shell, file in SHELLS.items():
            _write(folder / "completion" / shell / file.format(name), shtab.complete(parser, shell))
    _write(folder / "man" / "mkv2castd.toml.5", "\n".join(_configuration()) + "\n")


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n")


def _complete_paths(parser: argparse.ArgumentParser) -> None:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _complete_paths(command)
        elif isinstance(action.metavar, str) and action.metavar in PATHS:
            action.complete = PATHS[action.metavar]  # type: ignore[attr-defined]


def _configuration() -> Iterator[str]:
    yield roff.title("mkv2castd.toml", 5, __version__)
    yield from (".SH NAME", "mkv2castd.toml \\- configuration of mkv2castd(1)")
    yield from roff.told(
        [
            (
                "DESCRIPTION",
                (
                    "The daemon reads /etc/mkv2castd/config.toml and then /etc/mkv2castd/conf.d/*.toml; run by a "
                    "user, the same files in $XDG_CONFIG_HOME/mkv2castd. Later files win. What is changed at run "
                    "time is kept in runtime.toml in the state folder and read last. `mkv2castd check` says what is "
                    "wrong, `mkv2castd config` prints everything below as a file to begin with.",
                    "An unknown key, a wrong type or an impossible value is an error that names file, key and what "
                    "is allowed: the daemon does not start with it, and a reload keeps the old configuration.",
                ),
            )
        ]
    )
    for table in msgspec.structs.fields(Config):
        yield from _table(table.name, REPEATED.get(table.name, type(table.default)))


def _table(name: str, kind: type[msgspec.Struct]) -> Iterator[str]:
    yield f'.SH "{roff.escaped(f"[[{name}]]" if name in REPEATED else f"[{name}]")}"'
    yield roff.escaped(TABLES[name])
    hints = get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        key = f"{name}.{field.name}"
        if key in REPEATED:
            continue
        shown = toml_value(EXAMPLES.get(key, field.default))
        yield from (".TP", f"\\fB{field.name}\\fR = {roff.escaped(shown)}")
        yield roff.escaped(" ".join(filter(None, (MEANINGS[key], limits_of(hints[field.name])))))
    for inner, inner_kind in REPEATED.items():
        if inner.rpartition(".")[0] == name:
            yield from _table(inner, inner_kind)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("packaging"))
