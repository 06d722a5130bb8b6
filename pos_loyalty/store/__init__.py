"""The till's local SQLite file: the only SQL on the till."""
