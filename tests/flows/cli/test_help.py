"""What the help pages teach: examples that are valid, and no word lost to markup."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
import typer
from click import Command, Group

from flows.cli import app

EXAMPLE = re.compile(r"\[bold\](tinghe [^\[]+)\[/\]")
MARKUP = re.compile(r"(?<!\\)\[(?!bold\]|/bold\]|/\])[a-z#/][^\]]*\]")


def commands(command: Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Command]]:
    if not isinstance(command, Group) and not hasattr(command, "commands"):
        yield path, command
        return
    for name, inner in command.commands.items():
        yield from commands(inner, (*path, name))


ALL = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_examples_are_valid_and_no_word_is_markup(path: tuple[str, ...]) -> None:
    command = ALL[path]
    for text in (command.help or "", *(getattr(one, "help", None) or "" for one in command.params)):
        assert not MARKUP.search(text), text
    for example in EXAMPLE.findall(command.help or ""):
        words = shlex.split(example)[1:]
        options = {name for one in command.params for name in one.opts}
        if tuple(words[: len(path)]) != path:
            continue  # an example of another command
        assert {word for word in words if word.startswith("-")} <= options, example


def test_paragraphs_have_no_ends_of_lines_of_the_source() -> None:
    for path, command in ALL.items():
        assert all("\n" not in part for part in (command.help or "").split("\n\n")), path


def test_the_commands_that_people_start_with_show_how() -> None:
    for name in ("run", "text", "resume", "status", "rejudge", "explain", "report", "coaching", "export"):
        assert EXAMPLE.search(ALL[name,].help or ""), name
