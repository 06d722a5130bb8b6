import logging
import threading
import time

import pytest
from pytestqt.qtbot import QtBot

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import StoreUnavailable
from pos_loyalty.ui.task_runner import TaskRunner


class Answers:
    """Notes what came back, and on which thread."""

    def __init__(self) -> None:
        self.values: list[object] = []
        self.threads: set[int] = set()

    def take(self, value: object) -> None:
        self.values.append(value)
        self.threads.add(threading.get_ident())


def test_work_happens_elsewhere_and_its_result_comes_back_here(qtbot: QtBot) -> None:
    runner, answers = TaskRunner(), Answers()

    runner.run(threading.get_ident, on_success=answers.take, on_failure=answers.take)
    qtbot.waitUntil(lambda: len(answers.values) == 1)

    assert answers.values != [threading.get_ident()]
    assert answers.threads == {threading.get_ident()}
    runner.close()


def test_one_lane_keeps_the_order_and_another_does_not_wait(qtbot: QtBot) -> None:
    runner, answers = TaskRunner(), Answers()
    gate = threading.Event()

    runner.run(gate.wait, on_success=lambda _: answers.take("slow"), on_failure=answers.take)
    runner.run(lambda: "after", on_success=answers.take, on_failure=answers.take)
    runner.run(lambda: "find", on_success=answers.take, on_failure=answers.take, lane="find")
    qtbot.waitUntil(lambda: answers.values == ["find"])
    gate.set()
    qtbot.waitUntil(lambda: answers.values == ["find", "slow", "after"])
    runner.close()


def test_a_refusal_comes_back_as_it_is(qtbot: QtBot) -> None:
    runner, answers = TaskRunner(), Answers()
    refusal = StoreUnavailable(Code.DISK_FULL)

    def refuse() -> None:
        raise refusal

    runner.run(refuse, on_success=answers.take, on_failure=answers.take)
    qtbot.waitUntil(lambda: answers.values == [refusal])
    runner.close()


@pytest.mark.expects_log_records
def test_a_fault_comes_back_and_is_logged(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    runner, answers = TaskRunner(), Answers()

    with caplog.at_level(logging.ERROR):
        runner.run(lambda: 1 // 0, on_success=answers.take, on_failure=answers.take)
        qtbot.waitUntil(lambda: len(answers.values) == 1)

    assert isinstance(answers.values[0], ZeroDivisionError)
    assert "work failed" in caplog.text
    runner.close()


def test_closing_finishes_what_has_begun_and_calls_nobody_back(qtbot: QtBot) -> None:
    runner, answers = TaskRunner(), Answers()
    done: list[str] = []

    def save() -> None:
        time.sleep(0.05)
        done.append("saved")

    runner.run(save, on_success=answers.take, on_failure=answers.take)
    time.sleep(0.01)
    runner.close()
    runner.run(save, on_success=answers.take, on_failure=answers.take)
    qtbot.wait(30)

    assert done == ["saved"]
    assert answers.values == []
