"""A server without a line, and kiosks whose sales are carried to it by hand."""

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from pos_loyalty.server.carried import ImportPacket, PacketAnswered, invitation_for
from pos_loyalty.server.setup import create_till_code, open_database, read_merchant
from pos_loyalty.server.system import SystemClock, SystemIds
from pos_loyalty.server.verify import verify_books
from pos_loyalty.services.carry_by_hand import AnswerTaken, CarryByHandHandler
from pos_loyalty.services.packet_file import write_packet
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.till import Till, open_till

CLOCK = SystemClock()
IDS = SystemIds(CLOCK)


@dataclass
class Office:
    """A server without a line, and a kiosk that is never online."""

    folder: Path
    tills: list[Till] = field(default_factory=list[Till])

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'books.db'}"

    def invitation(self, name: str = "invitation") -> Path:
        file = self.folder / name
        with closing(open_database(self.url)) as database:
            code = create_till_code(database, shop_name="Kiosk", minutes=60, clock=CLOCK, ids=IDS)
            write_packet(file, invitation_for(database, read_merchant(database), code, ids=IDS))
        return file

    def take(self, file: Path, reply: Path) -> PacketAnswered:
        with closing(open_database(self.url)) as database:
            answered = ImportPacket(
                database=database, merchant=read_merchant(database), clock=CLOCK, ids=IDS
            )(file.read_bytes())
        write_packet(reply, answered.packet)
        return answered

    def open(self, name: str) -> Till:
        till = open_till(self.folder / name, keys=FileKeys(self.folder / "keys"))
        self.tills.append(till)
        return till

    def stick(self, name: str) -> Path:
        return self.folder / name

    def joined(self, name: str) -> Till:
        till = self.open(name)
        hand(till).invite(self.invitation(f"{name}-invitation"))
        self.trip(till, f"{name}-first")
        return till

    def trip(self, till: Till, name: str = "trip") -> AnswerTaken:
        up, down = self.stick(f"{name}.up"), self.stick(f"{name}.down")
        hand(till).export(up)
        self.take(up, down)
        return hand(till).take(down)

    def facts(self) -> list[str]:
        with closing(open_database(self.url)) as database, database.read() as session:
            rows = session.fetch("SELECT event FROM event WHERE event IS NOT NULL")
        return [str(row[0]) for row in rows]

    def fetch(self, query: str) -> list[tuple[object, ...]]:
        with closing(open_database(self.url)) as database, database.read() as session:
            return session.fetch(query)

    def assert_sound(self) -> None:
        with closing(open_database(self.url)) as database:
            assert not verify_books(database).faults
        assert len(self.facts()) == len(set(self.facts()))
        assert self.fetch("SELECT kind FROM attention") == []


def hand(till: Till) -> CarryByHandHandler:
    return CarryByHandHandler(till.context)


def pending(till: Till) -> int:
    return till.sync.status().pending
