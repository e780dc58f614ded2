"""A command line's parser as a manual page, and text as roff."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence

Sections = Sequence[tuple[str, Sequence[str]]]


def page(parser: argparse.ArgumentParser, version: str, sections: Sections) -> str:
    """The page of section 1 of a command with subcommands. sections: further ones, each a heading and paragraphs."""
    purpose = (parser.description or "").rstrip(".")
    lines = [
        title(parser.prog, 1, version),
        ".SH NAME",
        f"{escaped(parser.prog)} \\- {escaped(purpose[:1].lower() + purpose[1:])}",
        ".SH SYNOPSIS",
        f".B {escaped(parser.prog)}",
        " ".join(f"[{_option(action)}]" for action in _options(parser)) + " \\fICOMMAND\\fR ...",
    ]
    if _options(parser):
        lines += [".SH OPTIONS", *_explained(_options(parser))]
    lines.append(".SH COMMANDS")
    for name, summary, command in _commands(parser):
        lines += _command(name, summary, command)
    lines += told(sections)
    return "\n".join(lines) + "\n"


def title(name: str, section: int, version: str) -> str:
    return f'.TH "{escaped(name.upper())}" {section} "" "mkv2castd {escaped(version)}" "mkv2castd"'


def told(sections: Sections) -> Iterator[str]:
    """Each paragraph is a text, or a term and what it means, between which a tab stands."""
    for heading, paragraphs in sections:
        yield f".SH {escaped(heading)}"
        for paragraph in paragraphs:
            term, tab, meaning = paragraph.partition("\t")
            yield from (".TP", f".B {escaped(term)}", escaped(meaning)) if tab else (".PP", escaped(paragraph))


def escaped(text: str) -> str:
    """Nothing in it is read as a request of roff, a dash can be copied as one, and all of it is ASCII."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    lines = "".join(one if one.isascii() else f"\\[u{ord(one):04X}]" for one in text).split("\n")
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in lines)


def _command(name: str, summary: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    usage = [f"[{_option(action)}]" if not action.required else _option(action) for action in _options(parser)]
    usage += [_operand(action) for action in _operands(parser)]
    yield f'.SS "{escaped(" ".join((name, *_plain(usage))))}"'
    yield escaped(summary[:1].upper() + summary[1:] + ".")
    yield from _explained([*_operands(parser), *_options(parser)])
    for inner, text, command in _commands(parser):
        yield from _command(f"{name} {inner}", text, command)


def _plain(usage: Iterable[str]) -> Iterator[str]:
    return (word.replace("\\fI", "").replace("\\fB", "").replace("\\fR", "").replace("\\-", "-") for word in usage)


def _explained(actions: Iterable[argparse.Action]) -> Iterator[str]:
    for action in actions:
        if not action.help and not action.choices:
            continue
        yield ".TP"
        yield _option(action, every=True) if action.option_strings else _operand(action)
        chosen = f"one of {', '.join(map(str, action.choices))}" if action.choices else ""
        text = "; ".join(filter(None, (action.help, chosen))) % {"prog": "", "default": action.default}
        yield escaped(text[:1].upper() + text[1:] + ".")


def _option(action: argparse.Action, *, every: bool = False) -> str:
    names = action.option_strings if every else action.option_strings[:1]
    text = ", ".join(f"\\fB{escaped(name)}\\fR" for name in names)
    return text if action.nargs == 0 else f"{text} \\fI{escaped(_metavar(action))}\\fR"


def _operand(action: argparse.Action) -> str:
    name = f"\\fI{escaped(_metavar(action))}\\fR"
    return {"*": f"[{name} ...]", "+": f"{name} ...", "?": f"[{name}]"}.get(str(action.nargs), name)


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices:
        return "|".join(map(str, action.choices))
    return action.dest.upper()


def _shown(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    hidden = (argparse._SubParsersAction, argparse._HelpAction)
    return (one for one in parser._actions if not isinstance(one, hidden) and one.help != argparse.SUPPRESS)


def _options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in _shown(parser) if action.option_strings]


def _operands(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in _shown(parser) if not action.option_strings]


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """Name, summary and parser of each."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            summaries = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, command in action.choices.items():
                yield name, summaries.get(name, ""), command
