"""HTTP over one connection, with an end to its patience.

uvicorn waits for ever for the head of a request; somebody who sends one letter a
minute on a thousand connections would hold them all.
"""

import asyncio
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from pos_loyalty.server.settings import HEAD_SECONDS_MAX


class PatientProtocol(H11Protocol):
    """Closes a connection whose request does not begin, or begins too slowly."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """Take bytes; wait for the rest of a head only so long."""
        super().data_received(data)
        if self._is_without_request:
            if self._timer is None:
                self._start_timer()
        else:
            self._stop_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_timer()
        super().connection_lost(exc)

    @property
    def _is_without_request(self) -> bool:
        # Before the first request uvicorn has None here, though it is typed otherwise.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is None or cycle.response_complete

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS_MAX, self._give_up)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if self._is_without_request:
            self.transport.close()
