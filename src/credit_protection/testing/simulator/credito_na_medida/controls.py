"""The bureau's own control endpoints: changes at the bureau that no client requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from credit_protection.testing.simulator.credito_na_medida.ledger import Debt
from credit_protection.testing.simulator.credito_na_medida.state import BureauState

Arguments = dict[str, Any]


class BureauControls:
    """`table` has the handler of each method and path below `/__simulator`."""

    def __init__(self, state: BureauState) -> None:
        self._state = state
        self.table: dict[tuple[str, str], Callable[[Arguments], object]] = {
            ("GET", "/records"): self.record,
            ("POST", "/records"): self.add_records,
            ("POST", "/removals"): self.remove_at_bureau,
            ("GET", "/catalogue"): lambda _: state.catalogue.as_json(),
            ("POST", "/catalogue"): self.change_catalogue,
            ("POST", "/tokens/expire"): lambda _: state.tokens.expire_all(),
        }

    def record(self, arguments: Arguments) -> object:
        """`id`: one record, with `motivo` and the body of its inclusion as `pedido`."""
        record = self._state.ledger.get(str(arguments.get("id")))
        return self._state.ledger.wire(record) | {"motivo": record.motivo, "pedido": json.loads(record.debt.pedido)}

    def add_records(self, arguments: Arguments) -> object:
        """`records`: {documento, contrato, vencimento, valor, natureza} each; natureza is OUT by default."""
        try:
            debts = [Debt(**({"natureza": "OUT"} | record)) for record in arguments["records"]]
        except (KeyError, TypeError) as error:
            raise ValueError("records: a list of {documento, contrato, vencimento, valor, natureza}") from error
        ledger = self._state.ledger
        return [ledger.wire(ledger.include(debt, seconds=0).record) for debt in debts]

    def remove_at_bureau(self, arguments: Arguments) -> object:
        """`id`: the bureau removes the record itself, at once."""
        return self._state.ledger.wire(self._state.ledger.withdraw(str(arguments.get("id"))))

    def change_catalogue(self, arguments: Arguments) -> object:
        """`produtos`, `naturezas`, `motivos` replace the list of that name; `remove_product` removes one."""
        lists = dict(arguments)
        removed = lists.pop("remove_product", None)
        for name, entries in lists.items():
            if name not in self._state.catalogue.as_json() or not isinstance(entries, list):
                raise ValueError("lists of produtos, naturezas, motivos; or remove_product")
            for entry in entries:
                self._check(name, entry)
        self._state.catalogue.replace(lists)
        if removed is not None:
            self._state.catalogue.remove_product(str(removed))
        return self._state.catalogue.as_json()

    def _check(self, name: str, entry: object) -> None:
        if name == "produtos":
            self._state.contract.check("Produto", entry)
        elif not isinstance(entry, dict) or set(entry) != {"codigo", "descricao"}:
            raise ValueError(f"{name}: each {{codigo, descricao}}")
