"""What a server answers that has taken everything and has nothing to tell."""

from pos_loyalty.store.sync_state import SyncState
from pos_loyalty.wire.messages import Status, SyncReply, SyncRequest


def acknowledgement(request: SyncRequest, state: SyncState) -> SyncReply:
    """Answer a till's request, so that it goes on to its next batch without a server."""
    position = state.position()
    have = request.from_seq - 1 + len(request.events)
    have_hash = state.hash_at(have)
    assert have_hash is not None
    return SyncReply(
        req=request.req,
        status=Status.OK,
        merchant=position.merchant,
        epoch=position.epoch,
        server_now=request.now_ms,
        have=have,
        have_hash=have_hash.hex(),
        cursor=request.cursor or f"{position.epoch}.{have}.member.{request.req}",
        token=position.token,
    )
