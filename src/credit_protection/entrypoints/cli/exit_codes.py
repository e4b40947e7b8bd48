"""The exit code of each error: one table, read from top to bottom."""

from enum import IntEnum

from credit_protection import (
    BureauError,
    ConfigurationError,
    Conflict,
    CredentialsRejected,
    HostUnavailable,
    InvalidInput,
    NoCredit,
    NotFound,
    PermissionDenied,
    Refused,
    RuleViolation,
)


class ExitCode(IntEnum):
    """What the exit code means to a script."""

    DONE = 0
    REFUSED = 1
    """A rule refuses, ours or the bureau's: the same request would be refused again."""
    WRONG_USAGE = 2
    """The command line or the installation must be corrected."""
    UNAVAILABLE = 3
    """The bureau, the ERP or the database did not answer as it should, or the outcome is not known."""
    ACCOUNT = 4
    """The bureau refuses the credentials, or the account has no credit."""
    NOT_PERMITTED = 5
    NOT_FOUND = 6
    INTERNAL = 70
    ABORTED = 130


TABLE: tuple[tuple[type[BaseException], ExitCode], ...] = (
    (InvalidInput, ExitCode.WRONG_USAGE),
    (ConfigurationError, ExitCode.WRONG_USAGE),
    (RuleViolation, ExitCode.REFUSED),
    (Conflict, ExitCode.REFUSED),
    (PermissionDenied, ExitCode.NOT_PERMITTED),
    (NotFound, ExitCode.NOT_FOUND),
    (HostUnavailable, ExitCode.UNAVAILABLE),
    (CredentialsRejected, ExitCode.ACCOUNT),
    (NoCredit, ExitCode.ACCOUNT),
    (Refused, ExitCode.REFUSED),
    (BureauError, ExitCode.UNAVAILABLE),
    (KeyboardInterrupt, ExitCode.ABORTED),
    (EOFError, ExitCode.ABORTED),
    (Exception, ExitCode.INTERNAL),
)
"""The first row with a matching class counts."""


def exit_code(error: BaseException) -> ExitCode:
    """The code for an error."""
    return next((code for kind, code in TABLE if isinstance(error, kind)), ExitCode.INTERNAL)
