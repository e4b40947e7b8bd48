"""The exit code of each error."""

import pytest

from credit_protection.domain import errors
from credit_protection.entrypoints.cli.exit_codes import TABLE, ExitCode, exit_code

ROWS: list[tuple[BaseException, int]] = [
    (errors.InvalidInput("x"), 2),
    (errors.ConfigurationError("x"), 2),
    (errors.RuleViolation("x"), 1),
    (errors.Conflict("x"), 1),
    (errors.PermissionDenied("x"), 5),
    (errors.NotFound("x"), 6),
    (errors.HostUnavailable("x"), 3),
    (errors.CredentialsRejected("x"), 4),
    (errors.NoCredit("x"), 4),
    (errors.Refused("x"), 1),
    (errors.BureauError("x"), 3),
    (KeyboardInterrupt(), 130),
    (EOFError(), 130),
    (ZeroDivisionError(), 70),
]


@pytest.mark.parametrize(("error", "code"), ROWS, ids=[type(error).__name__ for error, _ in ROWS])
def test_error_has_its_exit_code(error: BaseException, code: int) -> None:
    assert exit_code(error) == code


def test_every_row_of_the_table_is_tested() -> None:
    assert [kind for kind, _ in TABLE[:-1]] == [type(error) for error, _ in ROWS[:-1]]


@pytest.mark.parametrize(
    "error",
    [
        errors.BureauUnavailable("x"),
        errors.RateLimited("x"),
        errors.InclusionStillProcessing("x"),
        errors.OutcomeUnknown("x"),
        errors.ProtocolError("x"),
        errors.InvalidReport("x"),
    ],
)
def test_unavailable_bureau_and_unknown_outcome_are_unavailable(error: errors.BureauError) -> None:
    assert exit_code(error) is ExitCode.UNAVAILABLE


def test_domain_errors_are_not_internal() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    for kind in kinds:
        if kind is not errors.CreditProtectionError:
            assert exit_code(kind("x")) is not ExitCode.INTERNAL, kind


def test_error_outside_the_table_is_internal() -> None:
    assert exit_code(GeneratorExit()) is ExitCode.INTERNAL
