"""A shop's hub: serves the tills of one shop over its own network while the server is away."""
