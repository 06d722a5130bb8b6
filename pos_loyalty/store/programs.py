"""Program versions as the till knows them."""

import msgspec

from pos_loyalty.domain.ids import ProgramVersion
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.store.database import Connection


class ProgramRepository:
    """Reads and writes program versions over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> tuple[LoyaltyProgram, ...]:
        """Return every version known here, oldest first."""
        rows = self._connection.execute(
            "SELECT document FROM program ORDER BY effective_from_ms, version"
        ).fetchall()
        return tuple(msgspec.json.decode(row[0], type=LoyaltyProgram) for row in rows)

    def get(self, version: ProgramVersion) -> LoyaltyProgram | None:
        """Return one version, or None where this till never had it."""
        row = self._connection.execute(
            "SELECT document FROM program WHERE version = ?", (version,)
        ).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=LoyaltyProgram)

    def put(self, program: LoyaltyProgram) -> None:
        """Add a version; a version never changes, so a second time does nothing."""
        self._connection.execute(
            "INSERT INTO program(version, effective_from_ms, document) VALUES (?, ?, ?)"
            " ON CONFLICT(version) DO NOTHING",
            (program.version, program.effective_from_ms, msgspec.json.encode(program)),
        )
