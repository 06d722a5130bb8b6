"""A mistyped database is said to be no file, by every command, and none is made."""

from pathlib import Path

import pytest

from pos_loyalty.cli import main
from tests.unit.cli.test_replay_tried import DRAFT

COMMANDS = (
    ("server", "verify"),
    ("server", "tills"),
    ("server", "inbox"),
    ("server", "till-code", "--shop", "Harbor"),
    ("server", "snapshot"),
    ("server", "allowance"),
    ("server", "merge", "a", "b"),
    ("server", "--listen", "127.0.0.1:0"),
    ("program", "list"),
    ("program", "replay", "mine.toml", "--since", "2026-01-01"),
    ("program", "publish", "mine.toml", "--from", "now"),
    ("why", "0151 23456789"),
)


@pytest.mark.parametrize("typed", ["sqlite:///typo.db", "typo.db"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_mistyped_database_is_no_file_and_stays_none(
    words: tuple[str, ...],
    typed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(DRAFT, encoding="utf-8")

    code = main([*words, "--database", typed])

    assert code == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "There is no file typo.db. Check the name; `server init` makes new books. (E-BOOKS-ABSENT)"
    )
    assert not (tmp_path / "typo.db").exists()
