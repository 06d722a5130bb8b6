"""The command: counts on the last line, exit code, and a replay for each bad seed."""

import json

import pytest

from pos_loyalty.cli import main
from pos_loyalty.cli.simulate import steps_of, text_of_steps


def last_line(capsys: pytest.CaptureFixture[str]) -> tuple[list[str], dict[str, object]]:
    lines = capsys.readouterr().out.splitlines()
    return lines[:-1], json.loads(lines[-1])


def test_clean_seeds_end_well(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["simulate", "--seeds", "6", "--start", "50"])

    lines, counts = last_line(capsys)
    assert (code, lines) == (0, [])
    assert (counts["seeds"], counts["violations"], counts["first_bad"]) == (6, 0, [])


def test_a_bad_seed_is_named_with_the_command_that_replays_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["simulate", "--seeds", "1", "--plant", "welcome_granted", "--shrink", "--json"])

    lines, counts = last_line(capsys)
    finding = json.loads(lines[0])
    assert (code, counts["violations"], finding["seed"]) == (1, 1, 0)
    words = finding["replay"].removeprefix("pos-loyalty ").split()
    assert main([*words, "--json"]) == 1
    again = json.loads(last_line(capsys)[0][-1])
    assert again["violation"].split()[0] == finding["violation"].split()[0]


def test_the_trace_is_printed_step_by_step(capsys: pytest.CaptureFixture[str]) -> None:
    main(["simulate", "--seeds", "1", "--start", "1", "--profile", "risk", "--trace"])

    lines, _ = last_line(capsys)
    assert any(line.startswith("sell till-") for line in lines)


@pytest.mark.parametrize("text", ["3", "3,7-12", "0-1,3-4,9"])
def test_steps_are_written_as_they_are_read(text: str) -> None:
    assert text_of_steps(steps_of(text)) == text
