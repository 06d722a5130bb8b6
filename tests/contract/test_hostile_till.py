"""A stolen till with a valid key: what it says counts as its own word, and harms nobody else's."""

from pos_loyalty.wire.messages import Status
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import enrollment, new_member, sale
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
