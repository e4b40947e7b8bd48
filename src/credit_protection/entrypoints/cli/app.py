"""The command line: `credit-protection`. One module a family of commands; errors end in one place."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from credit_protection.entrypoints.cli import failures, usage
from credit_protection.entrypoints.cli.exit_codes import ExitCode
from credit_protection.entrypoints.cli.output import Output

if TYPE_CHECKING:
    from collections.abc import Sequence


class Boundary(TyperGroup):
    """The root of the commands: whatever is raised below becomes a message and an exit code here."""

    def main(
        self, args: Sequence[str] | None = None, *further: Any, standalone_mode: bool = True, **named: Any  # noqa: ANN401
    ) -> Any:  # noqa: ANN401 - the library's signature
        """Run the command that is named, and exit."""
        given = list(sys.argv[1:] if args is None else args)
        if not standalone_mode:
            return super().main(given, *further, standalone_mode=False, **named)
        sys.exit(self._run(given, *further, **named))

    def _run(self, given: list[str], *further: Any, **named: Any) -> int:  # noqa: ANN401
        output = Output(as_json="--json" in given)
        usage.in_portuguese()
        try:
            code = super().main(given, *further, standalone_mode=False, **named)
        except failures.AlreadyTold as told:
            return told.code
        except typer.Abort:
            return failures.tell(EOFError(), output)
        except (Exception, KeyboardInterrupt) as error:
            if usage.is_about_usage(error):
                return failures.wrong_usage(usage.sentence(error), output)
            return failures.tell(error, output)
        return code if isinstance(code, int) else ExitCode.DONE
