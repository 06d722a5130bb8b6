"""More than one program wants the till's data."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import StoreUnavailable
from tests.faults.disk_shim import ROOT, run_child
from tests.faults.prepared import prepare, sample
from tests.sample_till import sell


@contextmanager
def _locked_elsewhere(root: Path, seconds: float) -> Generator[None]:
    """Let another process hold the write lock, at most until the end; enter once it has it."""
    command = [sys.executable, "-m", "tests.faults.deeds", "hold-lock", str(root), str(seconds)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        try:
            yield
        finally:
            process.kill()


def test_F07_lock_of_a_second_is_waited_for(tmp_path: Path) -> None:
    member = prepare(tmp_path)
    with sample(tmp_path, seed=2).open() as till, _locked_elsewhere(tmp_path, 1.0):
        done = sell(till, member, 1000)

    assert not done.already


def test_F07_lock_that_stays_is_told_after_two_seconds(tmp_path: Path) -> None:
    member = prepare(tmp_path)
    with sample(tmp_path, seed=2).open() as till:
        with _locked_elsewhere(tmp_path, 30.0):
            started = time.monotonic()
            with pytest.raises(StoreUnavailable) as caught:
                sell(till, member, 1000)
            waited = time.monotonic() - started
        after = sell(till, member, 1000)

    assert caught.value.code is Code.DATA_BUSY
    assert not caught.value.saved
    assert 1.5 < waited < 10
    assert not after.already


@pytest.mark.skipif(sys.platform != "linux", reason="the processes are forked")
@pytest.mark.parametrize("is_new", [True, False], ids=["new folder", "old folder"])
def test_S16_F12_of_twenty_at_once_one_wins(tmp_path: Path, is_new: bool) -> None:  # noqa: FBT001 - pytest hands it over
    if not is_new:
        prepare(tmp_path)

    said = run_child("open-at-once", tmp_path, 20)

    assert Counter(said) == {"open": 1, Code.TILL_OPEN.value: 19}
    assert sample(tmp_path).finding() is None


def test_F12_the_lock_goes_with_its_holder(tmp_path: Path) -> None:
    prepare(tmp_path)
    with sample(tmp_path, seed=2).open(), pytest.raises(StoreUnavailable) as caught:
        sample(tmp_path, seed=3).open()

    with sample(tmp_path, seed=4).open() as till:
        sell(till, None, 100)

    assert caught.value.code is Code.TILL_OPEN
