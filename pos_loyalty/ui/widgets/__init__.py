"""Widgets painted by ourselves: they know sizes and colors, and nothing of loyalty rules."""
