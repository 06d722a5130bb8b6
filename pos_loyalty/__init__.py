"""Loyalty cards for shops whose tills go on working when the internet does not."""

__version__ = "0.4.0"
