"""The options of the simulated bureau; they can change at run time."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from jsonschema import Draft202012Validator


class ReportForm(StrEnum):
    """How a query's report reaches the client."""

    PDF = "pdf"
    """The PDF itself is the answer."""
    BASE64 = "base64"
    """JSON with `pdf_base64`."""
    URL = "url"
    """JSON with `pdf_url` on the API's own origin: fetched with the token."""
    OTHER_ORIGIN = "other_origin"
    """JSON with `pdf_url` on another origin (a second port): fetched without it."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options, with the names that the control API and the Python API take."""

    client_id: str = "demo-client"
    client_secret: str = "demo-secret"  # noqa: S105 - a made-up secret
    token_seconds: int = 3600
    """The validity of a token: `expires_in`."""
    processing_seconds: float = 0.5
    """How long an accepted inclusion or removal stays PROCESSANDO."""
    duplicate_check: bool = True
    """Off: a second inclusion under an active key makes a second record instead of 409."""
    balance: Decimal | None = None
    """The balance for queries in BRL; None: unlimited."""
    report_form: ReportForm = ReportForm.PDF
    report_forms: dict[str, ReportForm] = field(default_factory=dict)
    """Other forms by product code."""
    alphanumeric_cnpj: bool = True
    """Off: a CNPJ with letters is refused."""

    def changed(self, changes: dict[str, Any]) -> Options:
        """The options after changes in their JSON form; `ValueError` names a refused one."""
        problem = next(iter(_SCHEMA.iter_errors(changes)), None)
        if problem is not None:
            raise ValueError(f"{problem.json_path}: {problem.message}")
        typed = dict(changes)
        if changes.get("balance") is not None:
            typed["balance"] = Decimal(str(changes["balance"]))
        if "report_form" in changes:
            typed["report_form"] = ReportForm(changes["report_form"])
        if "report_forms" in changes:
            typed["report_forms"] = {code: ReportForm(form) for code, form in changes["report_forms"].items()}
        return replace(self, **typed)

    def as_json(self) -> dict[str, Any]:
        """The options in their JSON form; the balance as a string."""
        return asdict(self) | {"balance": None if self.balance is None else str(self.balance)}


_FORM = {"enum": [form.value for form in ReportForm]}
_SCHEMA = Draft202012Validator(
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "client_id": {"type": "string"},
            "client_secret": {"type": "string"},
            "token_seconds": {"type": "integer", "minimum": 0},
            "processing_seconds": {"type": "number", "minimum": 0},
            "duplicate_check": {"type": "boolean"},
            "balance": {
                "anyOf": [{"type": ["number", "null"], "minimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d{2})?$"}]
            },
            "report_form": _FORM,
            "report_forms": {"type": "object", "additionalProperties": _FORM},
            "alphanumeric_cnpj": {"type": "boolean"},
        },
    }
)
