"""Flushes are counted from outside, by whatever counter the machine has."""

import shutil
from pathlib import Path

import pytest

from pos_loyalty.bench.figure import Missing
from pos_loyalty.bench.flush_counter import Flushes, count_flushes
from pos_loyalty.bench.sample_members import SampleMembers
from pos_loyalty.bench.sample_shop import SampleFolder, sample_folder
from tests.unit.bench.test_sample_members import silent

MEMBERS = 50


def counted(sample: SampleFolder, *, sales: int) -> int:
    count = count_flushes(sample.copy(f"{sales}-sales"), members=MEMBERS, sales=sales)
    assert isinstance(count, Flushes)
    assert count.peak_mb > 0
    return count.flushes


@pytest.mark.parametrize("tool", ["strace", "cc"])
def test_a_sale_more_is_a_flush_more(tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shutil.which(tool)
    monkeypatch.setattr(shutil, "which", {tool: path}.get)
    with sample_folder(SampleMembers(MEMBERS), silent) as sample:
        if path is None:
            # The other counter is then the only one here, and is tried by the other case.
            assert isinstance(count_flushes(sample, members=MEMBERS, sales=1), Missing)
            return

        assert counted(sample, sales=7) - counted(sample, sales=2) == 5


def test_a_machine_without_counters_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", dict[str, str]().get)

    nothing = count_flushes(SampleFolder(Path("till"), Path("keys")), members=1, sales=1)

    assert isinstance(nothing, Missing)
    assert "strace" in nothing.why
