"""The owner's commands in words: the worst case before anything is chosen or freed."""

import shlex

import pytest

from pos_loyalty.cli import main
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import new_member, sale
from tests.contract.test_roster import name_of, report


def words(
    server: RunningServer, capsys: pytest.CaptureFixture[str], action: str, *more: str
) -> str:
    assert main(["server", action, "--database", server.database, *more]) == 0
    return capsys.readouterr().out


def _typed(server: RunningServer, action: str) -> str:
    """A command as it is printed: a SQLite database by the plain name of its file."""
    typed = shlex.quote(server.database.removeprefix("sqlite:///"))
    return f"pos-loyalty server {action} --database {typed}"


def test_the_allowance_tells_its_worst_case(
    own_server: RunningServer, capsys: pytest.CaptureFixture[str]
) -> None:
    till = own_server.joined_till()

    none = words(own_server, capsys, "allowance")
    assert none.startswith("No allowance: a till redeems only points that nobody else can spend.")
    assert "Every 100 points of allowance can cost up to 2.50 EUR" in none
    assert f"To choose one: {_typed(own_server, 'allowance')} --total POINTS" in none

    chosen = words(own_server, capsys, "allowance", "--total", "600", "--per-till", "150")
    till.exchange(sale(new_member(), total=100))
    assert "each till up to 150" in chosen
    assert "The largest possible loss: 600 points, worth at most 15.00 EUR;" in chosen
    assert "Main street/Till 1: 150 points now" in words(own_server, capsys, "allowance")
    assert words(own_server, capsys, "allowance", "--settle").startswith("Accepted: 0 points")


def test_a_lost_till_and_what_freeing_can_cost(
    own_server: RunningServer, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = own_server.joined_till()
    lost.exchange(sale(new_member(), total=40_000))

    line = "Main street/Till 1: last events just now, 1 event here, may still spend 400 points"
    assert line in words(own_server, capsys, "tills")
    closed = words(own_server, capsys, "till-lost", name_of(lost))
    assert "The 400 points that it may still spend stay reserved." in closed
    assert "\N{EM DASH} lost" in words(own_server, capsys, "tills")
    freed = words(own_server, capsys, "till-lost", name_of(lost), "--release")
    assert "That is 400 points, worth at most 10.00 EUR." in freed
    assert "Freed: 400 points of 1 member," in freed


def test_restored_books_say_whom_they_wait_for(
    own_server: RunningServer, capsys: pytest.CaptureFixture[str]
) -> None:
    till = own_server.joined_till()
    waiting = words(own_server, capsys, "restored")
    assert "Not yet reported: Main street/Till 1." in waiting
    assert f"will not come back: {_typed(own_server, 'till-lost')} TILL" in waiting
    assert "has not reported" in words(own_server, capsys, "tills")

    report(till)

    whole = words(own_server, capsys, "tills")
    assert f"let it join again: {_typed(own_server, 'till-code')} --shop NAME" in whole
    assert f"When all are in the list: {_typed(own_server, 'tills')} --confirm" in whole
    assert words(own_server, capsys, "tills", "--confirm").startswith("Confirmed:")


def test_the_other_choices_say_what_follows(
    own_server: RunningServer, capsys: pytest.CaptureFixture[str]
) -> None:
    till = own_server.joined_till()

    assert "is refused from its next contact on" in words(
        own_server, capsys, "till-off", name_of(till)
    )
    assert "switched off" in words(own_server, capsys, "tills")
    assert "may come back" in words(own_server, capsys, "till-off", name_of(till), "--undo")
    assert "ahead of visits" in words(own_server, capsys, "placement", "on")
    assert "only when a till asks" in words(own_server, capsys, "placement", "off")
    assert "for 30 days redeems no" in words(own_server, capsys, "rights-days", "30")
    assert "however long" in words(own_server, capsys, "rights-days", "0")


@pytest.mark.parametrize(
    "wrong", [["allowance", "--total", "-5"], ["rights-days", "9999"], ["placement", "perhaps"]]
)
def test_what_cannot_be_chosen_is_refused_in_words(wrong: list[str], tmp_path: object) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["server", wrong[0], "--database", f"{tmp_path}/x.db", *wrong[1:]])

    assert ended.value.code == 2
