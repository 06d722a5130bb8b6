"""Use cases of the till: one file each, with its command, its result and its handler."""
