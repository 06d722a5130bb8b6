"""The same interface as Python's own sqlite3."""

from sqlcipher3.dbapi2 import *
