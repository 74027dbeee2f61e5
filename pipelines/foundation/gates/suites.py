"""The door to Great Expectations: run a suite, and count what broke it.

GX gives the verdict and no more (``BOOLEAN_ONLY``): everything else it could say quotes
values. How many rows broke an expectation is counted in SQL of our own.
"""

import atexit
import shutil
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

import duckdb
import great_expectations as gx
import pandas as pd
from duckdb_sqlalchemy import ConnectionWrapper
from great_expectations.core import ExpectationValidationResult
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.data_context import AbstractDataContext
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)

from pipelines.foundation.feature_contract import load_feature_contract
from pipelines.foundation.gates.verdicts import Failure, Verdict
from pipelines.foundation.parameters import read_families

# Suites of tables whose columns are listed elsewhere, and what lists them.
BUILT_FROM = {
    "customer_features": load_feature_contract,
    "customer_labels": partial(read_families, is_offered="true"),
}

# GX closes its SQLAlchemy connection before it fetches the result. Closing rolls back,
# and in DuckDB that discards the result. Who only reads has nothing to roll back.
NEVER_ROLL_BACK = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}


@atexit.register
def _let_go_of_duckdb() -> None:
    """Keep nanobind from listing at exit, as leaked, what SQLAlchemy holds for good."""
    for name in [name for name in sys.modules if name.startswith("duckdb_sqlalchemy")]:
        vars(sys.modules[name]).clear()


def open_context() -> AbstractDataContext:
    """Open a context that keeps nothing, sends nothing and prints nothing."""
    config = DataContextConfig(
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def load_suite(table: str) -> gx.ExpectationSuite:
    """Load the suite of a table: a constant, or built from what is known elsewhere."""
    module = import_module(f"expectations.{table}")
    if table in BUILT_FROM:
        return module.build_suite(BUILT_FROM[table]())
    return module.SUITE


def judge_frame(
    context: AbstractDataContext, suite: gx.ExpectationSuite, frame: pd.DataFrame
) -> Verdict:
    """Run a suite over facts about deliveries, and name the deliveries that fail.

    Parameters
    ----------
    frame : DataFrame of shape (n_deliveries, n_facts)
        With ``delivery_id``.
    """
    source = context.data_sources.add_pandas(suite.name)
    batches = source.add_dataframe_asset("facts").add_batch_definition_whole_dataframe(
        "all"
    )
    parameters = {"dataframe": frame}
    results = _run(context, suite, batches, parameters)
    batch = batches.get_batch(batch_parameters=parameters)

    def name_deliveries(result: ExpectationValidationResult) -> dict:
        if _raised(result):
            return {"is_checked": False, "deliveries": tuple(frame["delivery_id"])}
        detail = batch.validate(
            result.expectation_config.to_domain_obj(),
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": ["delivery_id"],
            },
        )
        found = detail.result["unexpected_index_list"]
        return {"deliveries": tuple(row["delivery_id"] for row in found)}

    return _judge(suite, results, len(frame), name_deliveries)


def judge_query(
    context: AbstractDataContext,
    suite: gx.ExpectationSuite,
    connection: duckdb.DuckDBPyConnection,
    query: str,
    *,
    origins: str = "",
) -> Verdict:
    """Run a suite over the rows of a query, and count those that fail.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Reading only. GX uses it, and does not close it.
    origins : str, default=""
        A query of the ``delivery_id`` of what is in ``{broken}``: rows of ``query``.
    """
    source = context.data_sources.add_sql(
        suite.name,
        connection_string="duckdb://",
        create_temp_table=False,
        kwargs={"creator": lambda: ConnectionWrapper(connection.cursor())}
        | NEVER_ROLL_BACK,
    )
    batches = source.add_query_asset("rows", query=query)
    results = _run(context, suite, batches.add_batch_definition_whole_table("all"))

    def count_rows(result: ExpectationValidationResult) -> dict:
        if _raised(result):
            return {"is_checked": False}
        if (broken := _select_broken(result, query)) is None:
            return {}
        (count,) = connection.execute(*broken).fetchone()
        return {"count": count, "origins": find_origins(result)}

    def find_origins(result: ExpectationValidationResult) -> tuple[str, ...]:
        condition = result.expectation_config.meta.get("forbids")
        if not origins or not condition:
            return ()
        broken = f"select * from ({query}) as batch where {condition}"
        found = connection.execute(origins.format(broken=broken)).fetchall()
        return tuple(delivery_id for (delivery_id,) in found)

    (row_count,) = connection.execute(f"select count(*) from ({query})").fetchone()
    return _judge(suite, results, row_count, count_rows)


def write_docs(
    context: AbstractDataContext, docs: Path, verdicts: list[Verdict]
) -> None:
    """Replace Data Docs, unless an error that may quote a value would be in them."""
    shutil.rmtree(docs, ignore_errors=True)
    if not all(failure.is_checked for v in verdicts for failure in v.failures):
        return
    site = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(docs.resolve()),
        },
    }
    context.add_data_docs_site("local", site)
    context.build_data_docs()


def _run(
    context: AbstractDataContext,
    suite: gx.ExpectationSuite,
    batches: BatchDefinition,
    parameters: dict | None = None,
) -> list[ExpectationValidationResult]:
    # A suite belongs to the context it was added to, and ours are constants.
    suite = context.suites.add(
        gx.ExpectationSuite(
            name=suite.name, expectations=[e.copy() for e in suite.expectations]
        )
    )
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=suite.name, data=batches, suite=suite)
    )
    return definition.run(
        batch_parameters=parameters, result_format="BOOLEAN_ONLY"
    ).results


def _judge(
    suite: gx.ExpectationSuite,
    results: list[ExpectationValidationResult],
    row_count: int,
    explain: Callable[[ExpectationValidationResult], dict],
) -> Verdict:
    failures = [
        _describe(result, **explain(result)) for result in results if not result.success
    ]
    return Verdict(
        target=suite.name,
        row_count=row_count,
        expectation_count=len(results),
        failures=tuple(sorted(failures, key=str)),
    )


def _raised(result: ExpectationValidationResult) -> bool:
    """Tell whether GX could not evaluate it; it nests this by metric, or not."""
    info = result.exception_info or {}
    return info.get("raised_exception", bool(info))


def _describe(result: ExpectationValidationResult, **found: object) -> Failure:
    config = result.expectation_config
    column = config.kwargs.get("column")
    named = f"{column}: {config.type}" if column else config.type
    return Failure(
        expectation=config.description or named,
        principle=config.meta["principle"],
        severity=config.severity.value,
        **found,
    )


def _select_broken(
    result: ExpectationValidationResult, query: str
) -> tuple[str, list] | None:
    """Write the query that counts what broke an expectation, if rows can break it."""
    config = result.expectation_config
    column, kwargs = config.kwargs.get("column"), config.kwargs
    if config.meta.get("is_about_table"):
        return None
    if config.type == "unexpected_rows_expectation":
        broken = kwargs["unexpected_rows_query"].format(batch=f"({query}) as batch")
        return f"select count(*) from ({broken})", []
    if config.type == "expect_compound_columns_to_be_unique":
        keys = ", ".join(kwargs["column_list"])
        return f"select count(*) - count(distinct ({keys})) from ({query})", []
    conditions = {
        "expect_column_values_to_not_be_null": (f"{column} is null", []),
        "expect_column_values_to_be_in_set": (
            f"not list_contains(?, {column})",
            [kwargs.get("value_set")],
        ),
        "expect_column_values_to_be_between": (
            f"{column} < ? or {column} > ?",
            [kwargs.get("min_value"), kwargs.get("max_value")],
        ),
    }
    if config.type not in conditions:
        return None
    condition, parameters = conditions[config.type]
    return f"select count(*) from ({query}) where {condition}", parameters
