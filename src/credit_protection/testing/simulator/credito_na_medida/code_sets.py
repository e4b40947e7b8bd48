"""What the simulated bureau sells and lists: the codes of the contract's examples, or those of other bureaus.

A bureau's codes are its own. A gateway that takes one set for granted fails with the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

Entry = dict[str, Any]


class CodeSet(StrEnum):
    """Products, natures and removal reasons that belong together."""

    DECLARED = "declared"
    """The codes of the declared contract."""
    SHORT = "short"
    """Two letters, and four reasons only."""
    NUMERIC = "numeric"
    """Numbers, with descriptions in capitals and without accents."""


def _product(code: str, name: str, kind: str, persons: list[str], price: str | None, *inputs: Entry) -> Entry:
    return {"codigo": code, "nome": name, "tipo": kind, "pessoas": persons, "preco": price, "insumos": list(inputs)}


def _input(code: str, name: str, *, required: bool) -> Entry:
    return {"codigo": code, "nome": name, "obrigatorio": required}


def _described(**descriptions: str) -> list[Entry]:
    return [{"codigo": code.strip("_"), "descricao": text} for code, text in descriptions.items()]


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
NATURES = _described(DEV="Devedor (PF)", DUP="Duplicata (PJ)", MEN="Mensalidade (PF/PJ)", OUT="Outros")
REASONS = _described(
    PAGAMENTO="Pagamento da dívida",
    PAGAMENTO_PARCIAL="Pagamento parcial da dívida",
    RENEGOCIACAO="Renegociação da dívida",
    SOLICITACAO_CREDOR="Solicitação do credor",
    ORDEM_JUDICIAL="Ordem judicial",
    CORRECAO="Correção de dados",
    CONTESTACAO="Contestação do devedor",
    FRAUDE="Fraude comprovada",
    OBITO="Óbito do devedor",
    OUTROS="Outros motivos",
)
CATALOGUES: Mapping[CodeSet, Mapping[str, list[Entry]]] = {
    CodeSet.DECLARED: {"produtos": PRODUCTS, "naturezas": NATURES, "motivos": REASONS},
    CodeSet.SHORT: {
        "produtos": [
            _product("CB", "Consulta básica", "CONSULTA", ["PF", "PJ"], "3.10"),
            _product("IN", "Inclusão", "INCLUSAO", ["PF", "PJ"], "2.00"),
            _product("EX", "Exclusão", "EXCLUSAO", ["PF", "PJ"], None),
        ],
        "naturezas": _described(FT="Fatura (PF)", NF="Nota fiscal (PJ)", CT="Contrato (PF e PJ)"),
        "motivos": _described(
            PG="Pagamento da dívida", RN="Renegociação", OJ="Ordem judicial", SC="Solicitação do credor"
        ),
    },
    CodeSet.NUMERIC: {
        "produtos": [
            _product("0107", "CONSULTA COMPLETA", "CONSULTA", ["PF", "PJ"], "7.00"),
            _product("0220", "INCLUSAO", "INCLUSAO", ["PF", "PJ"], "1.90"),
            _product("0221", "EXCLUSAO", "EXCLUSAO", ["PF", "PJ"], None),
        ],
        "naturezas": _described(_31="SERVICO DE TELECOMUNICACAO (PF)", _32="DUPLICATA (PJ)", _99="OUTRAS OPERACOES"),
        "motivos": _described(
            _01="CORRECAO DE ENDERECO",
            _02="PAGAMENTO DA DIVIDA POR NOVO BOLETO",
            _03="PAGAMENTO DA DIVIDA",
            _04="ATUALIZACAO DE VALOR - PAGAMENTO PARCIAL",
            _05="RENEGOCIACAO DA DIVIDA",
            _06="POR SOLICITACAO DO CLIENTE",
            _07="ORDEM JUDICIAL",
            _08="MOTIVO NAO IDENTIFICADO",
        ),
    },
}
"""By the names of the lists in the control API."""
