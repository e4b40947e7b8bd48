"""Telling the story on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from credit_protection.entrypoints.cli.words import word_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from credit_protection.domain.findings import Finding
    from credit_protection.entrypoints.demo.report import Line

_PIPE_WIDTH = 140


class Narrator:
    """Prints the steps as they happen, and the table at the end."""

    def __init__(self) -> None:
        width = None if sys.stdout.isatty() else _PIPE_WIDTH
        self._console = Console(width=width, highlight=False, emoji=False)
        self._steps = 0

    def step(self, title: str) -> None:
        """The next step begins."""
        self._steps += 1
        self._console.print(Text(f"{self._steps:2d}. {title}", style="bold"))

    def tell(self, detail: str) -> None:
        """One thing that happened in it."""
        self._console.print(Text(f"    {detail}"))

    def findings(self, findings: Iterable[Finding]) -> None:
        """What the rules say."""
        for finding in findings:
            self.tell(f"{word_for(finding.severity)} [{finding.code}]: {finding.message}")

    def waiting(self, what: str) -> AbstractContextManager[object]:
        """A spinner while something takes its time; nothing moves where nobody watches."""
        return self._console.status(what)

    def ending(self, lines: Iterable[Line], seconds: float | None, pdf: Path | None) -> None:
        """The table, the seconds, the file that is kept."""
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
