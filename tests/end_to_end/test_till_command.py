"""`pos-loyalty till` as a process of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sync.shop import a_shop

SECONDS = 60
HEADLESS = "This till runs without a picture. Ctrl-C stops it.\n"


def till(*words: str, folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "pos_loyalty", "till", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"XDG_CONFIG_HOME": str(folder / "config"), "QT_LOGGING_RULES": "*=false"},
    )


def wait_for(path: Path) -> None:
    end = time.monotonic() + SECONDS
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} did not appear"
        time.sleep(0.05)


def test_the_window_opens_a_new_till_and_ends_well_when_asked_to(tmp_path: Path) -> None:
    data = tmp_path / "till"
    process = till("--data", str(data), "--headless", folder=tmp_path)
    wait_for(data / "logs" / "till.log")

    second = till("--data", str(data), "--headless", folder=tmp_path)
    _, said = second.communicate(timeout=SECONDS)
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=SECONDS)

    assert second.returncode == 1
    assert said.startswith("This till is already open.")
    assert said.endswith("(E-TILL-OPEN)\n")
    assert (process.returncode, output) == (0, "")
    assert errors.startswith(f"New till made in {data}\n")
    assert errors.endswith(HEADLESS)


def test_ctrl_c_closes_a_till_without_a_picture_at_once(tmp_path: Path) -> None:
    process = till("--data", str(tmp_path / "till"), "--headless", folder=tmp_path)
    assert process.stderr is not None
    while process.stderr.readline() != HEADLESS:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=SECONDS)

    assert (process.returncode, output, errors) == (130, "", "Stopped.\n")


def test_a_till_joins_a_server_with_the_owners_code(tmp_path: Path) -> None:
    with a_shop(tmp_path) as shop:
        code = shop.server.till_code()
        words = ("join", "--data", str(tmp_path / "till"), "--server", shop.server.url)
        process = till(*words, "--code", code, folder=tmp_path)
        output, errors = process.communicate(timeout=SECONDS)
        assert (process.returncode, errors) == (0, f"New till made in {tmp_path / 'till'}\n")
        assert output.startswith("Joined ")

        again = till(*words, "--code", code, folder=tmp_path)
        _, said = again.communicate(timeout=SECONDS)
        assert again.returncode == 1
        assert said.endswith("(E-JOIN-DONE)\n")


@pytest.mark.parametrize("words", [(), ("--data",), ("join", "--data", "x")])
def test_a_command_that_lacks_something_is_a_usage_error(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    process = till(*words, folder=tmp_path)
    _, said = process.communicate(timeout=SECONDS)

    assert process.returncode == 2
    assert "usage:" in said
