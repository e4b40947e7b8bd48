"""What every adapter that opens a SQLite file does alike."""

import sqlite3
import time

_RETRY_SECONDS = 0.01
_BUSY_CODES = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}


def switch_to_wal(connection: sqlite3.Connection, timeout: float) -> None:
    """Switch the file to WAL mode.

    The connection's busy time-out does not cover the switch, so this retries for `timeout` seconds. Raises what sqlite3
    raises.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _BUSY_CODES or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return
