"""The till's side of the protocol: pure steps, the one door to HTTP, and the engine."""
