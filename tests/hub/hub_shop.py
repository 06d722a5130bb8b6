"""A shop of a test: a real server behind a proxy, a real hub, and tills with real engines."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pos_loyalty.hub.certificate import hub_identity, identity_pin
from pos_loyalty.hub.serve import HubSettings, HubStarted, serve_hub
from pos_loyalty.services.join_server import JoinServer
from pos_loyalty.services.shop_hub_place import KeepHubAddress
from pos_loyalty.store.hub_state import HubState
from pos_loyalty.till import Till
from tests.sync.shop import SECONDS, Shop, a_shop, sync, wait_until


@dataclass
class RunningHub:
    """A hub that serves in a thread."""

    till: Till
    port: int = 0
    announces: bool = False
    started: HubStarted | None = None
    _stop: Callable[[], None] | None = None
    _thread: threading.Thread | None = None
    _errors: list[BaseException] = field(default_factory=list[BaseException])

    @property
    def address(self) -> str:
        assert self.started is not None
        return self.started.address

    @property
    def state(self) -> HubState:
        context = self.till.context
        return HubState(context.store, context.clock, context.ids)

    def start(self) -> None:
        """Serve; the same port as before, if there was one."""
        ready = threading.Event()
        settings = HubSettings(host="127.0.0.1", port=self.port, announces=self.announces)

        def note(started: HubStarted) -> None:
            self.started = started
            ready.set()

        def keep(stop: Callable[[], None]) -> None:
            self._stop = stop

        def run() -> None:
            try:
                serve_hub(self.till, settings, on_ready=note, on_started=keep)
            except BaseException as error:  # noqa: BLE001 - told to the test
                self._errors.append(error)
            finally:
                ready.set()

        self._thread = threading.Thread(target=run, name="hub")
        self._thread.start()
        assert ready.wait(SECONDS)
        assert not self._errors, self._errors
        self.port = int(self.address.rpartition(":")[2])

    def stop(self) -> None:
        """End; what is kept stays on its disk."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        assert self._stop is not None
        self._stop()
        thread.join(SECONDS)
        assert not thread.is_alive()
        self.till.sync.stop()

    def waits(self) -> int:
        """Return how many requests are kept for the server."""
        return sum(count for _, count in self.state.waiting())


@dataclass
class HubbedShop:
    """The shop; ``cut`` takes the internet away from hub and tills alike."""

    shop: Shop
    hub: RunningHub

    def till(self, name: str) -> Till:
        """Let a till join and tell it where the hub is."""
        till = self.shop.joined_till(name)
        KeepHubAddress(till.context)(self.hub.address)
        assert sync(till).trouble is None
        wait_until(lambda: self._knows(till))
        return till

    def _knows(self, till: Till) -> bool:
        with till.context.store.read() as read:
            row = read.connection.execute(
                "SELECT value FROM setting WHERE name = 'till'"
            ).fetchone()
        return row[0] in {each.till for each in self.hub.state.tills()}

    def tell_address(self, till: Till, hub: RunningHub) -> None:
        """Tell a till where a hub is."""
        KeepHubAddress(till.context)(hub.address)

    @contextmanager
    def replaced(self) -> Generator[RunningHub]:
        """Set a second hub up, as after the first one's disk was lost."""
        hub = RunningHub(_joined_hub(self.shop, "second-hub"))
        hub.start()
        try:
            yield hub
        finally:
            hub.stop()

    def cut(self) -> None:
        """No internet from now on."""
        self.shop.proxy.cut()

    def heal(self) -> None:
        """The internet is back."""
        self.shop.proxy.heal()

    def rest(self, *tills: Till) -> None:
        """Wait until nothing is unsent anywhere."""
        everybody = (*tills, self.hub.till)
        for till in tills:
            # The shop does not wait for the longest pause of a till that gave up.
            sync(till, seconds=5)
        wait_until(
            lambda: (
                self.hub.waits() == 0 and all(till.sync.status().pending == 0 for till in everybody)
            ),
            seconds=45,
        )


@contextmanager
def a_shop_with_hub(folder: Path, *, announces: bool = False) -> Generator[HubbedShop]:
    with a_shop(folder) as shop:
        hub = RunningHub(_joined_hub(shop, "hub"), announces=announces)
        hub.start()
        try:
            yield HubbedShop(shop, hub)
        finally:
            hub.stop()


def _joined_hub(shop: Shop, name: str) -> Till:
    till = shop.open_till(name)
    identity = hub_identity(till.context.store, till.context.clock)
    code = shop.server.till_code()
    till.join_server(JoinServer(shop.proxy.url, code, hub_pin=identity_pin(identity)))
    return till
