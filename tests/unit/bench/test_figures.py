"""Every group runs in small and prints figures that a script can read; no timing here."""

import json
import math

import pytest

from pos_loyalty import cli
from pos_loyalty.bench.figure import Figure, Missing, Rule
from pos_loyalty.bench.sync import PARTS
from pos_loyalty.cli import bench

EXPECTED = {
    "sale": {"one sale: flushes", "one sale: frames in the log", "one sale: time"},
    "lookup": {"scan to member: time", "search as one types"},
    "bytes": {"bytes upstream: amount-only sale", "bytes upstream: sale with 4 lines"},
    "ingest": {"ingest over HTTP"},
    "sync --cpu": {
        "sync: CPU of 10,000 events",
        "sync: CPU beside PouchDB",
        "sync: bytes beside PouchDB",
    },
    "sync --week": {"a week offline: acknowledged", "a week offline: converged"},
    "sync --poll": {"idle poll: requests", "idle poll: bytes"},
    "sync --sale": {"sale p95 while syncing"},
    "sync --storm": {
        "storm on SQLite: p99",
        "storm on SQLite: lost",
        "storm on SQLite: doubled",
        "storm on PostgreSQL: p99",
        "storm on PostgreSQL: lost",
        "storm on PostgreSQL: doubled",
        "storm of a week on PostgreSQL: drained",
        "storm of a week on PostgreSQL: small syncs p99",
        "storm of a week on PostgreSQL: lost",
        "storm of a week on PostgreSQL: doubled",
    },
    "sync --redemptions": {
        "redemptions offline: without risk",
        "redemptions offline: with an allowance",
        "redemptions online: refused",
    },
    "sync --snapshot": {
        "members onto a new till: bytes",
        "members onto a new till: CPU",
        "members onto a new till: memory",
    },
    "program": {
        "earn: amount only, a template",
        "earn: 12 lines, 40 rules",
        "tier, lots, refund: 1,000 entries",
        "replay: pace",
        "replay: memory",
    },
    "publish": {
        "publish: CPU beside verify",
        "publish: memory",
        "publish: longest wait of a till",
        "publish: exchanges refused",
    },
    "window": {
        "first window: time to paint",
        "first window: CPU to paint",
        "first window: memory",
    },
}
GROUPS = [
    pytest.param(name, marks=pytest.mark.widgets if name == "window" else ()) for name in EXPECTED
]
NOTHING = {"lost", "doubled", "refused"}
"""Of these there may be none."""
FIELDS = {"name", "value", "rule", "limit", "unit", "against", "peak_mb", "detail", "holds"}


def figure(value: float, rule: Rule = Rule.AT_MOST, limit: float = 2) -> Figure:
    return Figure(
        name="walk", value=value, rule=rule, limit=limit, unit="s", against="a run", peak_mb=1.5
    )


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_tried_quickly_prints_well_formed_figures(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["bench", *name.split(), "--quick", "--json"]) == cli.EXIT_OK

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["name"] for line in lines} == EXPECTED[name]
    for line in lines:
        if "missing" not in line:
            assert set(line) == FIELDS
            assert math.isfinite(line["value"])
            assert line["value"] >= 0
            assert line["value"] > 0 or line["name"].rpartition(" ")[2] in NOTHING
            assert line["peak_mb"] > 0


def test_every_group_is_offered() -> None:
    assert set(bench.GROUPS) == {name.partition(" ")[0] for name in EXPECTED}
    assert {name for name in EXPECTED if " --" in name} == {f"sync --{part}" for part in PARTS}
    assert set(bench.SYNC_PARTS) == set(PARTS)


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
