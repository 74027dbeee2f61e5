"""What each feature promises, read from dbt's own file of ``customer_features``.

Whoever learns from features, expects something of them or puts them in words asks here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from pipelines.foundation.errors import DataQualityError
from pipelines.foundation.parameters import PROJECT, read_families, read_variables

CONTRACT = PROJECT / "models" / "marts" / "mining" / "customer_features.yml"
CATEGORY = "category"
# The least and greatest value that a kind allows, unless a column says otherwise. The
# richest bank customer has less than a hundred billion: beyond it, fen were taken for
# yuan or a currency for another.
KIND_LIMITS = {
    CATEGORY: (None, None),
    "flag": (0, 1),
    "share": (0, 1),
    "count": (0, None),
    "days": (0, None),
    "amount": (0, None),
    "balance": (-1e11, 1e11),
    "number": (None, None),
}
# What stands in a column's name for product families, and which: the entry says the
# same of a column of each.
FAMILY_PLACEHOLDERS = {
    "{family}": {},
    "{offered}": {"is_offered": "true"},
    "{deposit}": {"holding_class": "deposit"},
    "{invested}": {"holding_class": "invested"},
    "{owed}": {"holding_class": "owed"},
}
LEVELS = ("more", "less", "other")
LANGUAGES = ("en", "zh")
CHOICES = {
    "kind": tuple(KIND_LIMITS),
    "orientation": (1, -1, 0),
    "when_missing": LEVELS,
    "severity": ("critical", "warning"),
    "calendar": (True, False),
}


@dataclass(frozen=True)
class Feature:
    """One column that estimators may learn from.

    Attributes
    ----------
    name : str
        As in ``marts.customer_features``.
    kind : str
        One of ``KIND_LIMITS``. A category is text, the others are numbers.
    concept : str
        What it tells of, in a reason. Features of one concept count together.
    orientation : {1, -1, 0}
        Whether a larger number is more of the concept, less of it, or neither.
    when_missing : {"more", "less", "other"}
        The level of the concept that a missing value stands for.
    limits : tuple of two floats or None
        Least and greatest value allowed, both included; None where there is none.
    severity : {"critical", "warning"}
        What it means that a value lies beyond the limits.
    is_calendar : bool
        Whether it moves with the date, for everybody alike, so that its drift says
        nothing.
    learnt_by : tuple of str or None
        The use cases that learn from it; None: all.
    """

    name: str
    kind: str
    concept: str
    orientation: int
    when_missing: str
    limits: tuple[float | None, float | None]
    severity: str
    is_calendar: bool
    learnt_by: tuple[str, ...] | None

    def is_learnt_by(self, use_case: str) -> bool:
        """Whether a use case learns from it."""
        return self.learnt_by is None or use_case in self.learnt_by


@dataclass(frozen=True)
class Columns:
    """What the estimators of a use case take, in the order in which they take it."""

    categorical: list[str]
    numeric: list[str]

    @property
    def features(self) -> list[str]:
        """All of them."""
        return self.categorical + self.numeric


@dataclass(frozen=True)
class FeatureContract:
    """What ``customer_features`` promised: its keys and features, in the file's order.

    Attributes
    ----------
    keys : tuple of str
        Columns that together name a row.
    features : tuple of Feature
        All other columns.
    added : tuple of Feature
        Columns that a use case may add to the mart's, such as a product family.
    sources : dict of str to int
        The sources that features are computed from, and how many days back.
    wordings : dict of str to dict
        By concept and level: the text in each of ``LANGUAGES``.
    """

    keys: tuple[str, ...]
    features: tuple[Feature, ...]
    added: tuple[Feature, ...]
    sources: dict[str, int]
    wordings: dict[str, dict[str, dict[str, str]]]

    def list_columns(self, use_case: str, added: Iterable[str] = ()) -> Columns:
        """List what a use case learns from: what it adds itself, then features."""
        learnt = [
            *(self.find(name) for name in added),
            *(feature for feature in self.features if feature.is_learnt_by(use_case)),
        ]
        return Columns(
            [feature.name for feature in learnt if feature.kind == CATEGORY],
            [feature.name for feature in learnt if feature.kind != CATEGORY],
        )

    def find(self, name: str) -> Feature:
        """Find a feature, or what a use case adds, by name.

        Raises
        ------
        DataQualityError
            The contract does not know it.
        """
        for feature in (*self.added, *self.features):
            if feature.name == name:
                return feature
        msg = (
            f"{CONTRACT.name} does not know {name}, so nothing can be learnt from it. "
            "A feature needs an entry there, see CONTRIBUTING.md."
        )
        raise DataQualityError(msg)


@cache
def load_feature_contract(path: Path = CONTRACT) -> FeatureContract:
    """Read what the columns of ``customer_features`` say in ``config.meta``.

    Raises
    ------
    DataQualityError
        The file can't be read, or something in it is misspelt or missing: named are the
        column and the key.
    """
    model = _read_model(path)
    meta = model.get("config", {}).get("meta", {})
    wordings = meta.get("concepts", {})
    columns = {
        name: _read_meta(column)
        for column in model["columns"]
        for name in name_columns(column["name"])
    }
    added = {
        name: said | {"data_type": "varchar"}
        for name, said in meta.get("added", {}).items()
    }
    contract = FeatureContract(
        keys=tuple(name for name, said in columns.items() if said.get("key")),
        features=tuple(
            _read_feature(name, said, wordings)
            for name, said in columns.items()
            if not said.get("key")
        ),
        added=tuple(
            _read_feature(name, said, wordings) for name, said in added.items()
        ),
        sources=meta.get("sources", {}),
        wordings=wordings,
    )
    _check_wordings(contract)
    return contract


def name_columns(name: str) -> list[str]:
    """Name the columns that an entry stands for: itself, or one for each family.

    Raises
    ------
    DataQualityError
        It names families of a kind that there is not.
    """
    kind = re.search(r"{.*}", name)
    if kind is None:
        return [name]
    if kind[0] not in FAMILY_PLACEHOLDERS:
        _refuse(name, "the name", f"has none of {', '.join(FAMILY_PLACEHOLDERS)}")
    return [
        name.replace(kind[0], each)
        for each in read_families(**FAMILY_PLACEHOLDERS[kind[0]])
    ]


def _read_model(path: Path) -> dict:
    try:
        # In C where there is a choice: the file is long, and every command reads it.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        (model,) = yaml.load(path.read_text(encoding="utf-8"), loader)["models"]  # noqa: S506 - both are safe
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, KeyError) as error:
        msg = (
            f"{path.name} can't be read, so it is not known what features there are: "
            "it is no YAML, or has not one model."
        )
        raise DataQualityError(msg) from error
    return model


def _read_meta(column: dict) -> dict:
    """Read a column's meta, with what dbt's own contract says: type and constraints."""
    constraints = [each["type"] for each in column.get("constraints", [])]
    return column.get("config", {}).get("meta", {}) | {
        "data_type": column["data_type"],
        "not_null": "not_null" in constraints,
    }


def _read_feature(name: str, said: dict, wordings: dict) -> Feature:
    _check_choices(name, said, CHOICES | {"concept": tuple(wordings)})
    _check_rest(name, said)
    return Feature(
        name=name,
        kind=said["kind"],
        concept=said["concept"],
        orientation=said.get("orientation", 0 if said["kind"] == CATEGORY else 1),
        when_missing=said.get("when_missing", "other"),
        limits=tuple(said.get("range", KIND_LIMITS[said["kind"]])),
        severity=said.get("severity", "critical"),
        is_calendar=said.get("calendar", False),
        learnt_by=tuple(said["learnt"]) if "learnt" in said else None,
    )


def _check_choices(name: str, said: dict, choices: dict) -> None:
    """Refuse what would otherwise be passed over in silence."""
    known = {*choices, "range", "learnt"}
    for key in said.keys() - known - {"data_type", "not_null"}:
        _refuse(name, key, f"is not known, only {', '.join(sorted(known))}")
    for key in ("kind", "concept"):
        if key not in said:
            _refuse(name, key, "is missing")
    for key in said.keys() & choices.keys():
        if said[key] not in choices[key]:
            _refuse(name, key, f"is none of {', '.join(map(str, choices[key]))}")


def _check_rest(name: str, said: dict) -> None:
    if said.get("not_null") and "when_missing" in said:
        _refuse(name, "when_missing", "is said of what is never missing")
    # Any number may be missing one day, which an integer can't be to MLflow.
    if said["data_type"] != ("varchar" if said["kind"] == CATEGORY else "double"):
        _refuse(name, "kind", f"does not go with data_type {said['data_type']}")
    if not _is_range(said.get("range", [None, None])):
        _refuse(name, "range", "is not [least, greatest], each a number or null")
    learnt, use_cases = said.get("learnt", []), read_variables()["use_cases"]
    if not isinstance(learnt, list) or set(learnt) - set(use_cases):
        _refuse(name, "learnt", f"is no list out of {', '.join(use_cases)}")


def _is_range(limits: object) -> bool:
    match limits:
        case [None | int() | float() as least, None | int() | float() as greatest]:
            return None in limits or least <= greatest
    return False


def _check_wordings(contract: FeatureContract) -> None:
    """Refuse a reason that could be given and has no words."""
    needed = {
        (feature.concept, level)
        for feature in (*contract.features, *contract.added)
        for level in (
            "other",
            feature.when_missing,
            *(("more", "less") if feature.orientation else ()),
        )
    }
    for concept, levels in contract.wordings.items():
        for level in levels.keys() - set(LEVELS):
            _refuse(f"concept {concept}", level, f"is none of {', '.join(LEVELS)}")
    for concept, level in sorted(needed):
        texts = contract.wordings[concept].get(level, {})
        if any(not texts.get(language) for language in LANGUAGES):
            _refuse(f"concept {concept}", level, f"lacks {' or '.join(LANGUAGES)}")


def _refuse(place: str, key: str, what: str) -> None:
    msg = (
        f"{CONTRACT.name}: {key} of {place} {what}, so nothing can be made of "
        "features. Correct it there; CONTRIBUTING.md shows what an entry says."
    )
    raise DataQualityError(msg)
