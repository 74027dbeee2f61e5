"""What sqlfluff takes for dbt's ``adapter``: macros are those of DuckDB."""

from jinja2 import pass_context


@pass_context
def dispatch(context, name):
    """Find DuckDB's own macro of a name, or the one of all engines."""
    return context.get(f"duckdb__{name}") or context.get(f"default__{name}")
