"""The state that operations and controls share: options and lists, which can change at run time, and tokens."""

from __future__ import annotations

import copy
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from validate_docbr import CNPJ, CPF

from credit_protection.domain.natures import persons_in
from credit_protection.testing.simulator.bureau import Refusal, SimulatorClock
from credit_protection.testing.simulator.contract import Contract
from credit_protection.testing.simulator.credito_na_medida.code_sets import CATALOGUES, CodeSet, Entry
from credit_protection.testing.simulator.credito_na_medida.ledger import BureauLedger
from credit_protection.testing.simulator.credito_na_medida.reports import ReportOrder
from credit_protection.testing.simulator.faults import Fault, check_json

_CPF, _CNPJ = CPF(), CNPJ()


class Catalogue:
    """The three lists. Each is replaced, never changed in place, so that readers need no lock."""

    def __init__(self) -> None:
        self._lists: dict[str, list[Entry]] = copy.deepcopy(dict(CATALOGUES[CodeSet.DECLARED]))

    def as_json(self) -> dict[str, list[Entry]]:
        """`{"produtos": [...], "naturezas": [...], "motivos": [...]}`."""
        return self._lists

    def replace(self, lists: Mapping[str, list[Entry]]) -> None:
        """Replace the named lists."""
        self._lists = self._lists | copy.deepcopy(dict(lists))

    def query_product(self, code: str, person: str, inputs: dict[str, str]) -> Entry:
        """The product of a query about such a person with such inputs; else raise a `Refusal`."""
        product = self._entry("produtos", code)
        if product is None:
            raise Refusal(422, "PRODUTO_INVALIDO", "Produto não contratado", field="produto")
        if product["tipo"] != "CONSULTA":
            raise Refusal(422, "PRODUTO_INVALIDO", "O produto não é uma consulta", field="produto")
        if person not in product.get("pessoas", [person]):
            raise Refusal(422, "PRODUTO_NAO_ADMITE_PESSOA", f"O produto não admite {person}", field="produto")
        known = {entry["codigo"]: entry for entry in product.get("insumos", ())}
        for name in inputs:
            if name not in known:
                raise Refusal(422, "INSUMO_INVALIDO", "Insumo desconhecido para o produto", field=f"insumos.{name}")
        for name, entry in known.items():
            if entry.get("obrigatorio") and not inputs.get(name, "").strip():
                message = f"O produto exige o insumo: {entry.get('nome', name)}"
                raise Refusal(422, "INSUMO_OBRIGATORIO", message, field=f"insumos.{name}")
        return product

    def check_nature(self, code: str, person: str) -> None:
        """Raise a `Refusal` if the nature does not exist or does not admit the person."""
        nature = self._entry("naturezas", code)
        if nature is None:
            raise Refusal(422, "NATUREZA_INVALIDA", "Natureza desconhecida", field="natureza")
        if person not in (persons_in(nature["descricao"]) or {person}):
            raise Refusal(422, "NATUREZA_NAO_ADMITE_PESSOA", f"A natureza não admite {person}", field="natureza")

    def check_reason(self, code: str) -> None:
        """Raise a `Refusal` if the removal reason does not exist."""
        if self._entry("motivos", code) is None:
            raise Refusal(422, "MOTIVO_INVALIDO", "Motivo de baixa desconhecido", field="motivo")

    def _entry(self, name: str, code: str) -> Entry | None:
        return next((entry for entry in self._lists[name] if entry["codigo"] == code), None)


def person_of(document: str, *, alphanumeric: bool = True) -> str | None:
    """`PF` for a valid CPF, `PJ` for a valid CNPJ, None for anything else."""
    if re.fullmatch(r"[0-9]{11}", document) and _CPF.validate(document):
        return "PF"
    shape = r"[0-9A-Z]{12}[0-9]{2}" if alphanumeric else r"[0-9]{14}"
    if re.fullmatch(shape, document) and _CNPJ.validate(document):
        return "PJ"
    return None


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
    code_set: CodeSet = CodeSet.DECLARED
    """Which products, natures and reasons are listed; to set it replaces all three lists."""

    def changed(self, changes: dict[str, Any]) -> Options:
        """The options after changes in their JSON form; `ValueError` names a refused one."""
        check_json(_SCHEMA, changes)
        typed = dict(changes)
        if changes.get("balance") is not None:
            typed["balance"] = Decimal(str(changes["balance"]))
        if "report_form" in changes:
            typed["report_form"] = ReportForm(changes["report_form"])
        if "code_set" in changes:
            typed["code_set"] = CodeSet(changes["code_set"])
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
            "code_set": {"enum": [each.value for each in CodeSet]},
        },
    }
)


@cache
def declared_contract() -> Contract:
    """The declared contract that this package ships."""
    text = (files("credit_protection.testing.simulator") / "credito_na_medida.declared.yaml").read_text("utf-8")
    return Contract(text, error_schema="Erro")


class BureauState:
    """Contract, options, tokens, ledger, catalogue, and the reports to download."""

    def __init__(self, clock: SimulatorClock, files_origin: Callable[[], str]) -> None:
        self.clock = clock
        self.files_origin = files_origin
        self.contract = declared_contract()
        self.tokens = Tokens(clock)
        self.ledger = BureauLedger(clock)
        self.catalogue = Catalogue()
        self.reports: dict[str, tuple[ReportOrder, Fault | None]] = {}
        self.options = Options()
        self._lock = threading.Lock()

    def set_options(self, changes: dict[str, Any]) -> None:
        """Change options by name. `ValueError` if one is refused; then none is changed."""
        with self._lock:
            self.options = self.options.changed(changes)
        if "code_set" in changes:
            self.catalogue.replace(CATALOGUES[self.options.code_set])

    def charge(self, price: Decimal) -> None:
        """Subtract a query's price from the balance, or refuse with 402."""
        with self._lock:
            balance = self.options.balance
            if balance is None:
                return
            if balance < price or balance == 0:
                raise Refusal(402, "SEM_CREDITO", "Saldo insuficiente para a consulta")
            self.options = replace(self.options, balance=balance - price)


class Tokens:
    """The access tokens that were issued."""

    def __init__(self, clock: SimulatorClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._expires_at: dict[str, float] = {}

    def issue(self, seconds: int) -> str:
        """Issue a token that is valid for so many seconds."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._expires_at[token] = self._clock.now() + seconds
        return token

    def check(self, authorization: str) -> None:
        """Raise a `Refusal` unless the header has a valid token."""
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            expires_at = self._expires_at.get(token.strip()) if scheme.lower() == "bearer" else None
        if expires_at is None:
            raise Refusal(401, "TOKEN_INVALIDO", "Token ausente ou inválido; autentique-se")
        if self._clock.now() >= expires_at:
            raise Refusal(401, "TOKEN_EXPIRADO", "Token expirado; autentique-se novamente")

    def expire_all(self) -> None:
        """Expire all tokens."""
        with self._lock:
            self._expires_at = dict.fromkeys(self._expires_at, self._clock.now())
