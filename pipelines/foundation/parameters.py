"""The numbers that SQL and Python share, read from where dbt reads them.

A number of the bank is written once: as a variable in ``dbt_project.yml`` where it
shapes what is built, as a dated row of a seed where it may change from a date on.
"""

import csv
from datetime import date
from functools import cache

import yaml

from pipelines.foundation.settings import PROJECT_ROOT

PROJECT = PROJECT_ROOT / "dbt_project"


@cache
def read_variables() -> dict:
    """Read the variables of the dbt project, such as ``use_cases``."""
    text = (PROJECT / "dbt_project.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["vars"]


def read_contact_capacity() -> float:
    """Read which share of the customers can be contacted, in (0, 1]."""
    return read_variables()["contact_capacity"]


@cache
def read_seed(name: str) -> tuple[dict[str, str], ...]:
    """Read the rows of a seed, as text, in the file's order.

    Raises
    ------
    FileNotFoundError
        There is no such seed.
    """
    with (PROJECT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def read_in_force(name: str, as_of_date: date | None = None, **key: str) -> dict:
    """Read the row of a dated seed that a snapshot goes by.

    Parameters
    ----------
    name : str
        Of the seed, which has a column ``valid_from``.
    as_of_date : date, optional
        The snapshot; the row must have been true on the day before. Otherwise the
        newest row counts.
    **key : str
        Columns that say which rows are meant, and their values.

    Raises
    ------
    LookupError
        No row of that key was true by then.
    """
    rows = [
        row
        for row in read_seed(name)
        if key.items() <= row.items()
        and (as_of_date is None or row["valid_from"] < as_of_date.isoformat())
    ]
    if not rows:
        msg = f"The seed {name} has no row of {key} that was true by {as_of_date}."
        raise LookupError(msg)
    return max(rows, key=lambda row: row["valid_from"])


def read_families(**key: str) -> list[str]:
    """Read the product families of the seed ``product_families``, their only list.

    Parameters
    ----------
    **key : str
        Columns that say which families are meant, and their values.

    Returns
    -------
    list of str
        In the seed's order.
    """
    rows = [row for row in read_seed("product_families") if key.items() <= row.items()]
    return list(dict.fromkeys(row["product_family"] for row in rows))


def read_drift_threshold(as_of_date: date | None = None) -> float:
    """Read the stability index beyond which a column or a score has drifted."""
    row = read_in_force("health_thresholds", as_of_date, metric="psi")
    return float(row["threshold"])
