"""Scanners and cameras without Qt: bytes, keystrokes and frames in, values out."""
