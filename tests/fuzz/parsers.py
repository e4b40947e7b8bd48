"""Every parser of outside data, with what it may be given. A parser returns, or raises one of its own errors.

Texts and bytes are seeds of the corpus, changed, besides what Hypothesis makes up. What makes a parser fail becomes a
seed.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st

from credit_protection import ui
from credit_protection.adapters.bureaus.credito_na_medida import errors
from credit_protection.adapters.bureaus.credito_na_medida.provider import PARAMETERS
from credit_protection.adapters.bureaus.credito_na_medida.wire import answers
from credit_protection.adapters.bureaus.json_answers import Unreadable, display_text
from credit_protection.adapters.bureaus.parameters import ParameterValues
from credit_protection.adapters.bureaus.pdf_reports import check_pdf, named_documents, trailing_notice
from credit_protection.adapters.extracts import open_extract
from credit_protection.adapters.extracts import parsing as cells
from credit_protection.adapters.extracts.portal import count_operations
from credit_protection.adapters.hosts import hubsoft_fields
from credit_protection.adapters.hosts.local import loading
from credit_protection.adapters.http import HttpReply, mask
from credit_protection.adapters.http.addresses import parse_address
from credit_protection.adapters.http.auth import _parse_token
from credit_protection.adapters.http.outcomes import parse_retry_after
from credit_protection.adapters.http.secret_forms import hide, hide_bytes
from credit_protection.adapters.storage.sqlalchemy.pages import cursor_values
from credit_protection.adapters.storage.sqlalchemy.tables import METADATA
from credit_protection.adapters.vault import FernetVault
from credit_protection.domain import parsing
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import ConfigurationError, CreditProtectionError, InvalidInput
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.natures import persons_in
from credit_protection.domain.texts import clean_text, shown_text
from credit_protection.plugins import configuration
from tests.attacks.hostile_bureau import SECRET

CORPUS = Path(__file__).parent / "corpus"
Parse = Callable[[Any], object]
_TODAY, _NOW = date(2026, 11, 24), datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Target:
    """What a group of parsers is given, and the errors that they may raise."""

    given: st.SearchStrategy[Any]
    parsers: tuple[Parse, ...]
    refuses: tuple[type[Exception], ...] = (InvalidInput,)


def seeds(name: str) -> list[bytes]:
    """The corpus of a target: one seed a line, with `\\xNN` for bytes that are no text."""
    path = CORPUS / f"{name}.txt"
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.encode().decode("unicode_escape").encode("latin-1") for line in lines if line]


@st.composite
def changed(draw: st.DrawFn, name: str) -> bytes:
    """A seed, with parts cut, repeated, exchanged or written over."""
    content = draw(st.sampled_from(seeds(name) or [b""]))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(content)))
        to = draw(st.integers(at, min(len(content), at + 12)))
        put = draw(st.binary(max_size=6) | st.sampled_from(_PARTS) | st.just(content[at:to] * 2))
        content = content[:at] + put + content[to:]
    return content


_PARTS = [
    *(b"\0", b"-", b".", b",", b"1e9", b"\xff", b"\xc3", b'"', b";", b"\r\n", b"9" * 40, b"\\ud800", b"NaN", b"null"),
    *("１".encode(), "\u202e".encode(), b"{}", b"[", b"]", b"\x1b[2J", b"%25", b"&#49;", b"=", b"T", b":"),
]


def texts(name: str) -> st.SearchStrategy[str]:
    """Seeds that are changed, and texts of any kind."""
    given = changed(name).map(lambda content: content.decode("utf-8", "surrogateescape"))
    return given | st.text(max_size=60) | st.text("0123456789.,-/ R$eE+T:", max_size=30)


def contents(name: str) -> st.SearchStrategy[bytes]:
    return changed(name) | st.binary(max_size=400)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | texts("amounts") | texts("days"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=12,
)


@cache
def _samples() -> dict[str, Any]:
    """The file of a provider, small: its records are changed field by field."""
    path = Path(loading.__file__).parent / "example_provider.json"
    whole = json.loads(path.read_text(encoding="utf-8"))
    return {name: value[:3] if isinstance(value, list) else value for name, value in whole.items()}


@st.composite
def provider_files(draw: st.DrawFn) -> str:
    """A provider's file, some of its fields exchanged."""
    file = json.loads(json.dumps(_samples()))
    for _ in range(draw(st.integers(0, 5))):
        place = file
        while isinstance(place, dict | list) and place:
            key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            inner = place[key]
            if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
                place[key] = draw(JSON)
                break
            place = inner
    return json.dumps(file)


_FIELDS = [
    *("id", "documento", "contrato", "vencimento", "valor", "operacao", "situacao", "natureza", "erro", "total"),
    *("negativacoes", "produtos", "naturezas", "motivos", "codigo", "mensagem", "campo", "nome", "tipo", "pessoas"),
    *(
        "preco",
        "insumos",
        "descricao",
        "protocolo",
        "pdf_base64",
        "pdf_url",
        "access_token",
        "expires_in",
        "token_type",
    ),
]
_BODIES = st.recursive(
    JSON, lambda inner: st.dictionaries(st.sampled_from(_FIELDS), inner, max_size=8) | st.lists(inner, max_size=3)
).map(lambda value: json.dumps(value).encode())
REPLIES = st.builds(
    HttpReply,
    st.sampled_from([200, 201, 202, 400, 402, 404, 409, 422, 500]),
    st.fixed_dictionaries(
        {"content-type": st.sampled_from(["application/json", "text/html", "application/pdf", "; charset=utf-16"])}
    ).map(MappingProxyType),
    _BODIES | contents("answers"),
    st.none() | st.text("P-1", max_size=5),
)
CELLS = (
    texts("amounts")
    | texts("days")
    | texts("documents")
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.dates()
    | st.datetimes()
)


def read_replies(reply: HttpReply) -> None:
    """The gateway's parsers, each with its own error."""
    for parse in (
        *(answers.parse_products, answers.parse_natures, answers.parse_reasons, answers.parse_record),
        *(answers.parse_page, answers.parse_report),
    ):
        with contextlib.suppress(Unreadable):
            parse(reply)
    refusal = errors.Refusal(reply, "")
    str(errors.read_error(refusal))
    for receipt in (errors.inclusion_receipt, lambda given: errors.removal_receipt(given, "N1")):
        with contextlib.suppress(CreditProtectionError):
            receipt(refusal)
    _parse_token(reply, 0.0)
    reply.without([SECRET])


def read_extract(content: bytes) -> None:
    """The rows of an extract, adopted or only counted."""
    with _file(content) as path:
        for read in (lambda: [*open_extract(path).rows()], lambda: count_operations(path)):
            with contextlib.suppress(InvalidInput):
                read()


def read_workbook(parts: tuple[bytes, bytes]) -> None:
    """An extract in a workbook whose sheet and shared texts are hostile."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_workbook())) as old, zipfile.ZipFile(made, "w") as new:
        for info in old.infolist():
            given = {"xl/worksheets/sheet1.xml": parts[0], "xl/styles.xml": parts[1]}.get(info.filename)
            new.writestr(info.filename, given or old.read(info))
    read_extract(made.getvalue())


@cache
def _workbook() -> bytes:
    from tests.attacks.test_spreadsheets import workbook  # noqa: PLC0415 - it imports openpyxl

    return workbook()


def read_configuration(content: bytes) -> None:
    """A configuration file."""
    with _file(content, "credit_protection.toml") as path, contextlib.suppress(ConfigurationError):
        configuration.load({"CREDIT_PROTECTION_HOME": str(path.parent)})


def read_environment(values: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(ConfigurationError):
        configuration.load({"CREDIT_PROTECTION_HOME": folder, **values})


def read_pdf(content: bytes) -> None:
    """A report."""
    check_pdf(content, "application/pdf")
    named_documents(content)
    trailing_notice(content)


def read_keys(text: str) -> None:
    vault = FernetVault(text.split(","))
    vault.decrypt(vault.encrypt(text))


def read_cursor(text: str) -> None:
    table = METADATA.tables["cp_negativation"]
    cursor_values(text, table.c.created_at, table.c.id)
    cursor_values(text, sa.Column("number", sa.Integer))


def read_filters(values: Mapping[str, object]) -> None:
    """What a screen's filters are given."""
    for read in (
        *(ui.negativation_filter, ui.divergence_filter, ui.query_filter),
        *(lambda given: ui.audit_filter(given, UTC), lambda given: ui.overdue_filter(given, _TODAY)),
        lambda given: ui.page_request(given.get("size"), given.get("after")),
    ):
        with contextlib.suppress(InvalidInput):
            read(values)


def read_settings(texts_by_name: Mapping[str, str]) -> None:
    ui.change_settings(IntegrationSettings(), texts_by_name)


def read_parameters(given: Mapping[str, str]) -> None:
    """A gateway's parameters as an operator fills them in."""
    values = ParameterValues(PARAMETERS, given)
    for read in (
        lambda: values.base_url("base_url"),
        lambda: values.number("tempo_limite", 30),
        lambda: values.number("conexoes", 256),
        lambda: values.choice("credenciais"),
    ):
        with contextlib.suppress(InvalidInput):
            read()


@contextlib.contextmanager
def _file(content: bytes, name: str = "given.bin") -> Any:  # noqa: ANN401 - a context manager of a path
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        path.chmod(0o600)
        yield path


_FILTERS = [
    *("integration_id", "customer_id", "document", "is_open", "observed", "blocked", "code", "since", "until", "city"),
    *("minimum_days_late", "minimum_balance", "subject", "act", "size", "after", "awaits_person"),
]
_SETTINGS = [field.name for field in ui.SETTING_FIELDS]
_VALUES = texts("amounts") | texts("days") | texts("documents") | texts("settings")
_SHEET = contents("sheets")
TARGETS: dict[str, Target] = {
    "amounts": Target(
        texts("amounts"),
        (
            *(parsing.parse_machine_amount, parsing.parse_brazilian_amount, parsing.parse_file_amount),
            *(parsing.parse_amount, parsing.is_ambiguous_amount),
        ),
    ),
    "days": Target(
        texts("days"),
        (
            *(parsing.parse_iso_day, parsing.parse_brazilian_day, parsing.parse_day),
            lambda text: ui.parse_instant(text, UTC),
        ),
    ),
    "documents": Target(texts("documents"), (parse_document, parsing.restore_leading_zeros, parsing.compact_document)),
    "names": Target(texts("names"), (parsing.fold, clean_text, shown_text, display_text, persons_in, ui.format_value)),
    "cells": Target(
        CELLS,
        (
            *(cells.document, cells.day, cells.moment, cells.money, cells.reference, cells.text, cells.is_number),
            *(cells.has_lost_digits, lambda cell: cells.state(cell, cell)),
        ),
    ),
    "extracts": Target(contents("extracts"), (read_extract,)),
    "workbooks": Target(st.tuples(_SHEET, _SHEET | st.just(b"")), (read_workbook,)),
    "providers": Target(
        provider_files() | texts("providers"),
        (
            lambda text: loading.load(text, today=_TODAY, shift=True),
            lambda text: loading.load(text, today=_TODAY, shift=False),
        ),
    ),
    "hubsoft": Target(
        JSON,
        (
            *(hubsoft_fields.read_amount, hubsoft_fields.read_day, hubsoft_fields.read_birth),
            *(hubsoft_fields.read_postal_code, lambda value: hubsoft_fields.read_state(value, value)),
        ),
        (ValueError,),
    ),
    "answers": Target(REPLIES, (read_replies,)),
    "headers": Target(
        texts("headers"),
        (lambda text: parse_retry_after(text, _NOW), parse_address, answers.usable_url, answers.usable_id),
    ),
    "secrets": Target(
        texts("names"),
        (mask, lambda text: hide(text, [SECRET]), lambda text: hide_bytes(text.encode("utf-8", "replace"), [SECRET])),
    ),
    "configuration": Target(contents("configuration"), (read_configuration,)),
    "environment": Target(
        st.dictionaries(
            st.sampled_from([f"CREDIT_PROTECTION_{name.upper()}" for name in sorted(configuration._KNOWN)]),
            _VALUES.filter(lambda text: "\0" not in text),
            max_size=3,
        ),
        (read_environment,),
    ),
    "keys": Target(texts("keys"), (read_keys,), (ConfigurationError,)),
    "reports": Target(contents("reports"), (read_pdf,), (CreditProtectionError,)),
    "cursors": Target(texts("cursors"), (read_cursor,)),
    "filters": Target(
        st.dictionaries(
            st.sampled_from(_FILTERS) | st.text(max_size=5),
            _VALUES | st.lists(_VALUES, max_size=2) | st.integers() | st.booleans() | st.none(),
            max_size=3,
        ),
        (read_filters,),
    ),
    "settings": Target(st.dictionaries(st.sampled_from(_SETTINGS), _VALUES, min_size=1, max_size=3), (read_settings,)),
    "parameters": Target(
        st.dictionaries(st.sampled_from([each.name for each in PARAMETERS]), _VALUES | texts("headers"), max_size=4),
        (read_parameters,),
    ),
}


def check(target: Target, given: object) -> None:
    """Give it to each parser. What one raises that is not its own error is a failure."""
    for parse in target.parsers:
        with contextlib.suppress(*target.refuses):
            parse(given)
