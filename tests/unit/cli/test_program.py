"""`program` as an owner types it: from a template to rules that hold."""

import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from pos_loyalty.cli import main
from pos_loyalty.cli.program import SUB_COMMANDS
from pos_loyalty.cli.program_publish import Counting, moment_of
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import MerchantId, ShopId, TillId
from pos_loyalty.server.keep_anew import COUNTING, WRITING
from pos_loyalty.store.joining import Joining, Membership
from pos_loyalty.till import open_till

Answer = tuple[int, str, str]
Run = Callable[..., Answer]
TEMPLATES = [
    "bakery",
    "bookshop",
    "boutique-tiers",
    "cafe-stamps",
    "charity-shop",
    "grocery-categories",
    "hair-salon",
    "petrol",
    "pharmacy-exclusions",
    "restaurant-vip",
]
LATER = "2090-01-01"
MEMBERSHIP = Membership(
    server_url="http://192.168.1.20:8443",
    merchant=MerchantId("a" * 32),
    merchant_name="Café Linde",
    country="DE",
    shop=ShopId("b" * 32),
    shop_name="Main street",
    till=TillId("c" * 32),
    till_name="Till 1",
    epoch=1,
    token="",
)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line; return its exit code and what it printed."""

    def run(*words: object) -> Answer:
        capsys.readouterr()
        code = main(["program", *(str(word) for word in words)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def file(tmp_path: Path, run: Run) -> Path:
    """Return an owner's own copy of a template."""
    path = tmp_path / "mine.toml"
    assert run("new", "cafe-stamps", path)[0] == 0
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "till"
    open_till(folder).close()
    return folder


@pytest.fixture
def database(tmp_path: Path) -> str:
    url = f"{tmp_path}/books.db"
    words = ["server", "init", "--database", url, "--merchant", "Corner", "--currency", "EUR"]
    assert main(words) == 0
    return url


def test_all_templates_are_listed_with_whom_they_suit(run: Run) -> None:
    code, said, _ = run("templates")
    _, answer, _ = run("templates", "--json")

    assert code == 0
    assert [each["template"] for each in json.loads(answer)] == TEMPLATES
    assert "cafe-stamps          A café or kiosk" in said
    assert said.endswith("program new TEMPLATE FILE\n")


@pytest.mark.parametrize("currency", ["EUR", "USD", "JPY", "KWD"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_is_usable_in_every_kind_of_currency(
    template: str, currency: str, tmp_path: Path, run: Run
) -> None:
    path = tmp_path / "mine.toml"
    made = run("new", template, path, "--currency", currency)
    checked = run("check", path)

    assert made[0] == checked[0] == 0, checked
    text = path.read_text("utf-8")
    assert tomllib.loads(text)["currency"] == currency
    assert currency == "EUR" or "EUR" not in text


def test_amounts_keep_their_figures_in_another_currency(tmp_path: Path, run: Run) -> None:
    amounts = {"USD": '"3.20 USD"', "JPY": '"320 JPY"', "KWD": '"3.200 KWD"'}
    for currency, amount in amounts.items():
        path = tmp_path / currency
        run("new", "cafe-stamps", path, "--currency", currency)

        assert amount in path.read_text("utf-8")


def test_a_file_that_is_there_is_left_alone(file: Path, run: Run) -> None:
    file.write_text("mine", encoding="utf-8")

    code, _, error = run("new", "bakery", file)

    assert code == 1
    assert "(E-FILE-EXISTS)" in error
    assert file.read_text("utf-8") == "mine"


def test_what_cannot_be_written_or_is_no_template_is_said(tmp_path: Path, run: Run) -> None:
    absent = run("new", "bakery", tmp_path / "no" / "such" / "folder.toml")
    unknown = run("new", "barber", tmp_path / "x.toml")

    assert absent[0] == unknown[0] == 1
    assert "(E-FILE-WRITE)" in absent[2]
    assert "no template called barber" in unknown[2]
    assert "hair-salon" in unknown[2]


def test_new_answers_in_json(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "mine.toml"

    assert json.loads(run("new", "bakery", path, "--json")[1]) == {
        "file": str(path),
        "template": "bakery",
    }


def test_check_says_what_a_good_program_has(file: Path, run: Run) -> None:
    code, said, error = run("check", file)
    _, answer, _ = run("check", file, "--json")

    assert (code, error) == (0, "")
    assert '"Coffee card" is usable: 1 tier, 2 rules, 2 rewards, 1 stamp card.' in said
    assert "  Reward Pastry of the day: Pastry free (worth 2.80 EUR), for 90 points\n" in said
    assert "Tills that are not up to date" in said
    assert json.loads(answer)["ok"] is True
    assert json.loads(answer)["problems"] == []
    assert [line in said for line in json.loads(answer)["words"]] == [True] * 9


def test_a_rule_that_is_over_is_hinted_at_with_its_line_and_the_program_is_usable(
    file: Path, run: Run
) -> None:
    give = 'name = "Old"\ngive = { kind = "bonus", points = 5 }\n'
    with file.open("a", encoding="utf-8") as more:
        more.write(f'\n[[rules]]\nid = "old"\n{give}when = {{ until_date = 2025-01-01 }}\n')
        more.write(f'\n[[rules]]\nid = "new"\n{give}when = {{ until_date = 2190-01-01 }}\n')
    lines = file.read_text("utf-8").splitlines()
    number = lines.index("when = { until_date = 2025-01-01 }") + 1

    code, said, error = run("check", file)
    _, answer, _ = run("check", file, "--json")

    detail = "this rule ended on 2025-01-01: it never holds"
    assert (code, error) == (0, "")
    assert [line for line in said.splitlines() if "ended on" in line] == [
        f"  Line {number}: {detail}."
    ]
    assert json.loads(answer)["hints"] == [
        {"path": "rules[2].when.until_date", "line": number, "detail": detail}
    ]


def test_a_program_of_before_says_nothing_of_older_tills(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "plain.toml"
    earn = '[earn]\nstep_minor_units = "1.00 EUR"\npoints_per_step = 1\n'
    path.write_text(f'name = "x"\ncurrency = "EUR"\n{earn}[[tiers]]\nid = "a"\nname = "A"\n')

    assert run("check", path)[1] == (
        f'{path}: "x" is usable: 1 tier.\n'
        "  Every sale: 1 point for each 1.00 EUR\n"
        "  Tier A: everybody\n"
        "  Points end: never\n"
    )


def test_check_names_all_faults_with_line_and_place(file: Path, run: Run) -> None:
    text = file.read_text("utf-8")
    text = text.replace("percent = 200", "percent = 20").replace("cost_points = 90", "cost = 90")
    file.write_text(text, encoding="utf-8")

    code, said, error = run("check", file)
    _, answer, _ = run("check", file, "--json")

    assert code == 1
    lines = said.splitlines()
    assert len(lines) == 3
    assert ": rules[1].give.percent: a multiplier is 100 (once)" in lines[0]
    assert lines[0].endswith("[percent_range]")
    number = int(lines[0].removeprefix(f"{file}:").partition(":")[0])
    assert "percent = 20" in text.splitlines()[number - 1]
    assert error == f"3 faults in {file}. The program in force stays as it is. (E-PROGRAM-RULES)\n"
    assert json.loads(answer)["ok"] is False
    assert [each["fault"] for each in json.loads(answer)["problems"]] == [
        "percent_range",
        "reward_free",
        "key_unknown",
    ]


def test_hundreds_of_faults_are_counted_and_not_all_shown(file: Path, run: Run) -> None:
    with file.open("a", encoding="utf-8") as more:
        more.writelines(f"unknown{at} = 1\n" for at in range(60))

    code, said, error = run("check", file)

    assert code == 1
    assert len(said.splitlines()) == 51
    assert said.endswith("… and 10 more\n")
    assert error.startswith("60 faults in ")


def test_a_file_that_is_not_there_or_a_folder_is_said(tmp_path: Path, run: Run) -> None:
    absent = run("check", tmp_path / "absent.toml")
    folder = run("check", tmp_path)

    assert absent[0] == folder[0] == 1
    assert "(E-FILE-ABSENT)" in absent[2]
    assert f"{tmp_path} is a folder" in folder[2]
    assert "(E-FILE-FOLDER)" in folder[2]


def test_a_line_that_cannot_be_read_is_named_once(file: Path, run: Run) -> None:
    file.write_text('name = "x"\ncurrency = EUR\n', encoding="utf-8")

    _, said, _ = run("check", file)
    _, answer, _ = run("check", file, "--json")

    assert said == f'{file}:2: text stands in quotes, like name = "Gold" [not_toml]\n'
    assert json.loads(answer)["problems"][0]["path"] == "line 2"


def test_a_file_without_end_is_not_read_to_its_end(run: Run) -> None:
    code, said, _ = run("check", "/dev/zero")

    assert code == 1
    assert "[file_large]" in said


def test_the_schema_is_printed(run: Run) -> None:
    code, said, _ = run("schema")

    assert code == 0
    assert json.loads(said)["title"] == "Loyalty program"


@pytest.mark.parametrize("place", ["till", "server"])
def test_an_owner_publishes_and_lists(
    place: str, file: Path, data: Path, database: str, run: Run
) -> None:
    where = ("--data", data) if place == "till" else ("--database", database)

    now = run("publish", file, "--from", "now", *where)
    later = run("publish", _changed(file), "--from", LATER, *where, "--json")
    again = run("publish", file, "--from", LATER, *where)
    same = run("publish", file, "--from", LATER, *where)
    code, said, _ = run("list", *where)
    _, answer, _ = run("list", *where, "--json")

    assert now[0] == later[0] == again[0] == same[0] == code == 0
    assert now[1].startswith('Published: "Coffee card" holds from ')
    assert ("next contact" in now[1]) == (place == "server")
    assert json.loads(later[1])["version"].startswith("2090-01-01-")
    assert json.loads(later[1])["new"] is True
    assert "Nothing was published." in same[1]
    lines = said.splitlines()
    assert [line.split("  ")[2] for line in lines] == ["earlier", "in force", "to come", "to come"]
    assert lines[0] == "standard-1-EUR  from the beginning  earlier  Standard"
    assert [row["in_force"] for row in json.loads(answer)] == [False, True, False, False]


def _changed(file: Path) -> Path:
    """Return another file, with other rules."""
    text = file.read_text("utf-8").replace("cost_points = 90", "cost_points = 95")
    other = file.with_name("other.toml")
    other.write_text(text, encoding="utf-8")
    return other


def test_a_broken_program_is_not_published(file: Path, database: str, run: Run) -> None:
    file.write_bytes(b"\x00\x01\x02")

    code, said, error = run("publish", file, "--from", "now", "--database", database)
    _, listed, _ = run("list", "--database", database, "--json")

    assert code == 1
    assert "[not_text]" in said
    assert error.startswith("1 fault in ")
    assert [row["version"] for row in json.loads(listed)] == ["standard-1-EUR"]


@pytest.mark.parametrize("place", ["till", "server"])
def test_a_shop_that_nobody_knows_is_told_of(
    place: str, file: Path, data: Path, database: str, run: Run
) -> None:
    where = ("--data", data) if place == "till" else ("--database", database)
    text = file.read_text("utf-8").replace(
        'when = { basket_min = "2.50 EUR" }', 'when = { shops = ["Harbor", "My shop"] }'
    )
    file.write_text(text, encoding="utf-8")

    code, said, _ = run("publish", file, "--from", "now", *where)
    _, again, _ = run("publish", file, "--from", "now", *where, "--json")

    strange = ["Harbor"] if place == "till" else ["Harbor", "My shop"]
    assert code == 0
    assert 'No shop is called "Harbor" here yet' in said
    assert said.count("No shop") == len(strange)
    assert json.loads(again)["unknown_shops"] == strange


def test_yesterday_is_over(file: Path, data: Path, run: Run) -> None:
    code, _, error = run("publish", file, "--from", "2020-01-01", "--data", data)

    assert code == 1
    assert "(E-PROGRAM-PAST)" in error


def test_moments_are_read_on_this_machine_s_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TZ", "Europe/Berlin")
    import time

    time.tzset()
    try:
        assert moment_of("now") is None
        assert moment_of("2026-12-01") == 1_796_079_600_000
        assert moment_of("2026-12-01T06:00") == 1_796_079_600_000 + 6 * 3_600_000
        assert moment_of("2026-12-01T06:00Z") == 1_796_079_600_000 + 7 * 3_600_000
        for text in ("tomorrow", "2026-13-01", "", "9999-12-31T23:59:59-23:00", "0001-01-01"):
            with pytest.raises(CommandRefused):
                moment_of(text)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_every_sub_command_has_its_module() -> None:
    for command in SUB_COMMANDS:
        module = command.load()

        assert callable(module.run)
        assert callable(module.add_arguments)


def test_the_list_says_which_versions_are_of_the_time_before_joining(
    run: Run, file: Path, data: Path
) -> None:
    assert run("publish", file, "--from", "now", "--data", data)[0] == 0
    with open_till(data) as till:
        joining = Joining(till.context.store, till.context.clock, till.context.ids)
        joining.belong(MEMBERSHIP)

    _, said, _ = run("list", "--data", data)
    _, answer, _ = run("list", "--data", data, "--json")

    first, own = said.splitlines()
    assert "in force" in first
    assert "before joining" in own
    assert [row["before_joining"] for row in json.loads(answer)] == [False, True]


def test_a_long_counting_is_said_once_before_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    counting = Counting(seconds=iter((0.0, 0.5, 1.0)).__next__)

    counting(COUNTING, 0, 1_000_000)
    counting(COUNTING, 2_000, 1_000_000)
    counting(COUNTING, 4_000, 1_000_000)
    counting(WRITING, 0, 50_000)
    counting.close()

    said = capsys.readouterr()
    assert said.out == "", "programs that read the answer find nothing else there"
    assert said.err.count("1,000,000 events, about 4 minutes. Tills go on selling") == 1


def test_a_short_counting_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    counting = Counting(seconds=iter((0.0, 0.2, 0.4)).__next__)

    for done in (0, 2_000, 4_000):
        counting(COUNTING, done, 4_000)
    counting(WRITING, 2_000, 20_000)
    counting.close()

    assert capsys.readouterr().err == ""
