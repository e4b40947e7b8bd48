"""Logs by structlog over the standard library, on stderr, with every whole CPF, CNPJ and secret masked."""

import logging
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from credit_protection.adapters.http.transcripts import HIDDEN, mask
from credit_protection.domain.errors import ConfigurationError
from credit_protection.domain.texts import shown_text

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_LONGEST = 200_000
_OF_SEVERAL_LINES = frozenset({"exception", "stack"})
_UNMASKED = frozenset({"timestamp", "level", "logger", "_record", "_from_structlog"})
_is_secret_name = re.compile(r"secret|token|password|senha|authorization|cookie|(^|_)keys?$", re.IGNORECASE).search
_AUTHORIZATION = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9+/=_.~-]+", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^/\s:@]+:)[^/\s@]+@")
_CHATTY_LIBRARIES = ("stamina", "httpx", "httpcore", "alembic")
"""Libraries whose warnings we log ourselves, in better words; their own appear at INFO and DEBUG only."""
_is_frame = re.compile(r'  File "').match


class Masking:
    """The processor that masks every value of an event, at any depth, tracebacks included."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._secrets = tuple(secrets)

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        """Return the masked event."""
        masked = {name: value if name in _UNMASKED else self._masked(name, value) for name, value in event.items()}
        # a line break in a text of others would begin a line of the log that nobody wrote
        return {
            name: value.replace("\n", " ") if isinstance(value, str) and name not in _OF_SEVERAL_LINES else value
            for name, value in masked.items()
        }

    def _masked(self, name: str, value: object) -> object:
        if _is_secret_name(name):
            return HIDDEN
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int):
            text = str(value)
            return value if self._text(text) == text else self._text(text)
        if isinstance(value, Mapping):
            return {self._text(str(key)): self._masked(str(key), each) for key, each in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._masked("", each) for each in value]
        return self._text(str(value))

    def _text(self, text: str) -> str:
        """Mask line by line: a traceback's file names stay readable."""
        lines = text[:_LONGEST].split("\n")
        masked = [shown_text(line if _is_frame(line) else self._line(line)) for line in lines]
        return "\n".join([*masked, f"[mais {len(text) - _LONGEST} caracteres]"] if len(text) > _LONGEST else masked)

    def _line(self, line: str) -> str:
        without_tokens = _AUTHORIZATION.sub(HIDDEN, _URL_PASSWORD.sub(rf"\1{HIDDEN}@", line))
        return mask(without_tokens, self._secrets)


def configure(
    level: str = "WARNING", form: str = "text", *, secrets: Sequence[str] = (), stream: TextIO | None = None
) -> None:
    """Send all logs of structlog and the standard library through one masking handler, as `text` or `json` lines.

    Raises:
        ConfigurationError: there is no such level or form.
    """
    if level not in _LEVELS:
        raise ConfigurationError(
            f"CREDIT_PROTECTION_LOG_LEVEL deve ser um destes: {', '.join(_LEVELS)}; e não {level!r}.",
            code="nivel_de_log",
        )
    if form not in {"text", "json"}:
        raise ConfigurationError(
            f"CREDIT_PROTECTION_LOG_FORMAT deve ser text ou json, e não {form!r}.", code="formato_de_log"
        )
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.processors.format_exc_info,
                Masking(secrets),
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(form),
            ],
        )
    )
    root = logging.getLogger()
    for former in _handlers():
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _CHATTY_LIBRARIES:
        logging.getLogger(name).setLevel("INFO" if level in {"DEBUG", "INFO"} else "ERROR")


def is_configured() -> bool:
    """Whether `configure` was called in this process."""
    return bool(_handlers())


def _handlers() -> list[logging.Handler]:
    ours = structlog.stdlib.ProcessorFormatter
    return [each for each in logging.getLogger().handlers if isinstance(each.formatter, ours)]


def _renderer(form: str) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
