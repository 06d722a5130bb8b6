"""`program`: from a template to rules of one's own: write, check, try, publish."""

import argparse
import importlib
from typing import NamedTuple, Protocol, cast


class _SubCommandModule(Protocol):
    """What the module of a sub-command offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare what it takes."""
        ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it and return the exit code."""
        ...


class _SubCommand(NamedTuple):
    """One row of the table: the word to type, what it does, and where."""

    name: str
    summary: str
    module: str

    def load(self) -> _SubCommandModule:
        """Import its module."""
        return cast("_SubCommandModule", importlib.import_module(f"pos_loyalty.cli.{self.module}"))


SUB_COMMANDS = (
    _SubCommand("templates", "the programs to start from, one for each trade", "program_templates"),
    _SubCommand("new", "write a template to a file of your own", "program_new"),
    _SubCommand("check", "find everything that is wrong with a program", "program_file_check"),
    _SubCommand("schema", "print the JSON Schema of programs, for editors", "program_schema"),
    _SubCommand("replay", "try a program on the shop's own past sales", "program_replay"),
    _SubCommand("publish", "let a program hold from a moment on", "program_publish"),
    _SubCommand("list", "all published versions, and which one holds", "program_list"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands; each module declares its own arguments."""
    commands = parser.add_subparsers(dest="program_command", required=True, metavar="COMMAND")
    for command in SUB_COMMANDS:
        module = command.load()
        sub_parser = commands.add_parser(
            command.name, help=command.summary, description=command.summary
        )
        module.add_arguments(sub_parser)
        sub_parser.set_defaults(program_run=module.run)


def run(arguments: argparse.Namespace) -> int:
    """Run the chosen one."""
    return int(arguments.program_run(arguments))
