"""The command line finds its sub-command, and says what went wrong in one sentence."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pos_loyalty import __version__, cli
from pos_loyalty.domain.error_catalog import CATALOG, Code
from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.services.command_name import NAME_VARIABLE, command_line


class _FakeCommand:
    """Stands for the module of a sub-command."""

    def __init__(self, run: Callable[[argparse.Namespace], int]) -> None:
        self.run = run

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--data")
        parser.add_argument("file", nargs="*")


@pytest.fixture
def command_that(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that gives every sub-command this behavior."""

    def install(run: Callable[[argparse.Namespace], int]) -> None:
        def load(command: object) -> _FakeCommand:
            del command
            return _FakeCommand(run)

        monkeypatch.setattr(cli._Command, "load", load)

    return install


def test_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])

    assert stop.value.code == 0
    assert capsys.readouterr().out == f"pos-loyalty {__version__}\n"


@pytest.mark.parametrize("words", [[], ["sell"], ["--loud"]])
def test_wrong_words_are_a_usage_error(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(words)

    assert stop.value.code == cli.EXIT_USAGE
    assert "usage: pos-loyalty" in capsys.readouterr().err


def test_the_sub_command_gets_its_arguments_and_gives_the_exit_code(
    command_that: Callable[..., None],
) -> None:
    seen: list[argparse.Namespace] = []

    def run(arguments: argparse.Namespace) -> int:
        seen.append(arguments)
        return 7

    command_that(run)

    assert cli.main(["scan", "--data", "shop", "a.png", "b.png"]) == 7
    assert seen[0].data == "shop"
    assert seen[0].file == ["a.png", "b.png"]


def test_an_error_of_the_tree_is_one_sentence_with_its_code(
    command_that: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    def run(arguments: argparse.Namespace) -> int:
        del arguments
        raise LoyaltyError(Code.DISK_FULL)

    command_that(run)

    assert cli.main(["verify"]) == cli.EXIT_FAILED
    assert capsys.readouterr().err == f"{CATALOG[Code.DISK_FULL].sentence({})} (E-DISK-FULL)\n"


def test_usage_names_the_program_as_it_was_called(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(NAME_VARIABLE, "./pos")

    with pytest.raises(SystemExit):
        cli.main(["run", "--help"])

    assert capsys.readouterr().out.startswith("usage: ./pos run ")


def test_printed_commands_can_be_typed_as_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    assert command_line("till", "--data", Path("my shop")) == "pos-loyalty till --data 'my shop'"

    monkeypatch.setenv(NAME_VARIABLE, "./pos")

    assert command_line("verify", "--data", "FOLDER") == "./pos verify --data FOLDER"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there always is a display")
@pytest.mark.parametrize("words", [["till", "--data", "shop"], ["run"]])
def test_a_window_without_a_display_is_refused_in_words(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)

    assert cli.main(words) == 3

    said = capsys.readouterr()
    assert said.out == ""
    assert "pos-loyalty run --headless" in said.err
    assert not list(tmp_path.iterdir())


def test_ctrl_c_ends_quietly(command_that: Callable[..., None]) -> None:
    def run(arguments: argparse.Namespace) -> int:
        del arguments
        raise KeyboardInterrupt

    command_that(run)

    assert cli.main(["server"]) == cli.EXIT_INTERRUPTED


def test_a_reader_that_went_away_is_no_traceback() -> None:
    code = """
import argparse, os, sys
from pos_loyalty import cli
class Command:
    def add_arguments(self, parser): pass
    def run(self, arguments):
        for _ in range(100_000): print("line")
        return 0
cli._Command.load = lambda self: Command()
sys.exit(cli.main(["scan"]))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None

    process.stdout.readline()
    process.stdout.close()
    complaint = process.stderr.read()
    process.stderr.close()

    assert process.wait(timeout=30) == cli.EXIT_FAILED
    assert complaint == ""


def test_only_the_module_of_the_chosen_command_is_imported() -> None:
    code = (
        "import sys; from pos_loyalty import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith('pos_loyalty.cli.')])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert result.stdout.splitlines()[-1] == "[]"


def test_every_command_of_the_table_has_its_module() -> None:
    for command in cli.COMMANDS:
        module = command.load()

        assert callable(module.run), command.name
        assert callable(module.add_arguments), command.name


@pytest.mark.parametrize("redirection", ["<&-", ">&-", "<&- >&- 2>&-"])
def test_a_process_without_input_or_output_ends_well_and_prints_no_traceback(
    redirection: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "pos_loyalty", "counter", "--data", str(tmp_path / "till")]
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config")}
    subprocess.run(command, input=b"", env=environment, capture_output=True, check=True, timeout=60)
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *command],
        input=b'{"do":"status"}\n',
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")
