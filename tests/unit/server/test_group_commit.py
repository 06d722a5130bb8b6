"""Which requests are written together, and that the writer outlives any error."""

import asyncio
from collections.abc import Sequence

import pytest

from pos_loyalty.domain.event import encode_event, first_hash
from pos_loyalty.domain.ids import StreamId
from pos_loyalty.server import group_commit
from pos_loyalty.server.group_commit import GroupCommit, QueueFull, next_group
from pos_loyalty.server.ingest import Outcome
from pos_loyalty.server.reading import Batch, Incoming, read_event
from pos_loyalty.server.settings import GROUP_REQUESTS_MAX
from pos_loyalty.wire.messages import Status, SyncRequest
from tests.contract.simple_till import new_id, sale

DONE = Outcome(status=Status.OK)


def batch(stream: str = "", *, events: int = 1) -> Batch:
    request = SyncRequest(
        req=new_id(),
        proto=1,
        stream=StreamId(stream or new_id()),
        from_seq=1,
        prev_hash="",
        top=0,
        epoch=1,
        now_ms=0,
    )
    data = encode_event(sale())
    incoming = (Incoming(1, data, b"", read_event(data)),) * events
    return Batch(request=request, prev_hash=first_hash(request.stream, ""), incoming=incoming)


def test_S39_the_oldest_goes_along_and_the_others_smallest_first() -> None:
    waiting = [batch(events=500), *(batch(events=n) for n in (500, 5, 500, 7, 500))]

    chosen = next_group(waiting)

    assert chosen == [0, 2, 4, 1, 3]


def test_one_request_of_a_stream_at_a_time_and_in_order() -> None:
    waiting = [batch("a" * 32, events=9), batch("b" * 32), batch("a" * 32, events=1)]

    assert next_group(waiting) == [0, 1]


def test_a_group_has_a_limit() -> None:
    assert len(next_group([batch() for _ in range(GROUP_REQUESTS_MAX + 9)])) == GROUP_REQUESTS_MAX
    assert next_group([]) == []


def test_what_waits_while_the_writer_is_busy_is_written_together() -> None:
    groups: list[int] = []

    def write(batches: Sequence[Batch]) -> list[Outcome]:
        groups.append(len(batches))
        return [DONE] * len(batches)

    async def play() -> list[Outcome]:
        group = GroupCommit(write)
        group.start()
        outcomes = await asyncio.gather(*(group.submit(batch()) for _ in range(20)))
        await group.stop()
        return outcomes

    assert asyncio.run(play()) == [DONE] * 20
    assert groups == [20]


def test_an_error_reaches_the_requests_of_its_group_alone() -> None:
    def write(batches: Sequence[Batch]) -> list[Outcome]:
        if any(item.stream == "f" * 32 for item in batches):
            raise ZeroDivisionError
        return [DONE] * len(batches)

    async def play() -> Outcome:
        group = GroupCommit(write)
        group.start()
        with pytest.raises(ZeroDivisionError):
            await group.submit(batch("f" * 32))
        outcome = await group.submit(batch())
        await group.stop()
        return outcome

    assert asyncio.run(play()) == DONE


def test_S38_a_full_queue_says_so_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "QUEUE_REQUESTS_MAX", 2)

    async def play() -> None:
        group = GroupCommit(lambda batches: [DONE] * len(batches))
        waiting = [asyncio.create_task(group.submit(batch())) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFull):
            await group.submit(batch())
        group.start()
        await asyncio.gather(*waiting)
        await group.stop()

    asyncio.run(play())
