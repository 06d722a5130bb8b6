"""The checker of the books finds what was planted, and nothing in true books."""

import ast
import hashlib
import json
from pathlib import Path

import pytest

from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.redemption import RewardChoice
from tests.acceptance.small_shop import CHECKER, SmallShop, check_books


@pytest.fixture
def shop(tmp_path: Path) -> SmallShop:
    """Return a shop after a small day: sales, a redemption, one without card, an undo."""
    shop = SmallShop(tmp_path)
    with shop.open() as till:
        shop.enroll(till, 3)
        first, second, third = shop.members
        shop.sell(till, 12_000, first)
        shop.sell(till, 950, second)
        shop.sell(till, 780, None)
        shop.sell(till, 1_500, first, RewardChoice(RewardId("pay-with-points"), 100))
        shop.undo(till, shop.sell(till, 2_300, third))
        shop.sell(till, 1_130, third)
    return shop


def _spoil(shop: SmallShop, *statements: str) -> None:
    with shop.spoiling() as connection:
        for statement in statements:
            connection.execute(statement)


def test_true_books_are_found_in_order(shop: SmallShop) -> None:
    code, report = shop.check()

    assert (code, report["ok"], report["finding"]) == (0, True, None)
    assert (report["sales"], report["lost"], report["doubled"]) == (6, 0, 0)
    assert report["balances_equal"]
    assert report["chain_ok"]
    assert report["rights_ok"]


def test_the_checker_imports_nothing_of_the_program() -> None:
    modules = {
        name.split(".")[0]
        for path in [CHECKER, *CHECKER.parent.glob("books_*.py")]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
    }

    assert "pos_loyalty" not in modules
    assert {name for name in modules if not name.startswith("books_")} <= {
        "argparse", "collections", "dataclasses", "enum", "hashlib", "json", "os", "pathlib",
        "psycopg", "sqlcipher3", "sys", "typing",
    }  # fmt: skip


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def test_a_lost_sale_is_found(shop: SmallShop) -> None:
    _spoil(shop, "DELETE FROM event WHERE kind = 'sale' AND seq = (SELECT last_seq FROM stream)")

    code, report = shop.check()

    assert (code, report["lost"], report["chain_ok"]) == (1, 1, False)


def test_a_sale_lost_together_with_every_trace_is_found_by_the_answer(shop: SmallShop) -> None:
    _spoil(
        shop,
        "UPDATE points SET overlay_points = overlay_points - 11, earned = earned - 11"
        " WHERE member = (SELECT member FROM ledger_entry ORDER BY seq DESC LIMIT 1)",
        "DELETE FROM ledger_entry WHERE seq = (SELECT last_seq FROM stream)",
        "DELETE FROM event WHERE seq = (SELECT last_seq FROM stream)",
        "UPDATE stream SET last_seq = last_seq - 1,"
        " last_hash = (SELECT hash FROM event ORDER BY seq DESC LIMIT 1)",
    )

    code, report = shop.check()

    assert (code, report["lost"], report["chain_ok"]) == (1, 1, True)
    assert "acknowledged sale is not there" in report["finding"]


def test_a_doubled_sale_is_found(shop: SmallShop) -> None:
    with shop.open() as till:
        shop.sell(till, 1_130, shop.members[2])
        shop.answers.pop()
    for answer in shop.answers:
        answer.pop("sale_id", None)

    code, report = shop.check()

    assert (code, report["doubled"]) == (1, 1)


def test_a_sale_nobody_was_told_of_is_found_where_all_must_be_told(shop: SmallShop) -> None:
    with shop.open() as till:
        shop.sell(till, 4_440, None)
        shop.answers.pop()

    code, report = shop.check()

    assert code == 1
    assert "nobody was told" in report["finding"]


def test_a_sale_said_to_be_not_saved_must_not_be_there(shop: SmallShop) -> None:
    with shop.open() as till:
        done = shop.sell(till, 4_440, None)
        shop.answers[-1] = {"answer": "refused", "till": "till", "sale_id": done.sale_id}

    code, report = shop.check()

    assert code == 1
    assert any("said to be not saved" in finding for finding in report["findings"])


def test_an_altered_amount_is_found_by_the_chain(shop: SmallShop) -> None:
    _spoil(
        shop,
        "UPDATE event SET bytes = CAST(replace(CAST(bytes AS TEXT), '\"total\":950',"
        " '\"total\":550') AS BLOB) WHERE kind = 'sale'",
    )

    code, report = shop.check()

    assert (code, report["chain_ok"], report["altered"]) == (1, False, 1)
    assert "do not fit the chain" in report["finding"]


def test_an_altered_amount_with_a_new_chain_is_found_by_the_answer(shop: SmallShop) -> None:
    with shop.spoiling() as connection:
        rows = connection.execute("SELECT seq, bytes FROM event ORDER BY seq").fetchall()
        digest = bytes(connection.execute("SELECT first_hash FROM stream").fetchone()[0])
        for seq, data in rows:
            altered = data.replace(b'"total":950', b'"total":550')
            digest = hashlib.sha256(digest + altered).digest()
            connection.execute(
                "UPDATE event SET bytes = ?, hash = ? WHERE seq = ?", (altered, digest, seq)
            )
        connection.execute("UPDATE stream SET last_hash = ?", (digest,))

    code, report = shop.check()

    assert (code, report["chain_ok"], report["altered"]) == (1, True, 1)


def test_a_wrong_balance_is_found(shop: SmallShop) -> None:
    _spoil(shop, "UPDATE points SET overlay_points = overlay_points + 1")

    code, report = shop.check()

    assert (code, report["balances_equal"], report["chain_ok"]) == (1, False, True)


def test_a_wrong_ledger_entry_is_found(shop: SmallShop) -> None:
    _spoil(shop, "UPDATE ledger_entry SET points = points + 1 WHERE kind = 'redemption'")

    code, report = shop.check()

    assert (code, report["balances_equal"]) == (1, False)


def test_points_that_come_from_nowhere_are_found(shop: SmallShop) -> None:
    _spoil(shop, "UPDATE points SET snapshot_points = 1000")

    code, report = shop.check()

    assert (code, report["balances_equal"]) == (1, False)


def test_a_wrong_counter_of_rights_is_found(shop: SmallShop) -> None:
    _spoil(shop, "UPDATE points SET used = used + 1")

    code, report = shop.check()

    assert (code, report["rights_ok"]) == (1, False)


def test_a_balance_shown_wrong_is_found(shop: SmallShop) -> None:
    shop.answers[-1]["balance"] += 1

    code, report = shop.check()

    assert (code, report["balances_equal"]) == (1, False)
    assert "shown last" in report["finding"]


def test_a_cut_end_of_the_journal_is_found(shop: SmallShop) -> None:
    _spoil(shop, "UPDATE stream SET last_seq = last_seq + 1")

    code, report = shop.check()

    assert (code, report["chain_ok"]) == (1, False)


def test_a_till_without_its_key_is_not_readable(shop: SmallShop, tmp_path: Path) -> None:
    code, report = check_books("--till", shop.data, "--keys", tmp_path / "elsewhere")

    assert code == 2
    assert "no key" in report["finding"]


def test_answers_that_are_no_json_are_not_readable(shop: SmallShop, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text("[1]\n")

    code, report = check_books("--till", shop.data, "--answers", bad)

    assert code == 2
    assert "no list of answers" in report["finding"]


def test_the_report_is_one_line_of_json(shop: SmallShop) -> None:
    _, report = shop.check()

    assert json.loads(json.dumps(report)) == report
