"""I12: when faults stop, everything settles within bounded rounds."""

from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.simulator.oracle import Violation
from pos_loyalty.simulator.server_side import Outgoing
from pos_loyalty.simulator.till_side import SimulatedTill
from pos_loyalty.simulator.world import World
from pos_loyalty.sync.exchange import Outcome, Step

_ROUNDS_SPARE = 30
_STEP_MS = 1_000


def heal(world: World) -> int:
    """End all faults and let everybody talk until nobody has anything to say.

    Returns how many rounds that took; in a round each till makes one exchange.
    """
    _end_faults(world)
    rounds = _settle(world)
    _settle_stranger(world)
    return rounds


def _settle(world: World) -> int:
    limit = _rounds_max(world)
    for number in range(1, limit + 1):
        world.time.pass_by(_STEP_MS)
        sent = world.hub is not None and world.hub.send_all_on()
        outcomes = [_talk(world, till) for till in world.everybody]
        if not sent and all(each.step is Step.DONE and not each.rows for each in outcomes):
            waiting = [till.name for till in world.everybody if till.state.waiting().anything]
            if waiting:
                raise Violation(f"I12 {waiting} say that all is done, but events wait")
            return number
    last = [f"{till.name} {till.position()}" for till in world.everybody]
    raise Violation(f"I12 not settled after {limit} rounds: {last}")


def _end_faults(world: World) -> None:
    world.line.heal()
    if not world.server.is_up:
        world.server.open()
    server = world.server
    server.fuse.disarm()
    while server.ready or server.queued:
        server.work()
    world.line.heal()
    for till in world.everybody:
        if not till.is_up:
            world.open_till(till)
        till.fuse.disarm()
        till.drop_call()
        till.reserved.clear()
        till.wants.clear()
    if world.hub is not None:
        world.hub.begin()
        world.hub.is_line_up = True


def _rounds_max(world: World) -> int:
    """Return how many rounds are enough: pages, batches and reports, and some to spare."""
    swarm = world.swarm
    pending = sum(till.state.waiting().events for till in world.tills)
    events = sum(disk.seq for disk in world.oracle.disks.values())
    members, cards = len(world.oracle.members), len(world.template.payloads)
    entities = 2 * members + cards + 5 + pending
    rows = 4 * (entities // swarm.page_rows + 1)
    batches = 2 * (events // swarm.batch_events + 1)
    reports = 2 * (members // swarm.report_members + 1)
    return rows + batches + reports + _ROUNDS_SPARE


def _talk(world: World, till: SimulatedTill) -> Outcome:
    """Carry one exchange over a line that loses nothing."""
    try:
        came = till.begin_exchange()
        while isinstance(came, Outgoing):
            came = till.take(world.server.serve(came))
    except LoyaltyError as error:
        raise Violation(f"I12 {till.name} is refused: {error.code.value}") from error
    world.settled(till, came)
    world.trace.note(f"heal {till.name} {came.step} {came.rows} {came.appended}")
    return came


def _settle_stranger(world: World) -> None:
    """Poison never blocks: all of it is taken, whatever is thought of it."""
    stranger = world.stranger
    for _ in range(3):
        if not stranger.unsent:
            return
        stranger.send(world)
        while world.server.ready or world.server.queued:
            world.server.work()
    if stranger.unsent:
        raise Violation(f"I12 {stranger.unsent} poison events block their stream")
