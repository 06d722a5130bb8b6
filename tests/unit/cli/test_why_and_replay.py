"""`why` and `program replay` at a till's folder, as an owner types them."""

import json
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from pos_loyalty.cli import main
from pos_loyalty.cli.replay_page import page, picture
from pos_loyalty.counter import CounterSession
from pos_loyalty.domain.earning_rule import (
    Caps,
    Conditions,
    EarningRule,
    EarnRule,
    Multiply,
    PerItem,
)
from pos_loyalty.domain.event import SaleLine
from pos_loyalty.domain.expiration import AfterEarning, ExpirationRules
from pos_loyalty.domain.explanation_story import local_time
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.domain.replay_figures import (
    MonthFigures,
    Replayed,
    VersionFigures,
)
from pos_loyalty.services.look_up_member import LookUpMember
from pos_loyalty.services.move_sale import MoveSale
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.refund_sale import RefundSale
from pos_loyalty.services.system_sources import SystemClock
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.store.keys import BestKeys
from pos_loyalty.till import open_till
from tests.builders import DAY_MS
from tests.sample_till import SteppingClock, enroll, sell
from tests.unit.services.ruled_till import give_rules

ROOT = Path(__file__).resolve().parents[3]
Answer = tuple[int, str, str]
Run = Callable[..., Answer]
PHONE = "0151 23456789"
DRAFT = """\
name = "Twice"
currency = "EUR"
welcome_points = 100

[earn]
step_minor_units = "1.00 EUR"
points_per_step = 2

[[tiers]]
id = "all"
name = "All"

[[rewards]]
kind = "amount_off"
id = "three-off"
name = "Three off"
cost_points = 200
amount = "3.00 EUR"
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: object) -> Answer:
        capsys.readouterr()
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


class Shop:
    """A folder with a member who bought, used a reward, undid and returned something."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with open_till(folder) as till:
            standard = till.program()
            give_rules(
                till,
                msgspec.structs.replace(
                    standard,
                    weekday_multipliers=(),
                    rules=(
                        EarningRule(
                            id="coffee",
                            name="Coffee week",
                            give=PerItem(points=5),
                            when=Conditions(categories=("coffee",)),
                            caps=Caps(sale=8),
                        ),
                        EarningRule(id="x3", name="Three times", give=Multiply(percent=300)),
                    ),
                ),
            )
            self.member = enroll(till, "Ann Example", phone=PHONE)
            self.sale = sell(till, self.member, 90_000).sale_id
            lines = (
                SaleLine(amount=600, sku="0815", category="coffee", quantity=2),
                SaleLine(amount=1400),
            )
            self.lined = till.record_sale(
                RecordSale(total=2000, member_id=self.member, found_by="card", lines=lines)
            ).sale_id
            till.record_sale(
                RecordSale(
                    total=2500,
                    member_id=self.member,
                    found_by="card",
                    rewards=(RewardChoice(RewardId("three-off")),),
                )
            )
            undone = sell(till, self.member, 1200)
            till.undo_sale(UndoSale(undone.sale_id))
            till.refund_sale(RefundSale(sale_id=self.lined, amount=1000))
            other = enroll(till, "Bo Sample")
            sell(till, other, 500)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Shop(tmp_path / "data")


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "twice.toml"
    path.write_text(DRAFT, encoding="utf-8")
    return path


def test_why_of_a_sale_names_rule_version_line_and_cap(shop: Shop, run: Run) -> None:
    code, out, err = run("why", shop.lined, "--data", shop.folder)

    assert code == 0
    assert err == ""
    assert "Sale of EUR 20.00" in out
    assert "(rules-1)" in out
    assert "Coffee week" in out
    assert "at most 8 points" in out
    assert "line 1: 2 × 0815, coffee, " in out
    assert f"event {shop.lined}" in out


def test_why_of_a_sale_tells_what_became_of_it(shop: Shop, run: Run) -> None:
    with open_till(shop.folder) as till:
        forgotten = sell(till, None, 1200).sale_id
        till.move_sale(MoveSale(forgotten, shop.member))
        gone = sell(till, shop.member, 1200).sale_id
        till.undo_sale(UndoSale(gone))

    _, refunded, _ = run("why", shop.lined, "--data", shop.folder)
    _, moved, _ = run("why", forgotten, "--data", shop.folder)
    _, undone, _ = run("why", gone, "--data", shop.folder)
    _, answer, _ = run("why", shop.lined, "--data", shop.folder, "--json")

    assert "since then:" in refunded
    assert "Refund of EUR 10.00" in refunded
    assert "Sale without a card, which was added later. EUR 12.00." in moved
    assert "moved to the right member" in moved
    assert "undone as a whole" in undone
    assert [each["kind"] for each in json.loads(answer)["later"]] == ["refund"]


def test_why_shows_what_each_step_gave_or_took_and_the_sum_once(shop: Shop, run: Run) -> None:
    _, out, _ = run("why", shop.lined, "--data", shop.folder)
    _, answer, _ = run("why", shop.lined, "--data", shop.folder, "--json")

    found = json.loads(answer)
    sale, _, refund = out.partition("since then:")
    shown = [line.split()[0] for line in sale.splitlines() if line.endswith("]")]
    assert shown == ["+20", "+40", "+8"]
    assert [step["points"] for step in found["steps"]] == [20, 60, 68], "the sums stay in JSON"
    assert f"= {found['stored']}  points" in sale
    (later,) = found["later"]
    taken = [line for line in refund.splitlines() if line.endswith("[refund]")]
    assert [line.split()[0] for line in taken] == [f"-{-later['stored']}"]
    told = [line for line in refund.splitlines() if line.endswith("[sale]")]
    assert [line.split()[0] for line in told] == ["the"], "what was earned before is no figure"
    assert "points\n" not in refund, "one change is its own sum"


def test_why_adds_no_sum_over_two_members(shop: Shop, run: Run) -> None:
    with open_till(shop.folder) as till:
        sale = sell(till, till_member := enroll(till, "Cy Sample"), 1200).sale_id
        till.move_sale(MoveSale(sale, shop.member))

    _, out, _ = run("why", sale, "--data", shop.folder)

    moved = out.partition("since then:")[2]
    assert till_member != shop.member
    assert [line.split()[0] for line in moved.splitlines() if line.endswith("[move]")] == [
        "-36",
        "+36",
    ]
    assert "=" not in moved


def test_why_of_a_member_explains_every_point(shop: Shop, run: Run) -> None:
    code, out, _ = run("why", PHONE, "--data", shop.folder, "--json")
    answer = json.loads(out)

    assert code == 0
    assert answer["member"] == shop.member
    assert sum(entry["points"] for entry in answer["entries"]) == answer["balance"]
    assert answer["entries"][-1]["balance"] == answer["balance"]
    explanations = [entry["explanation"] for entry in answer["entries"]]
    assert all(explanation["agrees"] is True for explanation in explanations)
    assert {"welcome", "accrual", "redemption", "accrual_reversed"} <= {
        entry["kind"] for entry in answer["entries"]
    }


def test_why_of_a_member_in_words_tells_each_event_once(shop: Shop, run: Run) -> None:
    _, out, _ = run("why", shop.member, "--data", shop.folder)

    assert out.startswith(f"Member {shop.member}: ")
    assert out.count("used for rewards of a sale") == 1
    assert out.count("Sale of EUR 25.00:") == 1
    assert "undone as a whole" in out
    assert "Refund of EUR 10.00" in out


def test_why_of_a_member_says_what_ended_and_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder, clock = tmp_path / "data", SteppingClock(SystemClock().now_ms() - 60 * DAY_MS)
    with open_till(folder, clock=clock) as till:
        ending = ExpirationRules(model=AfterEarning(days=30))
        give_rules(till, msgspec.structs.replace(till.program(), expiration=ending))
        member = enroll(till, "Ann Example")
        ends_ms = till.look_up_member(LookUpMember(id=member)).ends_ms

    code, out, _ = run("why", member, "--data", folder)

    assert code == 0
    assert f"Member {member}: 0 points." in out
    lines = out.splitlines()
    (at,) = [number for number, line in enumerate(lines) if "ended, as the program says" in line]
    assert lines[at].split()[:3] == ["-50", "→", "0"]
    assert lines[at + 1].strip() == f"{local_time(ends_ms, 0)} UTC"


def test_what_nobody_knows_is_said_in_one_sentence(shop: Shop, run: Run) -> None:
    for unknown in ("nothing", "0151 99999999"):
        code, out, err = run("why", unknown, "--data", shop.folder)

        assert (code, out) == (1, "")
        assert "is no sale's or member's id here" in err
        assert "E-WHY-ABSENT" in err


def test_why_works_beside_the_open_till_and_the_counter_says_the_same(shop: Shop, run: Run) -> None:
    with open_till(shop.folder) as till:
        counter = CounterSession(till)
        line = json.dumps({"do": "why", "sale_id": shop.sale}).encode()
        answer = counter.answer(line)
        refused = counter.answer(b'{"do": "why", "member": "nobody"}')
        member = counter.answer(json.dumps({"do": "why", "member": shop.member}).encode())

        code, out, _ = run("why", shop.sale, "--data", shop.folder, "--json")

    assert code == 0
    assert json.loads(json.dumps(answer)) == {"ok": True, "why": json.loads(out)}
    assert refused["code"] == "E-WHY-ABSENT"
    assert isinstance(member["why"], dict)


def test_points_that_the_rules_do_not_give_are_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with open_till(tmp_path / "data") as till:
        done = sell(till, enroll(till), 1000)
        program = till.program()
        document = msgspec.json.encode(
            msgspec.structs.replace(program, earn=EarnRule(step_minor_units=100, points_per_step=9))
        )
        with till.context.store.write() as work:
            work.connection.execute("UPDATE program SET document = ?", (document,))
            work.commit()

    code, out, err = run("why", done.sale_id, "--data", tmp_path / "data")

    assert code == 1
    assert "NOT as computed: stored" in out
    assert f"Not as the rules compute it: {done.sale_id}" in err


def test_a_folder_of_an_older_release_is_brought_up_to_date_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run, draft: Path
) -> None:
    sample = ROOT / "tests" / "migration" / "0.1.0"
    shutil.copytree(sample / "data", tmp_path / "old")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    expected = json.loads((sample / "expected.json").read_text(encoding="utf-8"))
    key = bytes.fromhex((sample / "key").read_text(encoding="ascii"))
    BestKeys().write(expected["database_id"], key)

    code, out, err = run(
        "program", "replay", draft, "--since", "2020-01-01", "--data", tmp_path / "old", "--json"
    )

    assert (code, err) == (0, "")
    assert json.loads(out)["member_sales"] > 0


def test_replay_compares_the_draft_with_the_version_in_force(
    shop: Shop, run: Run, draft: Path
) -> None:
    before = (shop.folder / "till.db").read_bytes()
    code, out, err = run(
        "program", "replay", draft, "--since", "2020-01-01", "--data", shop.folder, "--json"
    )
    found = json.loads(out)
    _, out, _ = run("why", shop.member, "--data", shop.folder, "--json")
    balance = json.loads(out)["balance"]

    assert (code, err) == (0, "")
    assert found["in_force"]["version"] == "rules-1"
    assert found["draft"]["name"] == "Twice"
    assert found["in_force"]["open_points"] == balance + 50 + 15
    assert found["draft"]["other"] == 200
    assert found["top_winners"] or found["top_losers"]
    assert (shop.folder / "till.db").read_bytes() == before


def test_replay_in_words_has_figures_names_and_formulas(shop: Shop, run: Run, draft: Path) -> None:
    code, out, _ = run("program", "replay", draft, "--since", "2020-01-01", "--data", shop.folder)

    assert code == 0
    assert "liability" in out
    assert "Ann Example (" in out
    assert "Worth of points, draft: EUR 3.00 for 200 points (Three off" in out
    assert "cost of members' sales" in out


def test_the_page_is_whole_and_names_nobody(
    shop: Shop, run: Run, draft: Path, tmp_path: Path
) -> None:
    html, svg = tmp_path / "replay.html", tmp_path / "replay.svg"
    for chart in (html, svg):
        code, _, _ = run(
            *("program", "replay", draft, "--since", "2020-01-01"),
            *("--data", shop.folder, "--chart", chart),
        )
        assert code == 0

    text = html.read_text(encoding="utf-8")
    drawn = drawing(svg.read_text(encoding="utf-8"))
    assert "Ann" not in text
    assert shop.member in text
    assert "prefers-color-scheme: dark" in text
    assert "<table>" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    bars = [node for node in drawn.iter() if node.get("class") in {"in-force", "draft"}]
    assert len(bars) == 4


def test_a_broken_draft_a_wrong_day_and_a_strange_chart_are_refused(
    shop: Shop, run: Run, tmp_path: Path, draft: Path
) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text(DRAFT.replace('currency = "EUR"', 'currency = "EUX"'), encoding="utf-8")
    at = ("--data", shop.folder)

    assert run("program", "replay", broken, "--since", "2020-01-01", *at)[0] == 1
    code, _, err = run("program", "replay", draft, "--since", "2999-01-01", *at)
    assert (code, "E-REPLAY-EMPTY" in err) == (1, True)
    code, _, err = run(
        "program", "replay", draft, "--since", "2020-01-01", *at, "--chart", tmp_path / "x.png"
    )
    assert (code, "E-OPTION-SHAPE" in err) == (1, True)
    code, _, err = run(
        *("program", "replay", draft, "--since", "2020-01-01", *at),
        *("--chart", tmp_path / "no" / "x.svg"),
    )
    assert (code, "E-FILE-WRITE" in err) == (1, True)
    with pytest.raises(SystemExit):
        run("program", "replay", draft, "--since", "yesterday", *at)


def drawing(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own picture


def figures(cost: int) -> VersionFigures:
    return VersionFigures(
        version="v<1>",
        name="A & B",
        earned=1,
        other=0,
        redeemed=0,
        expired=0,
        stamps=0,
        cost=cost,
        cost_share=1,
        open_points=1,
        liability=1,
        worth_of_points="nothing",
    )


@pytest.mark.parametrize("months", [0, 1, 40])
def test_the_picture_grows_with_the_months_and_no_bar_leaves_it(months: int) -> None:
    found = Replayed(
        since="2026-01-01",
        currency="JPY",
        sales=1,
        sales_amount=1,
        member_sales=1,
        member_sales_amount=1,
        members=1,
        in_force=figures(5),
        draft=figures(-5),
        months=tuple(
            MonthFigures(
                month=f"2026-{number:02d}",
                member_sales=1,
                cost_in_force=number * 777,
                cost_draft=-number,
            )
            for number in range(1, months + 1)
        ),
        tiers_moved=(),
        up=0,
        down=0,
        winners=0,
        losers=0,
        top_winners=(),
        top_losers=(),
    )

    drawn = drawing(picture(found))
    height = int(drawn.get("height", "0"))
    bars = [
        node
        for node in drawn.iter("{http://www.w3.org/2000/svg}rect")
        if node.get("class") != "page"
    ]

    assert len(bars) == 2 + 2 * months
    for bar in bars:
        assert int(bar.get("height", "-1")) >= 0
        assert 0 <= int(bar.get("y", "-1")) <= height
        assert int(bar.get("x", "-1")) < int(drawn.get("width", "0"))
    assert "A &amp; B" in page(found)
