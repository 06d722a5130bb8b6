"""The command `pos-loyalty`: finds the sub-command, and says errors in one sentence.

Every sub-command is a module of this package with `add_arguments(parser)` and
`run(arguments)`. Only the module that is asked for is imported, so that `scan`
does not pay for Qt, and a broken camera library does not stop the server.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple, Protocol, cast

from pos_loyalty import __doc__ as package_documentation
from pos_loyalty import __version__
from pos_loyalty.services.command_name import command_name

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
_STANDARD_ERROR = 2


class _CommandModule(Protocol):
    """What a module of a sub-command offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare what the sub-command takes."""
        ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it and return the exit code: 0 only on success."""
        ...


class _Command(NamedTuple):
    """One row of the table: the word to type and what it does."""

    name: str
    summary: str
    module: str = ""
    """Where it is not the command's name."""

    def load(self) -> _CommandModule:
        """Import the module of this command, and nothing of the others."""
        name = self.module or self.name.replace("-", "_")
        module = importlib.import_module(f"pos_loyalty.cli.{name}")
        return cast("_CommandModule", module)


COMMANDS = (
    _Command(
        "run", "try everything on this machine: a server, a shop with members, the window", "demo"
    ),
    _Command("demo", "another word for run"),
    _Command("till", "the cashier's window on a data folder; `till join` joins it to a server"),
    _Command("counter", "the till without a window: one JSON command a line"),
    _Command("scan", "decode pictures as the camera would"),
    _Command("cards", "issue card numbers and print card sheets"),
    _Command("vouchers", "make vouchers that are used once, and print them"),
    _Command("program", "your own rules: start from a template, check, try, publish"),
    _Command("server", "the central server and its set-up"),
    _Command("hub", "serve the tills of one shop while the internet is away"),
    _Command("sync", "carry a till's sales by hand, for shops that are never online"),
    _Command("why", "explain a sale, or every point of a member: rule, version, line and cap"),
    _Command("verify", "re-compute chain and balances of a data folder"),
    _Command("backup", "write a verified backup of a data folder"),
    _Command("restore", "bring a backup back"),
    _Command("doctor", "what this machine lacks, in plain words"),
    _Command("simulate", "tills and a server under seeded faults, to find lost or doubled points"),
    _Command("bench", "measure, as ratios against the limits of the same run"),
)


def _build_parser(*, chosen: str | None) -> argparse.ArgumentParser:
    """Return the parser of the chosen command, or of all commands where none is chosen.

    None of all declares its arguments: they are there to be listed.
    """
    parser = argparse.ArgumentParser(prog=command_name(), description=package_documentation)
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in [each for each in COMMANDS if chosen in {None, each.name}]:
        sub_parser = commands.add_parser(
            command.name, help=command.summary, description=command.summary
        )
        if command.name == chosen:
            module = command.load()
            module.add_arguments(sub_parser)
            sub_parser.set_defaults(run=module.run)
    return parser


def _chosen_command(words: Sequence[str]) -> str | None:
    """Return the command that the first word is; the options before one only ask about all."""
    return next((each.name for each in COMMANDS if each.name in words[:1]), None)


def _silence_broken_pipe() -> None:
    """Keep the interpreter from complaining on exit that nobody reads any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_closed_streams() -> None:
    """Give a process that was started without input or output empty ones.

    Else a file of ours would take their place, and what is printed would go into it.
    """
    opened = os.open(os.devnull, os.O_RDWR)
    while opened <= _STANDARD_ERROR:
        opened = os.open(os.devnull, os.O_RDWR)
    os.close(opened)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, encoding="utf-8")
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(_STANDARD_ERROR, "w", encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Args:
        argv: the words after the program's name; None takes them from the process.
    """
    _open_closed_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    parser = _build_parser(chosen=_chosen_command(words))
    try:
        arguments = parser.parse_args(words)
        return int(arguments.run(arguments))
    except BrokenPipeError:
        _silence_broken_pipe()
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except Exception as error:
        # Imported once there is an error, as a window does not wait for it.
        from pos_loyalty.domain.errors import LoyaltyError

        if not isinstance(error, LoyaltyError):
            raise
        print(error, file=sys.stderr)
        return EXIT_FAILED
