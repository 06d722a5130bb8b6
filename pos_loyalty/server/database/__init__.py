"""The server's database: one set of statements on SQLite or PostgreSQL."""
