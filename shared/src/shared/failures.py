"""Whose fault an error of the database is."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

_TRANSIENT = ("08", "40", "53", "55P03", "57014", "57P", "58", "42P01", "42703")


def is_outage(error: BaseException) -> bool:
    """Whether the database (not the statement) failed, so that the same work may succeed later.

    SQLSTATE classes: 08 connection, 40 rollback (deadlock, serialisation), 53 resources, 57P shutdown,
    58 system error; 57014 a statement that took too long. 42P01 and 42703, a missing table or column, are
    those of a database that is not migrated yet.
    """
    if isinstance(error, (OSError, TimeoutError)):
        return True
    if not isinstance(error, DBAPIError):
        # what asyncpg raises before there is a connection is not wrapped
        return str(getattr(error, "sqlstate", None) or "").startswith(_TRANSIENT)
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return str(state).startswith(_TRANSIENT)
    return isinstance(error, (OperationalError, InterfaceError))


def is_bad_value(error: BaseException) -> bool:
    """Whether a value is one that the database's type cannot hold: SQLSTATE class 22, which asyncpg
    uses too for what it cannot send; SQLite's driver raises OverflowError for a number over 64 bits."""
    if isinstance(error, DBAPIError):
        return str(getattr(error.orig, "sqlstate", None) or "").startswith("22")
    return isinstance(error, OverflowError)
