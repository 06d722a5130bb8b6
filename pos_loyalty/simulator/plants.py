"""Bugs planted on purpose: each must be found by some seeds, or the simulator proves nothing.

Most are the errors of earlier drafts of the protocol, or what others' tills were
lost to. Each patches one place of the product and is named by what it does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pos_loyalty.simulator.hub_plants import HUB_PATCHES
from pos_loyalty.simulator.patching import Patch
from pos_loyalty.simulator.restore_plants import RESTORE_PATCHES
from pos_loyalty.simulator.rights_plants import RIGHTS_PATCHES
from pos_loyalty.simulator.server_plants import SERVER_PATCHES
from pos_loyalty.simulator.till_plants import TILL_PATCHES

Patches = Callable[[], Sequence[Patch]]


@dataclass(frozen=True)
class Plant:
    """A bug: what it does wrong, and the profile whose trouble brings it to light."""

    name: str
    says: str
    profile: str
    patches: Patches


_TOLD: Mapping[str, tuple[str, str]] = {
    "ack_before_last_page": ("base", "S04 acknowledges while rows still wait"),
    "overlay_kept": ("base", "S04 keeps own events beside the row that holds them"),
    "cursor_before_rows": ("base", "S41 moves the cursor past a row it did not store"),
    "crash_gap": ("base", "S17 writes the event and its spend rights in two transactions"),
    "delta_grant": ("base", "S43 adds granted totals up"),
    "trust_view": ("base", "S49 redeems by the balance on the screen"),
    "return_kept": ("base", "S45 says that rights are returned and goes on to use them"),
    "welcome_granted": ("base", "spends welcome points before the server granted them"),
    "one_id_an_hour": ("base", "S24 gives two events one id"),
    "fork_unseen": ("fork", "S14 does not see that the server has more of its stream"),
    "rescue_nothing": ("fork", "S14 leaves unsent sales behind in the old stream"),
    "rights_taken_along": ("fork", "S15 takes spend rights into the new stream"),
    "epoch_ignored": ("srv", "S09 believes what it heard before the restore"),
    "no_report": ("srv", "S09 does not say which rights were granted"),
    "ack_before_rows": ("base", "S04 acknowledges with rows of an older snapshot"),
    "ack_before_commit": ("base", "S07 answers before the books are written"),
    "page_by_version": ("base", "S03 goes on after a version of which rows still wait"),
    "old_request_accuses": ("base", "S06 takes a delayed request for a restored disk"),
    "suspects_lost_replies": ("base", "suspects a till whose answers were lost"),
    "pool_ignores_rights": ("base", "S44 grants points that other tills may spend"),
    "recall_is_return": ("base", "S45 counts recalled rights as returned at once"),
    "rescue_blind": ("fork", "S47 takes a carried event that is in the books already"),
    "rescue_keeps_open": ("fork", "S47 leaves the stream open from which events were carried"),
    "grants_while_frozen": ("srv", "S09 grants before every till has reported"),
    "epoch_falls_back": ("srv", "S09 goes on in an epoch that tills left long ago"),
    "prunes_unsafe": ("srv", "S20 deletes what no backup elsewhere holds"),
    "closed_unnamed": ("both", "S09 says nothing of journals that a till has closed"),
    "slices_forgotten": ("fork", "S47 carries the first slice over and forgets the rest"),
    "hub_lends_from_air": ("hub", "S43 lends rights that the hub does not take from its own"),
    "hub_counts_both_ways": ("hub", "S42 counts what came through the hub and directly twice"),
    "lent_adds_up": ("hub", "S43 adds lent totals up"),
    "peers_are_rights": ("hub", "S42 lets points be used of which only the hub told"),
    "every_till_the_total": ("risk", "gives each till the allowance of all"),
    "placed_from_nothing": ("base", "S44 places more points than the pool has"),
    "poison_refused": ("hostile", "S21 refuses a request for one event it cannot read"),
}


_PATCHES = {**TILL_PATCHES, **SERVER_PATCHES, **RIGHTS_PATCHES, **HUB_PATCHES, **RESTORE_PATCHES}


def _plant(name: str, profile: str, says: str) -> Plant:
    return Plant(name, says, profile, _PATCHES[name])


PLANTS: Mapping[str, Plant] = {
    name: _plant(name, profile, says) for name, (profile, says) in _TOLD.items()
}
