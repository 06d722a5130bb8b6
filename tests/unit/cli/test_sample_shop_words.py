"""The sample shop of `run` can be looked into like any other, and the demo says how."""

import shlex
from pathlib import Path

import pytest

from pos_loyalty.cli import main
from pos_loyalty.cli.demo import say_where
from pos_loyalty.demo.folder import DemoFolder, SampleCard, new_state
from pos_loyalty.server.setup import open_database
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.till import open_till
from tests.sample_till import enroll, sell
from tests.unit.cli.test_replay_tried import DRAFT


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DemoFolder:
    """Return a sample shop with one sale, whose key lies in its own folder."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("POS_LOYALTY_COMMAND", raising=False)
    folder = DemoFolder(tmp_path / "the demo")
    folder.root.mkdir()
    with open_till(folder.till, keys=FileKeys(folder.keys)) as till:
        sell(till, enroll(till, "Ann Example", phone="0151 23456789"), 2000)
    card = SampleCard(payload="p", number="1")
    folder.write(new_state(port=1, cards=(card,), shown=(card,)))
    return folder


def test_the_sample_shops_till_is_read_by_the_key_in_its_own_folder(
    shop: DemoFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = tmp_path / "mine.toml"
    draft.write_text(DRAFT, encoding="utf-8")
    at = ("--data", str(shop.till))

    assert main(["program", "replay", str(draft), "--since", "2020-01-01", *at]) == 0
    assert main(["why", "0151 23456789", *at]) == 0
    assert main(["verify", *at]) == 0
    assert "KEY" not in capsys.readouterr().err


def test_another_till_beside_a_folder_of_keys_keeps_to_its_own_key(
    shop: DemoFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop.root / "demo.json").unlink()

    assert main(["why", "0151 23456789", "--data", str(shop.till)]) == 1
    assert "E-KEY-LOST" in capsys.readouterr().err


def test_the_demo_ends_with_where_its_books_are_and_commands_that_work(
    shop: DemoFolder, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mine = tmp_path / "mine.toml"
    shop.server.mkdir()
    open_database(f"sqlite:///{shop.books}", may_create=True).close()

    say_where(shop)

    told = capsys.readouterr().err
    assert f"the server's books {shop.books}, the till {shop.till}" in told
    new, replay = (line.split() for line in told.splitlines() if line.startswith("  "))
    assert new[:3] == ["pos-loyalty", "program", "new"]
    command = shlex.split(" ".join(replay))
    assert command[-2:] == ["--database", str(shop.books)]
    assert main([*shlex.split(" ".join(new))[1:-1], str(mine)]) == 0
    capsys.readouterr()
    # The books here are nobody's yet: the command is understood, and finds that out.
    assert main(["program", "replay", str(mine), *command[4:]]) == 1
    assert "E-MERCHANT-ABSENT" in capsys.readouterr().err
