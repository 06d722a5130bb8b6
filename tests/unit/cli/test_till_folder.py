"""Commands that open a till say when they made it, and name its shop."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pos_loyalty.cli import main
from pos_loyalty.till import open_till

Counter = Callable[..., tuple[int, str, str]]


@pytest.fixture
def counter(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Counter:
    """Return a function that asks `counter` for its status."""

    def run(*words: object) -> tuple[int, str, str]:
        lines = io.TextIOWrapper(io.BytesIO(b'{"do":"status"}\n'))
        monkeypatch.setattr("sys.stdin", lines)
        code = main(["counter", *(str(word) for word in words)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_a_till_that_was_made_is_said_once_with_its_whole_path(
    counter: Counter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    first = counter("--data", "shop")
    second = counter("--data", "shop")

    made, name = first[2].splitlines()
    assert made == f"New till made in {tmp_path / 'shop'}"
    assert (
        name == "Its shop is called My shop. To name it: pos-loyalty till --data shop --shop NAME"
    )
    assert json.loads(first[1])["ok"] is True
    assert second[0] == 0
    assert second[2] == ""


def test_the_shop_is_named_when_the_till_is_made_and_later(
    counter: Counter, tmp_path: Path
) -> None:
    data = tmp_path / "shop"

    new = counter("--data", data, "--shop", "Corner Café")
    renamed = counter("--data", data, "--shop", "Harbor")
    kept = counter("--data", data)

    assert new[2] == f"New till made in {data}\n"
    assert [json.loads(answer[1])["shop"] for answer in (new, renamed, kept)] == [
        "Corner Café",
        "Harbor",
        "Harbor",
    ]


def test_an_empty_name_is_refused_and_no_till_is_made(counter: Counter, tmp_path: Path) -> None:
    code, _, error = counter("--data", tmp_path / "shop", "--shop", "")

    assert code == 1
    assert "(E-SHOP-NAME)" in error
    assert not (tmp_path / "shop").exists()


def test_a_file_is_no_folder(counter: Counter, tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.touch()

    assert counter("--data", file)[2] == f"{file} is not a folder. (E-FOLDER-SHAPE)\n"


def test_cards_carry_the_name_that_was_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "shop"

    code = main(["cards", "issue", "--data", str(data), "--count", "1", "--shop", "Harbor"])

    assert code == 0
    assert capsys.readouterr().out.startswith("1 blank card in ")
    with open_till(data) as till:
        assert till.shop.shop_name == "Harbor"
