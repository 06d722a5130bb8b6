"""The program's rules through `counter`, as real processes: a café with a program of its own.

Lines and stamps, refunds, a moved sale, a claim, an activity, an adjustment: on two tills that
are offline in between. At the end both say the same, and so does the checker from outside.
"""

from pathlib import Path

from tests.acceptance.joined_shop import JoinedShop
from tests.acceptance.processes import Answer, Counter, run_program
from tests.proxies import MisbehavingProxy

PROGRAM = """
name = "Coffee card"
currency = "EUR"
welcome_points = 10
earn = { step_minor_units = "1.00 EUR", points_per_step = 1 }

[[tiers]]
id = "guest"
name = "Guest"

[[stamp_cards]]
id = "coffee"
name = "Coffee card"
stamps = 9

[[rules]]
id = "stamps"
name = "A stamp for each coffee"
give = { kind = "stamps", card = "coffee", per_item = true }
when = { categories = ["coffee"] }

[[rewards]]
id = "free-coffee"
name = "Free coffee"
kind = "free_item"
item = "Coffee"
stamp_card = "coffee"

[[activities]]
id = "review"
name = "Review"
points = 30
caps = { month = 30 }
"""
LINES = [
    {"sku": "C1", "category": "coffee", "quantity": 2, "unit_price": "3.00"},
    {"sku": "B7", "category": "bread", "quantity": 1, "unit_price": "14.00", "tax": "0.92"},
]
SALE, MOVED, FORGOTTEN = ("a1" * 16, "c3" * 16, "d4" * 16)
TRIES_MAX = 40


def _sync(counter: Counter) -> None:
    answer: Answer = {}
    for _ in range(TRIES_MAX):
        answer = counter.ask(do="sync")
        if answer["ok"]:
            return
    raise AssertionError(f"the till did not come to rest: {answer}")


def _sell(
    shop: JoinedShop, counter: Counter, till: str, member: str | None, **fields: object
) -> Answer:
    answer = counter.must(do="sale", member=member, **fields)
    total = answer["to_pay"] + answer["discount"]
    told: dict[str, object] = {"sale_id": answer["sale_id"], "total": total}
    if member is not None:
        told |= {"member": member, "balance": answer["balance_points"]}
        told |= {"earned": answer["earned_points"], "redeemed": answer["redeemed_points"]}
    shop.note("sale", till, **told)
    return answer


def _a_shop(folder: Path, database: str) -> JoinedShop:
    """Make a shop whose program has rules."""
    shop = JoinedShop(folder, database)
    shop.set_up()
    file = folder / "program.toml"
    file.write_text(PROGRAM, encoding="utf-8")
    words = ("--from", "now", "--database", shop.database)
    run_program("program", "publish", file, *words, config=shop.config)
    return shop


def test_two_tills_with_rules_change_their_sales_offline_and_agree(
    tmp_path: Path, database: str
) -> None:
    shop = _a_shop(tmp_path, database)
    with shop.serve() as server, MisbehavingProxy(server.url) as line:
        for till in ("one", "two"):
            shop.join(till, line.url)
        with shop.counter("one") as one, shop.counter("two") as two:
            ada, bo = shop.enroll(one, "one", "Ada Sample"), shop.enroll(one, "one", "Bo Sample")
            for counter in (one, two):
                _sync(counter)
            sold = _sell(shop, one, "one", ada, lines=LINES, sale_id=SALE)
            _sell(shop, two, "two", ada, total="40.00")
            for counter in (one, two, one):
                _sync(counter)
            line.cut()

            _sell(shop, one, "one", ada, total="9.00", sale_id=MOVED)
            _sell(shop, one, "one", None, total="5.00", sale_id=FORGOTTEN)
            line_back = one.must(do="refund", sale_id=SALE, lines=[{"line": 0, "quantity": 1}])
            again = one.must(do="refund", sale_id=SALE, lines=[{"line": 0}], refund_id="e5" * 16)
            repeated = one.must(do="refund", sale_id=SALE, lines=[{"line": 0}], refund_id="e5" * 16)
            one.must(do="move", sale_id=MOVED, member=bo)
            one.must(do="move", sale_id=FORGOTTEN, member=bo)
            two.must(do="activity", member=bo, activity="review")
            above = two.ask(do="activity", member=bo, activity="review")
            two.must(do="adjust", member=ada, points=-5, reason="Wrong card", approved_by="Mo")
            too_much = one.ask(do="refund", sale_id=SALE, amount="14.01")
            line.heal()
            for counter in (one, two, one, two):
                _sync(counter)
            ends = [
                [shop.show(counter, till, member) for member in (ada, bo)]
                for till, counter in (("one", one), ("two", two))
            ]

    assert (sold["earned_points"], line_back["stamps_taken"]) == (
        20,
        [{"card": "coffee", "count": 1}],
    )
    assert repeated == again | {"already": True}
    assert (above["code"], too_much["code"]) == ("E-ACTIVITY-CAP", "E-REFUND-TOO-MUCH")
    # Ada has 70 less 6 for two coffees and 5 by hand; Bo has what moved, and 30.
    assert ends == [[59, 54], [59, 54]]
    code, report = shop.check()
    assert (code, report["finding"]) == (0, None), report


def test_a_claim_made_offline_is_worked_out_by_the_server_and_never_beyond_the_sale(
    tmp_path: Path, database: str
) -> None:
    shop = _a_shop(tmp_path, database)
    with shop.serve() as server, MisbehavingProxy(server.url) as line:
        for till in ("one", "two"):
            shop.join(till, line.url)
        with shop.counter("one") as one, shop.counter("two") as two:
            ada = shop.enroll(one, "one", "Ada Sample")
            sold = _sell(shop, one, "one", ada, lines=LINES)
            for counter in (one, two):
                _sync(counter)
            line.cut()
            claim = two.must(do="refund", receipt=sold["receipt_code"], amount="10.00")
            by_id = two.must(do="refund", sale_id=sold["sale_id"], amount="4.00", member=ada)
            above = two.must(do="refund", sale_id=sold["sale_id"], amount="20.00")
            line.heal()
            for counter in (two, one, two):
                _sync(counter)
            ends = [shop.show(one, "one", ada), shop.show(two, "two", ada)]
            listed = one.must(do="attention")["items"]

    assert [each["claim"] for each in (claim, by_id, above)] == [True, True, True]
    assert ends == [10, 10]
    assert {item["kind"] for item in listed} >= {"refund_above"}
    run_program("server", "verify", "--database", shop.database, config=shop.config)
