"""What a plugin's guard gives, read with distrust: whatever is not a well-formed warning refuses the inclusion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice

from credit_protection.domain.findings import Finding, Severity

BROKEN_GUARD = "verificacao_defeituosa"
"""Code of the finding about a guard that failed, or whose answer is malformed; its field names the guard."""
_MOST = 1000
_LONGEST = 300
_NO_REASON = "Uma verificação instalada neste ambiente veta a inclusão e não diz por quê. Pergunte a quem a mantém."


def findings_of(name: str, guard: Callable[..., object], *arguments: object) -> list[Finding]:
    """Ask a guard; each of its findings as a plain one, and one that refuses where it failed or gave anything else.

    Raises:
        KeyboardInterrupt: a person ends the process. No other exception of the guard gets out.
    """
    found: list[Finding] = []
    try:
        given = guard(*arguments)
        for number, each in enumerate(_read(given)):
            if number == _MOST:
                return [*found, _broken(name, f"deu mais de {_MOST} respostas")]
            found.append(_plain(name, each))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit too: a guard that fails refuses, and ends nothing
        found.append(_broken(name, f"falhou: {type(error).__name__}"))
    return found


def guard_name(guard: object) -> str:
    """The name by which a guard is reported."""
    with suppress(Exception):
        return f"{getattr(guard, '__module__', '')}.{getattr(guard, '__qualname__', type(guard).__qualname__)}"
    return "sem nome"


def broken_guards(findings: Iterable[Finding]) -> dict[str, str]:
    """The guards that failed, with what is said about each."""
    return {each.field: each.message for each in findings if each.code == BROKEN_GUARD}


def _read(given: object) -> Iterator[object]:
    if isinstance(given, (str, bytes, bytearray, memoryview, Finding)) or not isinstance(given, Iterable):
        close = getattr(given, "close", None)  # a coroutine that nobody awaits
        if callable(close):
            close()
        raise TypeError(type(given).__name__)
    return islice(given, _MOST + 1)


def _plain(name: str, given: object) -> Finding:
    """The finding with each of its attributes read once; a subclass may answer otherwise the second time."""
    if not isinstance(given, Finding):
        return _broken(name, f"respondeu {type(given).__name__} em lugar de Finding")
    severity: object = given.severity
    message = _text(given.message).strip()
    if severity is Severity.BLOCK:
        about = _text(given.invoice_id) or None
        return Finding(_text(given.code) or "veto", Severity.BLOCK, message or _NO_REASON, _text(given.field), about)
    code, field, about = given.code, given.field, given.invoice_id
    is_whole = message and _text(code).strip() and _is_text(field) and (about is None or _is_text(about))
    if severity is not Severity.WARN or not is_whole:
        return _broken(name, "deu uma resposta malformada", message)
    return Finding(code, Severity.WARN, message, field, about)


def _is_text(given: object) -> bool:
    return isinstance(given, str)


def _text(given: object) -> str:
    return given if isinstance(given, str) else ""


def _broken(name: str, what: str, said: str = "") -> Finding:
    message = f"A verificação {name} {what}. Enquanto isso nenhuma inclusão é enviada. Corrija ou desinstale o plugin."
    return Finding(BROKEN_GUARD, Severity.BLOCK, f"{message} Ela disse: {said[:_LONGEST]}" if said else message, name)
