"""The commands of mining: the five stages, and what comes of them."""

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import Json, Reason, Seed, UseCase, app, known, print_rows
from pipelines.settings import Settings

command = partial(app.command, rich_help_panel="Mining")
Version = Annotated[int, typer.Argument(help="As `crm challengers` lists it.")]


@command()
def mine(  # noqa: PLR0913 - one argument for each option
    use_case: Annotated[
        str,
        typer.Argument(
            help="churn, cross_sell, or with --target a CSV or Parquet file, or a "
            "table of the warehouse",
            metavar="USE_CASE_OR_TABLE",
        ),
    ],
    *,
    seed: Seed = 0,
    target: Annotated[str | None, typer.Option(help="Column to predict.")] = None,
    id_column: Annotated[
        str | None, typer.Option("--id", help="Column that names a row.")
    ] = None,
    time_column: Annotated[
        str | None, typer.Option("--time", help="Column that orders rows in time.")
    ] = None,
    test: Annotated[Path | None, typer.Option(help="File of rows to predict.")] = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="Column not to learn from; repeatable.")
    ] = None,
    positive: Annotated[
        str | None, typer.Option(help="Value of the target to predict.")
    ] = None,
    metric: Annotated[
        str, typer.Option(help="Choose by auc, average_precision or brier.")
    ] = "auc",
    budget: Annotated[
        float, typer.Option(min=1, help="Seconds of work on each core.")
    ] = 120.0,
    allow_leak: Annotated[
        bool,
        typer.Option("--allow-leak", help="Learn from what predicts perfectly, too."),
    ] = False,
) -> None:
    """Sample, explore, modify, model and assess in one."""
    if target is None:
        from pipelines import mine as step

        step.run(Settings(), known(use_case), seed=seed)
        return
    from pipelines import any_table
    from pipelines.any_table.request import Request

    request = Request(
        source=use_case,
        target=target,
        id_column=id_column,
        time_column=time_column,
        test=test,
        drop=tuple(drop or ()),
        positive=positive,
        metric=metric,
        budget=budget,
        seed=seed,
        allow_leak=allow_leak,
    )
    typer.echo(any_table.run(Settings(), request) / "report.html")


@command()
def sample(use_case: UseCase, seed: Seed = 0) -> None:
    """Choose the snapshots to learn from, split by date with the horizon as gap."""
    from pipelines import sample as step

    step.run(Settings(), known(use_case), seed=seed)


@command()
def explore(use_case: UseCase) -> None:
    """Profile the sample's columns."""
    from pipelines import explore as step

    step.run(Settings(), known(use_case))


@command()
def modify(use_case: UseCase) -> None:
    """Decide what is done to each column."""
    from pipelines import modify as step

    step.run(Settings(), known(use_case))


@command()
def model(use_case: UseCase) -> None:
    """Fit and calibrate the candidates."""
    from pipelines import model as step

    step.run(Settings(), known(use_case))


@command()
def assess(use_case: UseCase) -> None:
    """Compare the candidates out of time; the better one challenges the champion."""
    from pipelines import assess as step

    step.run(Settings(), known(use_case))


@command()
def challengers(*, as_json: Json = False) -> None:
    """List who wanted to become champion, what was decided, and who waits."""
    from pipelines import challenges

    print_rows(challenges.list_all(Settings()), as_json=as_json)


@command()
def approve(use_case: UseCase, version: Version, *, reason: Reason) -> None:
    """Make a challenger that waits, or an earlier champion, the champion."""
    from pipelines import promote as step

    step.approve(Settings(), known(use_case), version, reason)


@command()
def decline(use_case: UseCase, version: Version, *, reason: Reason) -> None:
    """Let a challenger wait no longer."""
    from pipelines import promote as step

    step.decline(Settings(), known(use_case), version, reason)


@command()
def score(use_case: UseCase) -> None:
    """Score the latest snapshot with the champion."""
    from pipelines import score as step

    step.run(Settings(), known(use_case))


@command()
def explain(use_case: UseCase) -> None:
    """Say why the champion scores each customer as it does."""
    from pipelines import explain as step

    step.run(Settings(), known(use_case))


@command()
def monitor(
    use_case: Annotated[
        str | None, typer.Argument(help="churn or cross_sell; else both")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Measure drift, and compare earlier scores with what came of them."""
    from pipelines import health
    from pipelines import monitor as step

    settings = Settings()
    use_cases = (known(use_case),) if use_case else ("churn", "cross_sell")
    notes = [note for name in use_cases for note in step.run(settings, name)]
    figures = health.list_figures(settings, use_cases)
    if as_json:
        typer.echo(json.dumps({"figures": figures, "notes": notes}, default=str))
        return
    # A hundred features that have not moved are not worth a hundred lines.
    print_rows(
        [
            {
                "use case": row["use_case"],
                "as of": row["as_of_date"],
                "figure": " ".join(filter(None, (row["metric"], row["feature"]))),
                "value": f"{row['value']:.3f}",
                "threshold": row["threshold"],
                "": "alert" if row["is_alert"] else "",
            }
            for row in figures
            if row["is_alert"] or row["feature"] is None
        ],
        as_json=False,
    )
    for note in notes:
        typer.echo(note)
