"""The numbers that SQL and Python share, read from where dbt reads them.

A number of the bank is written once: as a variable in ``dbt_project.yml`` where it
shapes what is built, as a dated row of a seed where it may change from a date on.
"""

import csv
from functools import cache

import yaml

from pipelines.foundation.settings import PROJECT_ROOT

PROJECT = PROJECT_ROOT / "dbt_project"


@cache
def read_variables() -> dict:
    """Read the variables of the dbt project, such as ``use_cases``."""
    text = (PROJECT / "dbt_project.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["vars"]


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
