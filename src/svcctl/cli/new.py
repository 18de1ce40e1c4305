"""``svcctl new``: a project for a service in Python that runs and passes its test at once."""

from __future__ import annotations

from pathlib import Path

import click

from svcctl.cli.command import Command
from svcctl.cli.output import as_json
from svcctl.cli.session import Session


@click.command(
    cls=Command,
    params=[
        click.Argument(["name"]),
        click.Option(
            ["--dir", "folder"],
            metavar="PATH",
            type=click.Path(file_okay=False),
            help="folder to write it into (default: ./NAME)",
        ),
        click.Option(["--app"], is_flag=True, help="functions on an App, instead of a class"),
        click.Option(["--force"], is_flag=True, help="replace files that are there"),
        click.Option(["--dry-run"], is_flag=True, help="say what would be written, write nothing"),
        click.Option(
            ["--output", "-o"],
            type=click.Choice(["text", "json"]),
            default="text",
            help="format of the result (default: text)",
        ),
    ],
    help="Begin a service in Python: its code, configuration, test, definition and Dockerfile. "
    "All files are written, or none.",
)
@click.pass_obj
def new(
    session: Session,
    /,
    *,
    name: str,
    folder: str | None,
    app: bool,
    force: bool,
    dry_run: bool,
    output: str,
) -> int:
    from svcctl.cli.skeleton.project import project  # noqa: PLC0415 - only needed here
    from svcctl.cli.skeleton.writing import check_free, write_all  # noqa: PLC0415

    files = project(name, as_app=app)
    path = Path(folder or name)
    if dry_run:
        check_free(path, files, force=force)
    else:
        write_all(path, files, force=force)
    if output == "json":
        made = {"name": name, "folder": str(path), "files": sorted(files), "written": not dry_run}
        session.out.line(as_json(made))
        return 0
    for each in sorted(files):
        session.out.line(f"{'would write' if dry_run else 'wrote'} {path / each}")
    if not dry_run:
        session.tell(f"next: cd {path}, pytest, then python {_module(files)}")
    return 0


def _module(files: dict[str, str]) -> str:
    return next(each for each in files if each.endswith(".py") and not each.startswith("test_"))


new.examples = (
    "svcctl new mailer",
    "svcctl new order-mailer --dir services/mailer --app",
    "svcctl new mailer --dry-run -o json",
)
