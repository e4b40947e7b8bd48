"""The command line `credit-protection`: one module for each family of commands, and one place where errors end."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from credit_protection.entrypoints.cli import (
    audit,
    click_messages,
    customers,
    divergences,
    failures,
    host,
    integrations,
    invoices,
    negativate,
    negativations,
    payments,
    processes,
    queries,
    reconciliation,
    removals,
    users,
)
from credit_protection.entrypoints.cli.exit_codes import ExitCode
from credit_protection.entrypoints.cli.output import Output


class ErrorBoundary(TyperGroup):
    """The root of the commands: turns what a command raises into a message and an exit code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,  # noqa: ANN401 - the library's signature
    ) -> Any:  # noqa: ANN401
        """Run the named command, and exit."""
        given = list(sys.argv[1:] if args is None else args)
        output = Output(as_json="--json" in given)
        click_messages.translate_help(self, given)
        code: object = ExitCode.DONE
        try:
            code = super().main(given, prog_name, complete_var, False, windows_expand_args, **extra)  # noqa: FBT003
            if code == ExitCode.ABORTED:  # the library has caught Ctrl-C
                code = failures.report_error(KeyboardInterrupt(), output)
        except failures.ExitWith as ending:
            code = ending.code
        except typer.Abort:
            code = failures.report_error(EOFError(), output)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - every error is reported here
            code = failures.report_error(error, output)
        if standalone_mode:
            sys.exit(int(code) if isinstance(code, int) else ExitCode.DONE)
        return code


app = typer.Typer(
    cls=ErrorBoundary,
    name="credit-protection",
    help="Proteção de crédito para ERPs: consultas, negativação, e remoção sozinha quando a dívida é paga.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"credit-protection {processes.version()}")
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
app.add_typer(customers.creditors, name="creditors")
app.add_typer(customers.customers, name="customers")
app.command("query")(queries.run_query)
app.add_typer(queries.queries, name="queries")
app.add_typer(invoices.invoices, name="invoices")
app.add_typer(payments.payments, name="payments")
app.command("negativate")(negativate.negativate)
app.add_typer(negativations.negativations, name="negativations")
app.add_typer(removals.removals, name="removals")
app.command("sweep")(removals.sweep)
app.command("reconcile")(reconciliation.reconcile)
app.command("restored")(reconciliation.restored)
app.command("worker")(processes.worker)
app.command("simulator")(processes.simulator)
app.command("demo")(processes.demo)
app.add_typer(host.host, name="host")
app.add_typer(divergences.divergences, name="divergences")
app.add_typer(audit.audit, name="audit")
app.add_typer(users.users, name="users")
app.add_typer(processes.plugins, name="plugins")
