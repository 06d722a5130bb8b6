"""The tool that changes rules to see whether a test notices."""

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = '''
from typing import Final

STEPS: Final = 2
Kind = int | str


def reached(threshold: int | None, points: dict[str, int | None]) -> bool:
    """Say it."""
    assert threshold is not None
    pairs = zip(points, points, strict=True)
    return len(points) >= threshold and not points.get("a" + "b")
'''


@pytest.fixture
def mutants(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("mutants")


def test_rules_are_changed_and_types_texts_and_asserts_are_not(
    mutants: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "small.py"
    path.write_text(SOURCE, encoding="utf-8")

    found = [(mutant.line, mutant.what) for mutant in mutants.mutants_of(path, "small")]

    assert found == [
        (4, "2 → 3"),
        (4, "2 → 1"),
        (12, "returns None"),
        (12, "And → Or"),
        (12, "GtE → Gt"),
        (12, "GtE → Lt"),
        (12, "Not taken away"),
    ]


def test_each_change_is_one_change_that_can_be_run(mutants: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "small.py"
    path.write_text(SOURCE, encoding="utf-8")
    as_it_is = ast.dump(ast.parse(SOURCE))

    trees = [mutants.mutated(SOURCE, mutant.number) for mutant in mutants.mutants_of(path, "small")]

    texts = {ast.unparse(tree) for tree in trees}
    assert len(texts) == len(trees)
    for tree in trees:
        assert ast.dump(tree) != as_it_is
        compile(tree, "small.py", "exec")


def test_what_no_test_minds_is_named_and_the_rest_is_counted(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, str(ROOT / "tools" / "mutate.py"), "--mutants", "5", "--seed", "2"),
            *("--module", "rounding", "--tests", "tests/unit/domain/test_money.py"),
            *("--least", "0", "--jobs", "1"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["mutants"] == 5
    assert answer["killed"] + len(answer["survived"]) == 5
    assert all(text.startswith("pos_loyalty.domain.rounding:") for text in answer["survived"])


def test_only_a_failing_test_or_an_endless_one_counts_as_noticed(
    mutants: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    mutate = importlib.import_module("mutate")
    trial = importlib.import_module("mutant_trial")
    change = mutants.Mutant("pos_loyalty.domain.lot", 1, "1 → 2", 0)
    outcome = mutate.Outcome()

    for result in (trial.KILLED, trial.TOO_LONG, trial.UNDECIDED, trial.SURVIVED):
        outcome.add(change, result)

    assert (outcome.tried, outcome.killed) == (4, 2)
    assert outcome.too_long == outcome.undecided == outcome.survived == [change]


def test_a_constant_is_tried_against_those_who_import_it(
    mutants: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    reach = importlib.import_module("mutant_reach").Reach(
        lines={"a.money": {7: ["test_money"]}, "a.lot": {9: ["test_lot", "test_lot_slow"]}},
        seconds={"test_money": 3.0, "test_lot": 1.0, "test_lot_slow": 2.0, "test_other": 0.1},
        importers={"a.money": ["a.lot"]},
    )

    def tests(module: str, line: int) -> list[str]:
        return reach.tests(mutants.Mutant(module, line, "1 → 2", 0))

    assert tests("a.lot", 9) == ["test_lot", "test_lot_slow"]
    assert tests("a.money", 7) == ["test_money"]
    assert tests("a.money", 1) == ["test_money", "test_lot", "test_lot_slow"]
    assert tests("a.alone", 1) == ["test_other", "test_lot", "test_lot_slow", "test_money"]
