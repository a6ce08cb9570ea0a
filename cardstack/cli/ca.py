"""`cardstack ca`: the certification authority, recognition between provinces, and validation."""

import typer

from cardstack.cli.ca_validate import validate

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.command("validate")(validate)


@app.callback()
def _group() -> None:
    """The group itself does nothing."""
