"""A disk that is full, read-only or failing: the cashier is told what is true."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.disk_shim import run_child

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs LD_PRELOAD")


def _failing(tmp_path: Path, library: Path, *words: str) -> list[dict[str, Any]]:
    """Run a deed again and again, each time with the next change of the disk failing."""
    defaults = ("EIO", "once", "sale", "commit")
    return run_child("fail", tmp_path, *words, *defaults[len(words) :], library=library)


@pytest.mark.parametrize("often", ["once", "forever"])
def test_S18_F04_full_disk_refuses_the_sale_and_keeps_reading(
    often: str, tmp_path: Path, library: Path
) -> None:
    rounds = _failing(tmp_path, library, "ENOSPC", often)

    assert len(rounds) > 8
    assert {one["code"] for one in rounds[:-1]} <= {"E-DISK-FULL", "E-DISK-TROUBLE", ""}
    assert sum(one["code"] == "E-DISK-FULL" for one in rounds) >= len(rounds) - 5
    # What was said is what is there; and with space again, selling goes on.
    assert all(one["present"] == (one["code"] == "") for one in rounds)
    assert all(one["reads"] and one["again"] == "" for one in rounds)
    assert [one["finding"] for one in rounds if one["finding"]] == []


@pytest.mark.parametrize(
    ("deed", "folding"),
    [("sale", "commit"), ("sale", "checkpoint"), ("undo", "commit"), ("enroll", "commit")],
)
def test_F06_error_at_the_commit_tells_what_is_there_even_after_a_crash(
    deed: str, folding: str, tmp_path: Path, library: Path
) -> None:
    rounds = _failing(tmp_path, library, "EIO", "once", deed, folding)

    assert sum(one["code"] == "E-DISK-TROUBLE" for one in rounds) > 6
    assert all(one["present"] == (one["code"] == "") for one in rounds)
    assert all(one["present_after_crash"] == one["present"] for one in rounds)
    assert [one["finding"] for one in rounds if one["finding"]] == []


def test_F06_disk_that_fails_for_good_never_claims_a_sale(tmp_path: Path, library: Path) -> None:
    rounds = _failing(tmp_path, library, "EIO", "forever")

    assert all(one["present"] == (one["code"] == "") for one in rounds)
    # Only the flush itself leaves a doubt, for nothing can be written over it any more:
    # the next start then shows the sale in Last sales.
    doubtful = [one for one in rounds if one["present_after_crash"] != one["present"]]
    assert doubtful in ([], [rounds[-2]])


def test_F05_read_only_disk_is_told_and_nothing_is_sold(tmp_path: Path, library: Path) -> None:
    answer = run_child("read-only", tmp_path, library=library)

    assert answer["opening"] == "E-DISK-READ-ONLY"
    assert answer["selling"] in {"E-DISK-READ-ONLY", "E-DISK-TROUBLE"}
    assert answer["reads"]
    assert answer["again"] == ""
    assert not answer["present"]


@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EROFS"])
def test_F55_full_or_pulled_stick_keeps_the_last_good_backup(
    error: str, tmp_path: Path, library: Path
) -> None:
    rounds = run_child("fail-backup", tmp_path, error, library=library)

    *failed, done = rounds
    assert len(failed) > 10
    assert {one["code"] for one in failed} <= {"E-FILE-WRITE", "E-DISK-TROUBLE"}
    assert all(one["events"] in {2, 3} for one in failed)
    assert all(one["older"] for one in failed[:-2])
    assert done["events"] == 3
    assert done["files"] == ["shop.backup"]
