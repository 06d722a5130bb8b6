"""Ctrl-C ends the demo at once, also where Qt would lose it."""

import os
import signal
from pathlib import Path

import pytest

from pos_loyalty.demo.folder import DemoFailed, DemoFolder
from pos_loyalty.demo.stop import Stop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_end_is_raised_at_once(number: int) -> None:
    before = signal.getsignal(number)

    with pytest.raises(KeyboardInterrupt), Stop():
        os.kill(os.getpid(), number)

    assert signal.getsignal(number) is before


def test_in_the_window_it_is_noted_and_raised_on_leaving() -> None:
    seen: list[bool] = []

    def work(stop: Stop) -> None:
        with stop.in_window():
            os.kill(os.getpid(), signal.SIGINT)
            seen.append(stop.is_asked)

    with Stop() as stop, pytest.raises(KeyboardInterrupt):
        work(stop)

    assert seen == [True]


def test_a_second_request_does_not_break_off_the_closing() -> None:
    closed: list[bool] = []

    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            closed.append(True)

    with Stop(), pytest.raises(KeyboardInterrupt):
        work()

    assert closed == [True]


def test_a_second_demo_in_a_folder_is_refused_in_words(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path / "demo")

    with (
        folder.only_one(),
        pytest.raises(DemoFailed, match=r"^The demo is already open\.$"),
        folder.only_one(),
    ):
        pass
    with folder.only_one():
        folder.clear()


def test_a_folder_with_other_things_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")

    with pytest.raises(DemoFailed, match="holds other things"), DemoFolder(tmp_path).only_one():
        pass

    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
