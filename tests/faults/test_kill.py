"""The program dies in the middle: everything of a deed is there, or nothing of it."""

import sys
from pathlib import Path

import pytest

from tests.faults.disk_shim import run_child

DEEDS = ["sale", "undo", "enroll", "refund", "move", "adjust", "grant"]
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="fork and LD_PRELOAD")
pytestmark = linux_only


@pytest.mark.parametrize("deed", DEEDS)
def test_S17_F01_killed_at_each_statement_a_deed_is_whole_or_absent(
    deed: str, tmp_path: Path
) -> None:
    rounds = run_child("kill", tmp_path, deed, "statement")

    assert len(rounds) > 8
    assert [one for one in rounds if not (one["all"] or one["nothing"])] == []
    assert [one for one in rounds if one["finding"]] == []
    assert rounds[-1]["said_done"]
    assert rounds[-1]["all"]


@pytest.mark.parametrize("deed", DEEDS)
def test_F01_killed_at_each_change_of_the_disk_a_deed_is_whole_or_absent(
    deed: str, tmp_path: Path, library: Path
) -> None:
    rounds = run_child("kill", tmp_path, deed, "disk", library=library)

    assert len(rounds) > 8
    assert [one for one in rounds if not (one["all"] or one["nothing"])] == []
    assert [one for one in rounds if one["finding"]] == []
    # Killed in the flush itself, all of it was written, though nobody was told so.
    assert [one["all"] for one in rounds][-2:] == [True, True]


def test_F01_killed_backup_leaves_the_older_backup_or_the_new_one(
    tmp_path: Path, library: Path
) -> None:
    rounds = run_child("kill-files", tmp_path, "backup", library=library)

    assert len(rounds) > 20
    assert all(one["good"] for one in rounds)


def test_F01_killed_restore_can_be_done_again_or_is_done(tmp_path: Path, library: Path) -> None:
    rounds = run_child("kill-files", tmp_path, "restore", library=library)

    assert len(rounds) > 10
    assert all(one["good"] for one in rounds)
    assert rounds[0]["again"] == ""


def test_F33_killed_migration_leaves_a_file_that_the_new_program_opens(
    tmp_path: Path, library: Path
) -> None:
    rounds = run_child("kill-files", tmp_path, "migrate", library=library)

    assert len(rounds) > 20
    assert all(one["good"] for one in rounds)
