"""The fictitious contract's products, inclusion natures and removal reasons. Tests may change them at run time."""

from __future__ import annotations

import copy
import re
import threading
from typing import Any

from validate_docbr import CNPJ, CPF

from credit_protection.testing.simulator.bureau import Refusal

Entry = dict[str, Any]


def _product(code: str, name: str, kind: str, persons: list[str], price: str | None, *inputs: Entry) -> Entry:
    return {"codigo": code, "nome": name, "tipo": kind, "pessoas": persons, "preco": price, "insumos": list(inputs)}


def _input(code: str, name: str, *, required: bool) -> Entry:
    return {"codigo": code, "nome": name, "obrigatorio": required}


PRODUCTS = [
    _product("ESSENCIAL", "Consulta Essencial", "CONSULTA", ["PF", "PJ"], "2.90"),
    _product("MEDIDA-PF", "Crédito na Medida Pessoa Física", "CONSULTA", ["PF"], "6.50"),
    _product("MEDIDA-PJ", "Crédito na Medida Empresas", "CONSULTA", ["PJ"], "9.80"),
    _product(
        "SCORE",
        "Score de Crédito",
        "CONSULTA",
        ["PF", "PJ"],
        "4.20",
        _input("modelo_score", "Modelo de score", required=True),
        _input("referencia", "Referência interna", required=False),
    ),
    _product("NEG-INC", "Inclusão de negativação", "INCLUSAO", ["PF", "PJ"], "3.40"),
    _product("NEG-EXC", "Exclusão de negativação", "EXCLUSAO", ["PF", "PJ"], None),
]
NATURES = [
    {"codigo": "DEV", "descricao": "Devedor (PF)"},
    {"codigo": "DUP", "descricao": "Duplicata (PJ)"},
    {"codigo": "MEN", "descricao": "Mensalidade (PF/PJ)"},
    {"codigo": "OUT", "descricao": "Outros"},
]
REASONS = [
    {"codigo": "PAGAMENTO", "descricao": "Pagamento da dívida"},
    {"codigo": "PAGAMENTO_PARCIAL", "descricao": "Pagamento parcial da dívida"},
    {"codigo": "RENEGOCIACAO", "descricao": "Renegociação da dívida"},
    {"codigo": "SOLICITACAO_CREDOR", "descricao": "Solicitação do credor"},
    {"codigo": "ORDEM_JUDICIAL", "descricao": "Ordem judicial"},
    {"codigo": "CORRECAO", "descricao": "Correção de dados"},
    {"codigo": "CONTESTACAO", "descricao": "Contestação do devedor"},
    {"codigo": "FRAUDE", "descricao": "Fraude comprovada"},
    {"codigo": "OBITO", "descricao": "Óbito do devedor"},
    {"codigo": "OUTROS", "descricao": "Outros motivos"},
]
_CPF, _CNPJ = CPF(), CNPJ()


class Catalogue:
    """The three lists. Each is replaced, never changed in place, so that readers need no lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lists: dict[str, list[Entry]] = copy.deepcopy(
            {"produtos": PRODUCTS, "naturezas": NATURES, "motivos": REASONS}
        )

    def as_json(self) -> dict[str, list[Entry]]:
        """`{"produtos": [...], "naturezas": [...], "motivos": [...]}`."""
        return self._lists

    def replace(self, lists: dict[str, list[Entry]]) -> None:
        """Replace the named lists."""
        with self._lock:
            self._lists = self._lists | copy.deepcopy(lists)

    def remove_product(self, code: str) -> None:
        """Remove a product; `ValueError` if it does not exist."""
        with self._lock:
            left = [product for product in self._lists["produtos"] if product["codigo"] != code]
            if len(left) == len(self._lists["produtos"]):
                raise ValueError(f"no product {code!r}")
            self._lists = self._lists | {"produtos": left}

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
        if person not in persons_of(nature["descricao"]):
            raise Refusal(422, "NATUREZA_NAO_ADMITE_PESSOA", f"A natureza não admite {person}", field="natureza")

    def check_reason(self, code: str) -> None:
        """Raise a `Refusal` if the removal reason does not exist."""
        if self._entry("motivos", code) is None:
            raise Refusal(422, "MOTIVO_INVALIDO", "Motivo de baixa desconhecido", field="motivo")

    def _entry(self, name: str, code: str) -> Entry | None:
        return next((entry for entry in self._lists[name] if entry["codigo"] == code), None)


def persons_of(description: str) -> frozenset[str]:
    """The persons that a nature admits, by the mark in its description; without a mark, both."""
    mark = re.search(r"\((PF|PJ|PF/PJ)\)", description)
    return frozenset(mark[1].split("/")) if mark else frozenset({"PF", "PJ"})


def person_of(document: str, *, alphanumeric: bool = True) -> str | None:
    """`PF` for a valid CPF, `PJ` for a valid CNPJ, None for anything else."""
    if re.fullmatch(r"[0-9]{11}", document) and _CPF.validate(document):
        return "PF"
    shape = r"[0-9A-Z]{12}[0-9]{2}" if alphanumeric else r"[0-9]{14}"
    if re.fullmatch(shape, document) and _CNPJ.validate(document):
        return "PJ"
    return None
