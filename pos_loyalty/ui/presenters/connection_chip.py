"""The connection chip: which of its states is true now, and what its panel says.

A flicker of the line must not flicker on the screen, so the chip is slower than the line: it says
"offline" after 20 seconds of it and "online" again after 5 stable seconds.
"""

from dataclasses import dataclass
from typing import Final

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import CATALOG, Code
from pos_loyalty.services.run_sync import ConnectionStatus
from pos_loyalty.ui.presenters.counter_screen import Chip, Connection
from pos_loyalty.ui.presenters.formatting import counted, time_of_day

SENDING_MS_MIN: Final = 3_000
OFFLINE_MS_MIN: Final = 20_000
FAILED_TRIES_MIN: Final = 2
STABLE_MS_MIN: Final = 5_000
CLOCK_OFF_MINUTES_MAX: Final = 5
OFFLINE_MS_MAX: Final = 72 * 60 * 60 * 1000
"""Offline for longer than this is for the owner to look at."""

_NETWORK_TROUBLE: Final = frozenset(
    {
        Code.NETWORK_DOWN,
        Code.SERVER_SILENT,
        Code.SERVER_TROUBLE,
        Code.SERVER_BUSY,
        Code.SERVER_FULL,
        Code.NOT_JOINED,
    }
)
"""Trouble that passes by itself: the chip says offline, and asks nobody to look."""


@dataclass(frozen=True)
class ConnectionPanel:
    """What a tap on the chip shows: a title, sentences, one of them in words of advice."""

    title: str
    sentences: tuple[str, ...]


class ConnectionChip:
    """Turns what the till knows of the line, moment by moment, into one calm state."""

    def __init__(self) -> None:
        self._status: ConnectionStatus | None = None
        self._connection = Connection.ALONE
        self._is_settled = False
        """Whether the first try to reach the server has ended, well or not."""
        self._online_since_ms: int | None = None

    @property
    def connection(self) -> Connection:
        """The state that the chip shows."""
        return self._connection

    @property
    def is_offline(self) -> bool:
        """Return whether the points on screen may be older than the server's."""
        return self._connection in {Connection.OFFLINE, Connection.LOOK} and not (
            self._status is not None and self._status.online
        )

    @property
    def _is_at_hub(self) -> bool:
        return self._status is not None and self._status.at_hub

    def update(self, status: ConnectionStatus, now_ms: int) -> None:
        """Take what the till knows now (``now_ms``: since 1970)."""
        self._status = status
        if status.online:
            self._online_since_ms = self._online_since_ms or now_ms
        else:
            self._online_since_ms = None
        self._connection = self._judge(status, now_ms)

    def chip(self) -> Chip:
        """Return what the title row shows."""
        pending = self._status.pending if self._status else 0
        if self._connection is Connection.ONLINE and not self._is_settled:
            return Chip(Connection.ONLINE, "Connecting", "refresh-cw")
        match self._connection:
            case Connection.ONLINE:
                return Chip(Connection.ONLINE, "Online", "wifi")
            case Connection.SENDING:
                return Chip(Connection.SENDING, f"Sending {pending}", "refresh-cw")
            case Connection.OFFLINE:
                place = "safe on hub" if self._is_at_hub else "saving here"
                return Chip(Connection.OFFLINE, f"Offline \u00b7 {place}", "cloud-off")
            case Connection.LOOK:
                return Chip(Connection.LOOK, "Needs a look", "triangle-alert")
            case Connection.ALONE:
                return Chip(Connection.ALONE, "Works alone", "monitor")

    def panel(self, clock: Clock, owner: str) -> ConnectionPanel:
        """Return what a tap shows."""
        status = self._status
        title = self.chip().text
        if status is None or self._connection is Connection.ALONE:
            return ConnectionPanel(
                title,
                ("Everything is saved on this PC.", "No server is joined; nothing is missing."),
            )
        if self._connection is Connection.LOOK:
            return ConnectionPanel(title, (*self._looks(status, owner), *_offline(status, clock)))
        if self._connection is Connection.OFFLINE:
            return ConnectionPanel(title, (*_offline(status, clock), *_cause(status, owner)))
        if self._connection is Connection.SENDING:
            return ConnectionPanel(title, (_on_the_way(status.pending),))
        return ConnectionPanel(title, _online(status, clock))

    def _judge(self, status: ConnectionStatus, now_ms: int) -> Connection:
        if not status.joined:
            return Connection.ALONE
        if _needs_a_look(status, now_ms):
            return Connection.LOOK
        if self._counts_as_offline(status, now_ms):
            return Connection.OFFLINE
        sending_since_ms = status.sending_since_ms
        is_sending = status.pending > 0 and sending_since_ms is not None
        if is_sending and now_ms - (sending_since_ms or 0) > SENDING_MS_MIN:
            return Connection.SENDING
        return Connection.ONLINE

    def _counts_as_offline(self, status: ConnectionStatus, now_ms: int) -> bool:
        if not self._is_settled:
            self._is_settled = status.online or status.failed_tries > 0
            return self._is_settled and not status.online
        if not status.online:
            if self._connection not in {Connection.ONLINE, Connection.SENDING}:
                return True
            since_ms = status.offline_since_ms
            is_long = since_ms is None or now_ms - since_ms >= OFFLINE_MS_MIN
            return is_long and status.failed_tries >= FAILED_TRIES_MIN
        if self._connection is not Connection.OFFLINE:
            return False
        return now_ms - (self._online_since_ms or now_ms) < STABLE_MS_MIN

    @staticmethod
    def _looks(status: ConnectionStatus, owner: str) -> tuple[str, ...]:
        """Return what needs a look, and whom to call."""
        sentences: list[str] = []
        if abs(status.clock_off_minutes) > CLOCK_OFF_MINUTES_MAX:
            minutes = abs(status.clock_off_minutes)
            sentences.append(CATALOG[Code.CLOCK_OFF].sentence({"minutes": minutes}))
        if status.trouble is not None and status.trouble not in _NETWORK_TROUBLE:
            sentences.append(CATALOG[status.trouble].sentence({"owner": owner} | status.facts))
        return (*sentences, f"Call {owner}.")


def _needs_a_look(status: ConnectionStatus, now_ms: int) -> bool:
    if abs(status.clock_off_minutes) > CLOCK_OFF_MINUTES_MAX:
        return True
    if status.trouble is not None and status.trouble not in _NETWORK_TROUBLE:
        return True
    since_ms = status.offline_since_ms
    return not status.online and since_ms is not None and now_ms - since_ms > OFFLINE_MS_MAX


def _on_the_way(count: int) -> str:
    return "1 item is on its way." if count == 1 else f"{count:,} items are on their way."


def _online(status: ConnectionStatus, clock: Clock) -> tuple[str, ...]:
    contact = status.last_contact_ms
    last = f"Last contact {time_of_day(contact, clock)}." if contact is not None else ""
    if status.pending:
        return tuple(filter(None, (_on_the_way(status.pending), last)))
    return (f"Everything is sent. {last}".strip(),)


def _offline(status: ConnectionStatus, clock: Clock) -> tuple[str, ...]:
    if status.online:
        return ()
    since_ms = status.offline_since_ms
    since = f"Offline since {time_of_day(since_ms, clock)}." if since_ms is not None else "Offline."
    items = counted(status.pending, "item is", "items are")
    sends = "sends by itself." if status.pending == 1 else "send by themselves."
    if status.at_hub:
        return (
            since,
            f"{items} safe on this PC and on the shop's hub, and {sends}",
            "The tills of this shop see each other's points; the server has not heard of them yet.",
            "Rewards: as many points as this shop holds for the member.",
        )
    safe = f"{items} safe on this PC and {sends}"
    return (since, safe, "Rewards: as many points as this till holds for the member.")


def _cause(status: ConnectionStatus, owner: str) -> tuple[str, ...]:
    if status.trouble is None:
        return ()
    return (CATALOG[status.trouble].sentence({"owner": owner} | status.facts),)
