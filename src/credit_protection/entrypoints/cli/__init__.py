"""`credit-protection`: the command line."""


def main() -> None:
    """The console script."""
    from credit_protection.entrypoints.cli.app import app  # noqa: PLC0415 - importing this package loads no command

    app()
