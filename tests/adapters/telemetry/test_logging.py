"""Logs contain no whole document and no secret."""

import io
import json
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog

from credit_protection.adapters.telemetry import logging as telemetry
from credit_protection.domain.errors import ConfigurationError

CPF, CNPJ, LETTERS = "90010020055", "12345678000195", "12ABC34501DE35"

Log = Callable[..., str]


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(params=["text", "json"])
def written(request: pytest.FixtureRequest, root: logging.Logger) -> io.StringIO:
    stream = io.StringIO()
    telemetry.configure("DEBUG", request.param, secrets=["opaque-value"], stream=stream)
    assert root.level == logging.DEBUG
    return stream


@pytest.mark.parametrize(
    "text",
    [
        f"about {CPF}",
        "about 900.100.200-55",
        f"?documento={CPF}&x=1",
        f"about {CNPJ}",
        "about 12.345.678/0001-95",
        f"about {LETTERS}",
        "about 12.ABC.345/01DE-35",
        "about 12.345.678%2F0001-95",
        "Authorization: Bearer abcdefgh",
        'client_secret="hush-hush"',
        "an opaque-value in between",
        "postgresql://user:hush-hush@db/erp",
    ],
)
def test_documents_and_secrets_are_masked_in_any_text(written: io.StringIO, text: str) -> None:
    logging.getLogger("host").warning("seen: %s", text)
    structlog.get_logger("ours").warning("seen", text=text, deep={"list": [text]})
    for hidden in (CPF, "900.100.200-55", CNPJ, "12.345.678", LETTERS, "12.ABC", "abcdefgh", "hush-hush", "opaque"):
        assert hidden not in written.getvalue()


def test_values_with_a_secret_name_are_masked_and_others_kept(written: io.StringIO) -> None:
    logging.getLogger("host").warning("called", extra={"client_secret": "s3", "access_token": "t4", "attempt": 3})
    line = written.getvalue()
    assert "s3" not in line
    assert "t4" not in line
    assert "3" in line
    assert "called" in line


def test_document_logged_as_a_number_is_masked(written: io.StringIO) -> None:
    structlog.get_logger("ours").warning("seen", document=int(CPF))
    assert CPF not in written.getvalue()


def test_traceback_is_masked_and_keeps_its_file_names(written: io.StringIO) -> None:
    try:
        int(f"no such customer {CPF}")
    except ValueError:
        logging.getLogger("host").exception("failed")
    assert CPF not in written.getvalue()
    assert "test_logging.py" in written.getvalue()
    assert "ValueError" in written.getvalue()


def test_json_log_is_one_object_per_line(root: logging.Logger) -> None:
    stream = io.StringIO()
    telemetry.configure("INFO", "json", stream=stream)
    logging.getLogger("a").info("first", extra={"n": 1})
    structlog.get_logger("b").info("second")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["n"], first["level"], first["logger"]) == ("first", 1, "info", "a")
    assert second["event"] == "second"
    assert len(root.handlers) >= 1


def test_second_configuration_replaces_the_first(root: logging.Logger) -> None:
    first, second = io.StringIO(), io.StringIO()
    telemetry.configure("DEBUG", stream=first)
    telemetry.configure("WARNING", stream=second)
    logging.getLogger("a").info("unseen")
    structlog.get_logger("a").info("unseen")
    structlog.get_logger("a").warning("seen")
    assert root.level == logging.WARNING
    assert first.getvalue() == ""
    assert "unseen" not in second.getvalue()
    assert "seen" in second.getvalue()


def test_library_logs_appear_only_at_info_and_debug(root: logging.Logger) -> None:
    stream = io.StringIO()
    telemetry.configure("WARNING", stream=stream)
    structlog.get_logger("stamina").warning("retry")
    assert stream.getvalue() == ""
    telemetry.configure("DEBUG", stream=stream)
    structlog.get_logger("stamina").warning("retry")
    logging.getLogger("httpcore.http11").debug("every header")
    assert "retry" in stream.getvalue()
    assert "every header" not in stream.getvalue()
    assert telemetry.is_configured()
    assert root.handlers


@pytest.mark.parametrize(("level", "form"), [("LOUD", "text"), ("INFO", "xml")])
def test_unknown_level_or_form_is_refused(level: str, form: str) -> None:
    with pytest.raises(ConfigurationError):
        telemetry.configure(level, form)
