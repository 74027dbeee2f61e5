"""Faults of estimators are tried on the marts that the unit tests have made."""

import importlib.util
from pathlib import Path

_path = Path(__file__).parents[1] / "unit" / "conftest.py"
_spec = importlib.util.spec_from_file_location("made_marts", _path)
_made_marts = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_made_marts)

give_fill_marts = _made_marts.give_fill_marts
_mined = _made_marts._mined  # noqa: SLF001 - fixtures find each other by name
mined = _made_marts.mined
