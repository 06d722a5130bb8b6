"""Every group runs in small and prints figures that a script can read; no timing here."""

import json
import math

import pytest

from pos_loyalty import cli
from pos_loyalty.bench.figure import Figure, Missing, Rule
from pos_loyalty.cli import bench

EXPECTED = {
    "sale": {"one sale: flushes", "one sale: frames in the log", "one sale: time"},
    "lookup": {"scan to member: time", "search as one types"},
    "bytes": {"bytes upstream: amount-only sale", "bytes upstream: sale with 4 lines"},
    "ingest": {"ingest over HTTP", "sync: CPU of 10,000 events"},
    "window": {
        "first window: time to paint",
        "first window: CPU to paint",
        "first window: memory",
    },
}
GROUPS = [
    pytest.param(name, marks=pytest.mark.widgets if name == "window" else ()) for name in EXPECTED
]
FIELDS = {"name", "value", "rule", "limit", "unit", "against", "peak_mb", "detail", "holds"}


def figure(value: float, rule: Rule = Rule.AT_MOST, limit: float = 2) -> Figure:
    return Figure(
        name="walk", value=value, rule=rule, limit=limit, unit="s", against="a run", peak_mb=1.5
    )


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_tried_quickly_prints_well_formed_figures(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["bench", name, "--quick", "--json"]) == cli.EXIT_OK

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["name"] for line in lines} == EXPECTED[name]
    for line in lines:
        if "missing" not in line:
            assert set(line) == FIELDS
            assert math.isfinite(line["value"])
            assert line["value"] > 0
            assert line["peak_mb"] > 0


def test_every_group_is_offered() -> None:
    assert set(bench.GROUPS) == set(EXPECTED)


def test_an_unknown_name_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["bench", "everything"])

    assert stop.value.code == cli.EXIT_USAGE
    assert "one of sale, lookup" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rule", "value", "holds"),
    [
        (Rule.AT_MOST, 2, True),
        (Rule.AT_MOST, 2.01, False),
        (Rule.AT_LEAST, 2, True),
        (Rule.AT_LEAST, 1.99, False),
        (Rule.EXACTLY, 2, True),
        (Rule.EXACTLY, 2.01, False),
    ],
)
def test_a_figure_holds_by_its_rule(rule: Rule, value: float, *, holds: bool) -> None:
    measured = figure(value, rule)

    assert measured.holds is holds
    assert measured.as_json()["holds"] is holds
    assert ("MISSED" in measured.text) is not holds


def test_a_missed_limit_is_an_exit_code_unless_only_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results: list[Figure | Missing] = [figure(3), Missing("jump", "no legs")]

    def measured(*_names: object, **_settings: object) -> list[Figure | Missing]:
        return results

    monkeypatch.setattr("pos_loyalty.bench.own_process.in_own_process", measured)

    assert cli.main(["bench", "bytes"]) == cli.EXIT_FAILED
    assert cli.main(["bench", "bytes", "--quick"]) == cli.EXIT_OK
    shown = capsys.readouterr().out
    assert "MISSED walk" in shown
    assert "absent jump" in shown
