"""Reports the demo on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from credit_protection.ui import label_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from credit_protection import Finding
    from credit_protection.entrypoints.demo.report import Line

_PIPE_WIDTH = 140


class ConsoleReporter:
    """Prints each step as it happens, and the comparison at the end."""

    def __init__(self) -> None:
        width = None if sys.stdout.isatty() else _PIPE_WIDTH
        self._console = Console(width=width, highlight=False, emoji=False)
        self._steps = 0

    def step(self, title: str) -> None:
        """Print the title of the next step."""
        self._steps += 1
        self._console.print(Text(f"{self._steps:2d}. {title}", style="bold"))

    def detail(self, text: str) -> None:
        """Print what happened in the step."""
        self._console.print(Text(f"    {text}"))

    def findings(self, findings: Iterable[Finding]) -> None:
        """Print the findings of the rules."""
        for finding in findings:
            self.detail(f"{label_for(finding.severity)} [{finding.code}]: {finding.message}")

    def waiting(self, what: str) -> AbstractContextManager[object]:
        """Show a spinner during the block; none where the output is no terminal."""
        return self._console.status(what)

    def summary(self, lines: Iterable[Line], seconds: float | None, pdf: Path | None) -> None:
        """Print the comparison, the seconds, and the name of the file that is kept."""
        table = Table(box=box.SIMPLE_HEAD, title="Birô e nós, lado a lado", title_justify="left")
        for heading in ("Registro", "Esperado", "No birô", "No nosso banco", "Confere"):
            table.add_column(heading)
        for line in lines:
            style, verdict = ("green", "ok") if line.is_as_expected else ("bold red", "DIFERE")
            table.add_row(*map(Text, (line.what, line.expected, line.bureau, line.ours)), Text(verdict, style))
        self._console.print()
        self._console.print(table)
        measured = "não aconteceu" if seconds is None else f"{seconds:.1f} segundos"
        self._console.print(Text(f"Do pagamento à remoção no birô: {measured}"))
        self._console.print(Text(f"Relatório da consulta (PDF): {'não veio' if pdf is None else pdf}"))
