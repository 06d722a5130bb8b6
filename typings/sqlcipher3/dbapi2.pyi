"""The same interface as Python's own sqlite3; for the checker its classes are the same, too."""

from sqlite3.dbapi2 import *
from sqlite3 import *
