"""The commands of `mkv2castd` and their exit codes: 0 done, 1 the work failed, 2 usage or configuration error,
4 no such device or folder, 5 not allowed, 130 interrupted. Results go to stdout, messages to stderr; a traceback is
never shown."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from mkv2castd import __version__, log
from mkv2castd.config import Config, DbusConfig, HttpConfig, default_files
from mkv2castd.config_files import RUNTIME_FILE
from mkv2castd.config_loading import load
from mkv2castd.errors import SURFACES, Mkv2castdError
from mkv2castd.model import Container
from mkv2castd.notify import supervision
from mkv2castd.store import StoreError
from mkv2castd.thrift import one_arena, without_authorities
from mkv2castd.wishes import check_profile

_COMMANDS = ("run", "check", "analyze", "convert", "devices", "config", "folder-access")
_INTERRUPTED = 130


def command(argv: Sequence[str]) -> int:
    """Runs one command line; the exit code."""
    arguments = list(argv)
    if not arguments or (arguments[0] not in _COMMANDS and arguments[0] not in ("-h", "--help", "--version")):
        arguments.insert(0, "run")
    try:
        code = _perform(arguments)
        sys.stdout.flush()
        return code
    except Mkv2castdError as error:
        _complain(error.message, error.details)
        return SURFACES[error.code].exit
    except StoreError as error:
        _complain(str(error))
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # who reads our output has had enough; nothing of it may reach a closed pipe at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _perform(arguments: Sequence[str]) -> int:
    try:
        options = parser().parse_args(arguments)
    except SystemExit as ended:  # the help was asked for, or the words are off: argparse has said which
        return ended.code if isinstance(ended.code, int) else 2
    code: int = options.perform(options)
    return code


def _complain(message: str, details: str | None = None) -> None:
    sys.stderr.write(f"mkv2castd: {message}\n")
    if details:
        sys.stderr.write(f"{details.rstrip()}\n")


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mkv2castd", description="Makes your films play on Cast devices.")
    parser.add_argument("--version", action="version", version=f"mkv2castd {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = _add(commands, "run", "the daemon in the foreground (also without a command)", _run)
    _config_option(run)
    run.add_argument("--state-dir", type=Path, metavar="DIR", help="jobs, logs and run-time settings are kept here")
    run.add_argument("--listen", metavar="HOST:PORT", help="serve here instead of [http] listen")
    run.add_argument("--bus", choices=["auto", "system", "session", "none"], help="instead of [dbus] bus")
    run.add_argument("--log-level", choices=["debug", "info", "warning", "error"], default="info")
    run.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="watch this folder too")

    check = _add(commands, "check", "validate the configuration and the environment", _check)
    _config_option(check)
    check.add_argument("--state-dir", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    check.add_argument("--config-only", action="store_true", help="read the configuration, and look at nothing else")

    analyze = _add(commands, "analyze", "what would be done to each film, and why", _analyze)
    _film_options(analyze)

    convert = _add(commands, "convert", "convert films now, without a daemon", _convert)
    _film_options(convert)
    convert.add_argument("--output", type=Path, metavar="DIR", help="put the results there, not beside the films")
    convert.add_argument(
        "--device", metavar="ID", help="encode on this device: cpu, or an id that `mkv2castd devices` shows"
    )

    devices = _add(commands, "devices", "the GPUs found, and what each can encode", _devices)
    _config_option(devices)
    devices.add_argument("--json", action="store_true", help="JSON for programs, one list")

    _add(commands, "config", "print the default configuration, every key explained", _config)

    access = _add(commands, "folder-access", "let the service write to media folders (as root)", _folder_access)
    access.add_argument("--remove", action="store_true", help="take the leave away again")
    access.add_argument("--no-restart", action="store_true", help="take effect with the service's next start only")
    access.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    return parser


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    purpose: str,
    perform: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=purpose, description=purpose[:1].upper() + purpose[1:] + ".")
    parser.set_defaults(perform=perform)
    return parser


def _config_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="read this file instead of the usual ones")


def _film_options(parser: argparse.ArgumentParser) -> None:
    _config_option(parser)
    parser.add_argument(
        *("--profile", "-p"),
        action="append",
        metavar="P",
        help="a device it has to play on; may be given several times (default: chromecast)",
    )
    parser.add_argument("--container", choices=[kind.value for kind in Container])
    parser.add_argument("--json", action="store_true", help="JSON for programs, one message a line")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")


def default_state_dir() -> Path:
    """systemd's STATE_DIRECTORY, else $XDG_STATE_HOME/mkv2castd, which is ~/.local/state/mkv2castd by default."""
    if given := os.environ.get("STATE_DIRECTORY"):
        return Path(given.split(":")[0])
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "mkv2castd"


def _proofs() -> Path:
    """Where commands keep what devices have proved: $XDG_CACHE_HOME/mkv2castd, by default ~/.cache/mkv2castd."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "mkv2castd" / "proofs.json"


def _state_dir(options: argparse.Namespace) -> Path:
    given: Path | None = options.state_dir
    return Path(os.path.abspath(given if given is not None else default_state_dir()))


def _files(options: argparse.Namespace) -> list[Path]:
    return [options.config] if options.config is not None else default_files()


def _run(options: argparse.Namespace) -> int:
    one_arena()
    with without_authorities():
        from mkv2castd import daemon
        from mkv2castd.api.inherited import inherited
        from mkv2castd.config_keeping import Sources

    log.configure(options.log_level)
    supervised, sockets = supervision(os.environ, os.getpid()), inherited(os.environ, os.getpid())
    state_dir = _state_dir(options)

    def read() -> Config:
        runtime = state_dir / RUNTIME_FILE
        files = [*_files(options), *([runtime] if runtime.exists() else [])]
        config = load(files, options.folders)
        if options.listen is not None:
            config = msgspec.structs.replace(config, http=HttpConfig(listen=(options.listen,)))
        if options.bus is not None:
            config = msgspec.structs.replace(config, dbus=DbusConfig(bus=options.bus))
        return config

    def ready(addresses: Sequence[str], config: Config) -> None:
        from mkv2castd.welcome import welcome

        sys.stderr.write(welcome(addresses, config, state_dir))
        sys.stderr.flush()

    sources = Sources(read, lambda: _files(options))
    asyncio.run(daemon.run(daemon.Options(sources, state_dir, ready, supervised, sockets)))
    return 0


def _check(options: argparse.Namespace) -> int:
    from mkv2castd.check import findings
    from mkv2castd.folder_access import STATE, is_installed, opened
    from mkv2castd.report import print_findings

    # root asks for the service, if there is one and nothing else is named
    for_service = os.geteuid() == 0 and options.config is None and options.state_dir is None and is_installed()
    state_dir = STATE if for_service else _state_dir(options)
    runtime = state_dir / RUNTIME_FILE
    config = load([*_files(options), *([runtime] if runtime.exists() else [])])
    if options.config_only:
        return 0
    found = asyncio.run(findings(config, state_dir, opened() if for_service else None))
    print_findings(found)
    return 1 if any(finding.level == "problem" for finding in found) else 0


def _analyze(options: argparse.Namespace) -> int:
    from mkv2castd.report import analyze_all

    wishes, config = _wishes(options), _film_config(options)
    return asyncio.run(analyze_all(config, wishes, options.files, proofs=_proofs(), as_json=options.json))


def _convert(options: argparse.Namespace) -> int:
    from mkv2castd.convert import Order, convert_all

    logging.getLogger().addHandler(logging.NullHandler())  # the bars, or the messages, say all that there is to say
    order = Order(tuple(options.files), _wishes(options), options.output, options.device)
    return asyncio.run(convert_all(_film_config(options), order, proofs=_proofs(), as_json=options.json))


def _devices(options: argparse.Namespace) -> int:
    from mkv2castd.device_report import show_devices
    from mkv2castd.encoder.devices import look

    config = load(_files(options)).devices
    asyncio.run(show_devices(config, lambda: look(config), as_json=options.json))
    return 0


def _film_config(options: argparse.Namespace) -> Config:
    """Raises RequestError where a profile is asked for that neither the program nor the configuration knows."""
    config = load(_files(options))
    check_profile(_wishes(options)[0], config)
    return config


def _wishes(options: argparse.Namespace) -> tuple[tuple[str, ...] | None, Container | None]:
    profile = tuple(dict.fromkeys(options.profile)) if options.profile else None
    container = Container(options.container) if options.container is not None else None
    return profile, container


def _config(options: argparse.Namespace) -> int:
    from mkv2castd.default_config import text

    sys.stdout.write(text())
    return 0


def _folder_access(options: argparse.Namespace) -> int:
    from mkv2castd.folder_access import Wish, change

    for line in change(Wish(tuple(options.folders), options.remove, not options.no_restart)):
        sys.stdout.write(f"{line}\n")
    return 0
