"""A52: codes are hard to guess, live short, and join one till."""

import concurrent.futures
from contextlib import closing

import pytest

from pos_loyalty.server.join_till import ALPHABET, TRIES_MAX
from pos_loyalty.wire.messages import JoinReply, MerchantRow
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import Refused, SimpleTill, new_id, new_member, sale


def test_A52_a_code_joins_one_till_and_no_second(server: RunningServer) -> None:
    code = server.till_code()
    SimpleTill(server.url).join(code)

    with pytest.raises(Refused) as refused:
        SimpleTill(server.url).join(code)

    assert (refused.value.status, refused.value.code) == (409, "E-JOIN-CODE")


def test_A52_of_many_tills_with_one_code_exactly_one_joins(own_server: RunningServer) -> None:
    code = own_server.till_code()

    def attempt(_: int) -> bool:
        try:
            SimpleTill(own_server.url).join(code)
        except Refused:
            return False
        return True

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(6))) == 1


def test_A52_a_code_has_fifty_random_bits_beside_its_name(server: RunningServer) -> None:
    codes = {server.till_code() for _ in range(5)}

    assert len(codes) == 5
    for code in codes:
        groups = code.split("-")
        assert [len(group) for group in groups] == [4, 4, 4]
        assert set("".join(groups)) <= set(ALPHABET)


def test_A52_only_a_hash_of_the_secret_is_kept(server: RunningServer) -> None:
    plain = server.till_code().replace("-", "")

    rows = server.fetch("SELECT secret_hash FROM join_code WHERE selector = ?", plain[:2])

    assert plain[2:].encode() not in bytes(rows[0][0])


def test_A52_ten_wrong_tries_end_a_code(own_server: RunningServer) -> None:
    code = own_server.till_code()
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")

    for _ in range(TRIES_MAX):
        with pytest.raises(Refused, match="E-JOIN-CODE"):
            SimpleTill(own_server.url).join(wrong)

    with pytest.raises(Refused, match="E-JOIN-CODE"):
        SimpleTill(own_server.url).join(code)


def test_A52_guessing_meets_a_pace_for_all_codes_together(own_server: RunningServer) -> None:
    answers: list[Refused] = []
    for number in range(30):
        guess = f"{ALPHABET[number]}0AA-BBBB-CCCC"
        with pytest.raises(Refused) as refused:
            SimpleTill(own_server.url).join(guess)
        answers.append(refused.value)

    assert [answer.status for answer in answers[:10]] == [409] * 10
    assert answers[-1].status == 503
    assert answers[-1].headers["retry-after"]


def test_A52_an_old_code_is_refused(server: RunningServer) -> None:
    code = server.till_code(minutes=-1)

    with pytest.raises(Refused, match="E-JOIN-CODE"):
        SimpleTill(server.url).join(code)


def test_a_code_may_be_typed_in_any_way_a_person_types(server: RunningServer) -> None:
    code = server.till_code()

    reply = SimpleTill(server.url).join(
        f" {code.lower().replace('0', 'o').replace('1', 'i').replace('-', ' ')} "
    )

    assert reply.shop_name == "Main street"


def test_a_lost_answer_to_a_join_is_asked_for_again(server: RunningServer) -> None:
    till, code = SimpleTill(server.url), server.till_code()

    first, again = till.join(code), till.join(code)

    assert (first.till, first.token) == (again.till, again.token)


def test_tills_of_a_shop_are_numbered(own_server: RunningServer) -> None:
    names = [
        SimpleTill(own_server.url).join(own_server.till_code(shop)).till_name
        for shop in ("Harbor", "Harbor", "Market")
    ]

    assert names == ["Till 1", "Till 2", "Till 1"]


def test_another_currency_is_refused_and_the_code_stays_good(server: RunningServer) -> None:
    till, code = SimpleTill(server.url), server.till_code()

    with pytest.raises(Refused) as refused:
        till.join(code, currency="USD")

    assert refused.value.code == "E-JOIN-CURRENCY"
    assert refused.value.facts == {"till_currency": "USD", "server_currency": "EUR"}
    assert till.join(code).currency == "EUR"


def test_cards_of_the_time_alone_stay_valid(server: RunningServer) -> None:
    alone = new_id()
    till = SimpleTill(server.url)

    till.join(server.till_code(), alone_as=alone)
    till.exchange()

    row = till.rows["merchant", till.merchant]
    assert isinstance(row, MerchantRow)
    assert alone in row.accepted


def test_joining_needs_the_key_that_it_brings(server: RunningServer) -> None:
    till, other = SimpleTill(server.url), SimpleTill(server.url)

    with pytest.raises(Refused) as refused:
        till.join(server.till_code(), public_key=other.public_key)

    assert (refused.value.status, refused.value.code) == (401, "E-SIGNATURE")


def test_a_till_joins_again_only_with_its_own_key(server: RunningServer) -> None:
    till = server.joined_till()
    assert till.joined is not None

    with pytest.raises(Refused) as refused:
        SimpleTill(server.url).join(till=till.joined.till)

    assert (refused.value.status, refused.value.code) == (401, "E-TILL-UNKNOWN")


def test_a_till_cannot_close_the_journal_of_another(server: RunningServer) -> None:
    victim, attacker = server.joined_till(), server.joined_till()
    assert attacker.joined is not None
    till = attacker.joined.till
    attacker.begin_stream()

    reply = attacker.join(till=till, closes_stream=victim.stream)

    assert reply.known_hashes == ()
    assert victim.exchange(sale(new_member())).have == 1


def test_a_stream_belongs_to_one_till_for_ever(server: RunningServer) -> None:
    owner, thief = server.joined_till(), SimpleTill(server.url)
    thief.stream = owner.stream

    with pytest.raises(Refused) as refused:
        thief.join(server.till_code())

    assert (refused.value.status, refused.value.code) == (409, "E-JOIN-DONE")


@pytest.mark.parametrize(
    "change",
    [{"stream": "x"}, {"alone_as": "' OR 1=1"}, {"join_nonce": "n" * 200}, {"join_nonce": "\x00"}],
)
def test_a_join_of_the_wrong_shape_is_refused(
    server: RunningServer, change: dict[str, str]
) -> None:
    till = SimpleTill(server.url)

    with pytest.raises(Refused) as refused:
        till.post("/sync/v1/join", till.join_request("AAAA-BBBB-CCCC", **change), JoinReply)

    assert (refused.value.status, refused.value.code) == (400, "E-BODY-SHAPE")


def test_a_join_without_code_and_till_is_refused(server: RunningServer) -> None:
    with pytest.raises(Refused, match="E-JOIN-CODE"):
        SimpleTill(server.url).join()


def test_a_till_that_is_switched_off_is_told_so(server: RunningServer) -> None:
    till = server.joined_till()
    assert till.joined is not None
    with closing(server.open()) as database, database.write() as session:
        session.execute("UPDATE till SET revoked_ms = 1 WHERE till = ?", till.joined.till)

    with pytest.raises(Refused) as refused:
        till.exchange()
    with pytest.raises(Refused) as again:
        till.join(till=till.joined.till)

    assert (refused.value.status, refused.value.code) == (403, "E-TILL-REVOKED")
    assert again.value.status == 403
