"""Which error ends the program with which code: one table, read from top to bottom."""

from __future__ import annotations

from enum import IntEnum

from credit_protection.domain import errors


class ExitCode(IntEnum):
    """What a script can tell from the exit code."""

    DONE = 0
    REFUSED = 1
    """A rule refuses, ours or the bureau's: asking again the same way is no use."""
    WRONG_USAGE = 2
    """What was given, or the installation, must be corrected."""
    UNAVAILABLE = 3
    """The bureau or the ERP did not answer as it should, or the outcome is not known."""
    ACCOUNT = 4
    """The bureau refuses the credentials, or the account has no credit."""
    NOT_PERMITTED = 5
    NOT_FOUND = 6
    INTERNAL = 70
    ABORTED = 130


TABLE: tuple[tuple[type[BaseException], ExitCode], ...] = (
    (errors.InvalidInput, ExitCode.WRONG_USAGE),
    (errors.ConfigurationError, ExitCode.WRONG_USAGE),
    (errors.RuleViolation, ExitCode.REFUSED),
    (errors.Conflict, ExitCode.REFUSED),
    (errors.PermissionDenied, ExitCode.NOT_PERMITTED),
    (errors.NotFound, ExitCode.NOT_FOUND),
    (errors.HostUnavailable, ExitCode.UNAVAILABLE),
    (errors.CredentialsRejected, ExitCode.ACCOUNT),
    (errors.NoCredit, ExitCode.ACCOUNT),
    (errors.Refused, ExitCode.REFUSED),
    (errors.BureauError, ExitCode.UNAVAILABLE),
    (KeyboardInterrupt, ExitCode.ABORTED),
    (EOFError, ExitCode.ABORTED),
    (Exception, ExitCode.INTERNAL),
)
"""The first row whose class fits counts. What is no row's (SystemExit, say) is not an error of ours."""


def exit_code(error: BaseException) -> ExitCode:
    """The code for an error."""
    return next((code for kind, code in TABLE if isinstance(error, kind)), ExitCode.INTERNAL)
