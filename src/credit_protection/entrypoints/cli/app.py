"""The command line: `credit-protection`. One module a family of commands; every error ends in one place."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from credit_protection.entrypoints.cli import (
    failures,
    integrations,
    invoices,
    negativating,
    negativations,
    queries,
    removals,
    running,
    usage,
)
from credit_protection.entrypoints.cli.exit_codes import ExitCode
from credit_protection.entrypoints.cli.output import Output


class Boundary(TyperGroup):
    """The root of the commands: whatever is raised below becomes a message and an exit code here."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,  # noqa: ANN401 - the library's signature
    ) -> Any:  # noqa: ANN401
        """Run the command that is named, and exit."""
        given = list(sys.argv[1:] if args is None else args)
        output = Output(as_json="--json" in given)
        usage.in_portuguese(given)
        code: object = ExitCode.DONE
        try:
            code = super().main(given, prog_name, complete_var, False, windows_expand_args, **extra)  # noqa: FBT003
            if code == ExitCode.ABORTED:  # the library has caught Ctrl-C
                code = failures.tell(KeyboardInterrupt(), output)
        except failures.AlreadyTold as told:
            code = told.code
        except typer.Abort:
            code = failures.tell(EOFError(), output)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the boundary: nothing passes it untold
            code = failures.tell(error, output)
        if standalone_mode:
            sys.exit(int(code) if isinstance(code, int) else ExitCode.DONE)
        return code


app = typer.Typer(
    cls=Boundary,
    name="credit-protection",
    help="Proteção de crédito para ERPs: consultas, negativação, e remoção sozinha quando a dívida é paga.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"credit-protection {running.version()}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Mostra a versão e termina.")
    ] = False,
) -> None:
    """Proteção de crédito para ERPs: consultas, negativação, e remoção sozinha quando a dívida é paga."""


app.add_typer(integrations.integration, name="integration")
app.add_typer(integrations.products, name="products")
app.add_typer(integrations.natures, name="natures")
app.command("query")(queries.run_query)
app.add_typer(queries.queries, name="queries")
app.add_typer(invoices.invoices, name="invoices")
app.command("negativate")(negativating.negativate)
app.add_typer(negativations.negativations, name="negativations")
app.add_typer(removals.removals, name="removals")
app.command("sweep")(removals.sweep)
app.command("worker")(running.worker)
app.command("simulator")(running.simulator)
app.command("demo")(running.demo)
app.add_typer(running.plugins, name="plugins")
