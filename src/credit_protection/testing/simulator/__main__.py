"""`python -m credit_protection.testing.simulator`: one simulated bureau until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from credit_protection.testing.simulator.simulator import BUREAUS, serve


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(
        prog="credit_protection.testing.simulator",
        description="Birô simulado, com dados fictícios, em HTTP de verdade.",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--bureau", choices=sorted(BUREAUS), help="qual birô simular")
    parser.add_argument("--host", default="127.0.0.1", help="endereço em que ouvir")
    parser.add_argument("--port", type=int, default=0, help="porta; 0 escolhe uma livre")
    parser.add_argument("--seed", type=int, help="semente do que é sorteado")
    parser.add_argument("--latency", type=_latency, metavar="S[-S]", help="latência em segundos: 0.05 ou 0.01-0.2")
    parser.add_argument("--client-id", help="padrão: demo-client")
    parser.add_argument("--client-secret", help="padrão: demo-secret")
    parser.add_argument("--token-seconds", type=int, help="validade do token; padrão: 3600")
    parser.add_argument("--processing-seconds", type=float, help="tempo em PROCESSANDO; padrão: 0.5")
    parser.add_argument("--balance", help="saldo para consultas em reais; padrão: sem limite")
    parser.add_argument("--report-form", choices=["pdf", "base64", "url", "other_origin"], help="forma do relatório")
    parser.add_argument(
        "--no-duplicate-check", dest="duplicate_check", action="store_false", help="aceita inclusões repetidas"
    )
    parser.add_argument(
        "--no-alphanumeric-cnpj", dest="alphanumeric_cnpj", action="store_false", help="recusa CNPJ com letras"
    )
    parser.add_argument(
        "--code-set", choices=["declared", "short", "numeric"], help="códigos de produtos, naturezas e motivos"
    )
    parser.add_argument("--end-with-stdin", action="store_true", help="termina quando a entrada padrão fecha")
    options: dict[str, Any] = vars(parser.parse_args(arguments))
    end_with = sys.stdin.fileno() if options.pop("end_with_stdin", False) else None
    try:
        serve(options.pop("host"), options.pop("port"), end_with=end_with, **options)
    except (OSError, ValueError) as error:
        parser.exit(1, f"simulador: {error}\n")


def _latency(text: str) -> float | list[float]:
    seconds = [float(part) for part in text.split("-")]
    return seconds[0] if len(seconds) == 1 else seconds


if __name__ == "__main__":
    main()
