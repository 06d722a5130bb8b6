"""Program versions as the till knows them."""

from collections.abc import Iterable

import msgspec

from pos_loyalty.domain.ids import ProgramVersion
from pos_loyalty.domain.program import NEVER_MS, LoyaltyProgram, put_aside
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
        """Add a version; a version never changes, so a second time does nothing.

        One that was put aside here holds again where the server published the very same.
        """
        self._connection.execute(
            "INSERT INTO program(version, effective_from_ms, document) VALUES (?, ?, ?)"
            " ON CONFLICT(version) DO UPDATE SET effective_from_ms = excluded.effective_from_ms,"
            " document = excluded.document WHERE program.effective_from_ms >= ?",
            (program.version, program.effective_from_ms, msgspec.json.encode(program), NEVER_MS),
        )

    def put_aside(self, programs: Iterable[LoyaltyProgram]) -> None:
        """Keep versions for what was sold by them; they are never in force from now on."""
        for program in programs:
            aside = put_aside(program)
            self._connection.execute(
                "UPDATE program SET effective_from_ms = ?, document = ? WHERE version = ?",
                (aside.effective_from_ms, msgspec.json.encode(aside), aside.version),
            )
