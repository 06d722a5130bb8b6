"""Deterministic simulation: real tills and a real server under seeded faults, in one thread."""
