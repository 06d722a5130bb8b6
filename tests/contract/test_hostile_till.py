"""A stolen till with a valid key: what it says counts as its own word, and harms nobody else's."""

import threading
import time

import msgspec
import pytest

from pos_loyalty.domain.event import LENT_RIGHTS, EventRescued, SaleRecorded, encode_event
from pos_loyalty.domain.ids import EventId, StreamId
from pos_loyalty.server import digest
from pos_loyalty.server.group_write import CLAIMS_MAX
from pos_loyalty.wire.messages import DigestReply, DigestRequest, RightsRow, Status
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import (
    Refused,
    SimpleTill,
    enrollment,
    new_id,
    new_member,
    rights_return,
    sale,
)
from tests.contract.test_inbox import new_till

EPOCH_MAX = 2**53 - 1


def epoch_of(server: RunningServer) -> int:
    return int(server.fetch("SELECT epoch FROM clock")[0][0])


def test_A36_one_request_does_not_use_up_all_epochs_of_the_books(
    own_server: RunningServer,
) -> None:
    thief, honest = new_till(own_server), new_till(own_server)
    thief.append(sale())

    reply = thief.send(thief.request(epoch=EPOCH_MAX))

    assert reply.status is Status.REPORT
    assert epoch_of(own_server) == 1
    assert honest.exchange(sale()).status is Status.OK


def test_A36_a_report_of_impossible_totals_spoils_no_honest_sale(
    own_server: RunningServer,
) -> None:
    thief, honest, victim = new_till(own_server), new_till(own_server), new_member()
    honest.exchange(enrollment(victim), sale(victim))
    thief.epoch = thief.send(thief.request(lost_ack=9)).epoch
    thief.send(thief.request(granted_seen=((victim, 2**63 - 1), (victim, 10**30))))

    honest.epoch = epoch_of(own_server)
    honest.cursor = ""
    honest.send(honest.request(granted_seen=(), granted_complete=True))
    reply = honest.exchange(sale(victim))

    assert reply.verdicts == ()
    assert honest.member(victim).balance == 50 + 21 + 21


@pytest.mark.parametrize("source", ["", LENT_RIGHTS])
def test_A36_rights_that_a_thief_lends_out_of_nothing_are_told_to_nobody(
    server: RunningServer, source: str
) -> None:
    thief, honest, other = (new_till(server) for _ in range(3))
    victim = new_member()
    other.exchange(enrollment(victim), sale(victim, total=50_000))

    lent = msgspec.structs.replace(
        rights_return(victim, 500), to_stream=honest.stream, rights_source=source
    )
    thief.exchange(lent)
    honest.exchange()

    row = honest.rows.get(("rights", victim))
    assert not isinstance(row, RightsRow) or row.lent == ()
    assert server.verified().faults == []


def ask_digest(till: SimpleTill) -> DigestReply:
    return till.post(digest.PATH, DigestRequest(stream=till.stream), DigestReply)


def test_A47_a_till_that_asks_for_sums_without_end_does_not_stop_the_others(
    own_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    thief, honest = new_till(own_server), new_till(own_server)
    computed: list[float] = []
    real = digest.sums_of

    def slow(*arguments: object, **named: object) -> tuple[int, ...]:
        computed.append(time.monotonic())
        time.sleep(0.5)
        return real(*arguments, **named)  # type: ignore[arg-type] - passed on as it came

    monkeypatch.setattr(digest, "sums_of", slow)
    askers = [threading.Thread(target=ask_digest, args=(thief,)) for _ in range(60)]
    for asker in askers:
        asker.start()
    began = time.monotonic()
    status = honest.exchange(sale()).status
    took = time.monotonic() - began
    for asker in askers:
        asker.join()
    ask_digest(thief)

    assert status is Status.OK
    assert took < 0.45, "it waited for the sums of others"
    assert len(computed) == 1, "the books moved, and nothing was computed again so soon"


def test_A36_a_till_that_says_again_and_again_that_books_were_restored_is_doubted(
    own_server: RunningServer,
) -> None:
    thief, honest = new_till(own_server), new_till(own_server)
    for _ in range(5):
        thief.epoch = thief.send(thief.request(lost_ack=9)).epoch
        thief.epoch = thief.send(thief.request(epoch=thief.epoch + 3, lost_ack=9)).epoch

    epoch = epoch_of(own_server)
    told = own_server.fetch("SELECT stream FROM attention WHERE kind = 'restored'")
    assert told == [(thief.stream,)] * CLAIMS_MAX, "the owner reads which till says so"
    believed = honest.send(honest.request(lost_ack=9, epoch=epoch))
    assert believed.epoch == epoch + 1, "another one is believed"


def test_A49_a_stranger_who_names_no_journal_is_refused_in_plain_words(
    server: RunningServer,
) -> None:
    stranger = SimpleTill(server.url)
    for stream in ("\x00", "", "'; DROP TABLE event", "f" * 32):
        with pytest.raises(Refused) as refused:
            stranger.post("/sync/v1/digest", DigestRequest(stream=StreamId(stream)), DigestReply)
        assert (refused.value.status, refused.value.code) == (401, "E-TILL-UNKNOWN")


def test_A36_what_a_thief_says_was_carried_over_drops_no_sale_of_another_till(
    own_server: RunningServer,
) -> None:
    thief, honest, member = new_till(own_server), new_till(own_server), new_member()
    honest.exchange(enrollment(member))
    honest.append(sold := sale(member))
    old, seq, digest_of_sale = honest.stream, len(honest.journal), honest.hashes[-1].hex()
    thief.exchange(carried(sale(new_member()), StreamId(new_id()), 3, digest_of_sale))

    honest.begin_stream()
    assert honest.joined is not None
    honest.join(till=honest.joined.till, closes_stream=old)
    rescue = carried(sold, old, seq, digest_of_sale)
    first = honest.exchange(rescue)
    again = honest.exchange(msgspec.structs.replace(rescue, id=EventId(new_id())))

    assert first.verdicts == ()
    assert [verdict for _, verdict in again.verdicts] == ["duplicate"]
    assert honest.member(member).balance == 50 + 21
    assert own_server.verified().faults == []


def carried(event: SaleRecorded, stream: StreamId, seq: int, digest_: str) -> EventRescued:
    return EventRescued(
        v=1,
        id=EventId(new_id()),
        at_ms=event.at_ms,
        boot_ms=1,
        tz_minutes=0,
        program=event.program,
        original_stream=stream,
        original_seq=seq,
        original_hash=digest_,
        original=encode_event(event).decode(),
    )
