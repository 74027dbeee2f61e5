"""The bank's use cases: what each asks of customers, and where its answers stand.

Every step loops over ``USE_CASES`` and names none of them. A new one is an entry here,
its variables in ``dbt_project.yml``, its label in ``customer_labels``, a module in
``models/use_cases`` and a suite in ``expectations``, all of the same name.

This stands in the lowest layer because the warehouse has a table for the scores of
each. It imports nothing heavy, for the DAGs read it whenever they are parsed.
"""

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from pipelines.foundation.errors import UsageError
from pipelines.foundation.feature_contract import Columns, load_feature_contract
from pipelines.foundation.parameters import read_families, read_variables

if TYPE_CHECKING:  # scikit-learn takes 3 s to import, and DAGs read this file
    from sklearn.base import BaseEstimator


@dataclass(frozen=True, kw_only=True)
class UseCase:
    """A question about each customer at each date.

    Attributes
    ----------
    name : str
        Also of its module, its variables and its experiment; with ``_scores``, of its
        table and its suite.
    title, title_zh : str
        What a reader calls it.
    asks : str
        The question, with places for ``lead_days`` and ``horizon_days``.
    rule : str
        What it has to rank better than, in words.
    label, eligible : str
        Columns of ``marts.customer_labels``: what turned out to be true, null while it
        is unknown and for customers whom it does not concern; and whom it concerns.
    probability : str
        Column of its score table.
    positives, negatives : int
        Rows to learn from at most. More teach hardly more.
    of_both_lives : str
        Who is registered twice lives two lives in a synthetic bank. The aggregate, over
        a probability ``{0}`` of each, that gives the person's.
    marts : tuple of str
        Which would be empty without it.
    """

    name: str
    title: str
    title_zh: str
    asks: str
    rule: str
    label: str
    eligible: str
    probability: str
    positives: int
    negatives: int
    of_both_lives: str
    marts: tuple[str, ...] = ()

    @property
    def lead_days(self) -> int:
        """Days between a snapshot and the outcome, in which to act."""
        return read_variables()["use_cases"][self.name]["lead_days"]

    @property
    def horizon_days(self) -> int:
        """Days over which the outcome is observed."""
        return read_variables()["use_cases"][self.name]["horizon_days"]

    @property
    def label_days(self) -> int:
        """Days after a snapshot when its label is known."""
        return self.lead_days + self.horizon_days

    @property
    def question(self) -> str:
        """What is asked, with its figures."""
        return self.asks.format(
            lead_days=self.lead_days, horizon_days=self.horizon_days
        )

    @property
    def module(self) -> ModuleType:
        """Its candidates, rule and worth. Imports scikit-learn."""
        return import_module(f"models.use_cases.{self.name}")

    @property
    def columns(self) -> Columns:
        """What its estimators take: keys of its own, and features."""
        return load_feature_contract().list_columns(self.name, self.keys[2:])

    @property
    def families(self) -> list[str]:
        """The product families that it asks about; none, unless it is about offers."""
        return []

    def build_estimators(
        self, treatments: dict[str, str], random_state: int
    ) -> "dict[str, BaseEstimator]":
        """Build its unfitted candidates, by name."""
        return self.module.build_estimators(treatments, random_state=random_state)

    @property
    def score_table(self) -> str:
        """Where its scores are written."""
        return f"ml.{self.name}_scores"

    @property
    def keys(self) -> list[str]:
        """What identifies a label, and a score."""
        return ["customer_id", "as_of_date"]

    @property
    def population(self) -> str:
        """SQL of what there is to learn from: keys and ``label``, known ones only."""
        return f"""
            select customer_id, as_of_date, {self.label} as label
            from marts.customer_labels
            where {self.label} is not null
        """

    @property
    def counts(self) -> str:
        """SQL of how many were considered, and how many of them are eligible."""
        return f"""
            select
                count(*) as considered,
                count(*) filter (where {self.eligible}) as eligible
            from marts.customer_labels
        """

    @property
    def asked(self) -> str:
        """SQL of what there is to score: keys and features, of every snapshot."""
        return f"""
            select features.*
            from marts.customer_features as features
            inner join marts.customer_labels as labels using (customer_id, as_of_date)
            where labels.{self.eligible}
        """


@dataclass(frozen=True, kw_only=True)
class OfferUseCase(UseCase):
    """A question about each customer, date and product family not held.

    Attributes
    ----------
    label : str
        With a place for ``family``: there is a column for each.
    eligible : str
        Over ``marts.customer_features``.
    """

    @property
    def families(self) -> list[str]:
        """The product families that can be offered."""
        return read_families(is_offered="true")

    def build_estimators(
        self, treatments: dict[str, str], random_state: int
    ) -> "dict[str, BaseEstimator]":
        """Build its unfitted candidates, by name."""
        return self.module.build_estimators(
            treatments, self.families, random_state=random_state
        )

    @property
    def keys(self) -> list[str]:
        """What identifies a label, and a score."""
        return ["customer_id", "as_of_date", "product_family"]

    @property
    def population(self) -> str:
        """SQL of what there is to learn from: keys and ``label``, known ones only."""
        labels = [
            f"{self.label.format(family=family)} as {family}"
            for family in self.families
        ]
        # `unpivot` leaves nulls out.
        return f"""
            unpivot (
                select customer_id, as_of_date, {", ".join(labels)}
                from marts.customer_labels
            )
            on {", ".join(self.families)} into name product_family value label
        """

    @property
    def counts(self) -> str:
        """SQL of how many were considered, and how many of them are eligible."""
        not_held = " + ".join(f"1 - holds_{family}" for family in self.families)
        return f"""
            select
                {len(self.families)} * count(*) as considered,
                sum(if({self.eligible}, {not_held}, 0)) as eligible
            from marts.customer_features
        """

    @property
    def asked(self) -> str:
        """SQL of what there is to score: keys and features, of every snapshot."""
        held = " ".join(f"when '{name}' then holds_{name}" for name in self.families)
        return f"""
            select features.*, families.product_family
            from marts.customer_features as features
            cross join (select unnest({self.families}) as product_family) as families
            where features.{self.eligible}
                and case families.product_family {held} end = 0
        """


USE_CASES: tuple[UseCase, ...] = (
    UseCase(
        name="churn",
        title="Dormancy",
        title_zh="沉寂型客户",
        asks=(
            "Will this customer fall dormant in the {horizon_days} days that begin in "
            "{lead_days} days?"
        ),
        rule="how long the customer has not acted",
        label="has_churned_90d",
        eligible="is_churn_eligible",
        probability="churn_probability",
        positives=60_000,
        negatives=240_000,
        # A person is dormant where both are.
        of_both_lives="product({0})",
    ),
    OfferUseCase(
        name="cross_sell",
        title="Cross-selling",
        title_zh="交互销售",
        asks=(
            "Will this customer open a product of this family in the next "
            "{horizon_days} days?"
        ),
        rule="which family sells best",
        label="has_opened_{family}_90d",
        eligible="open_account_count > 0",
        probability="open_probability",
        positives=10_000,
        negatives=45_000,
        # An account is opened where either opens it.
        of_both_lives="1 - product(1 - {0})",
        marts=("marts.decision_log", "marts.next_best_offers"),
    ),
    UseCase(
        name="growth",
        title="Growth",
        title_zh="成长型客户",
        asks=(
            "Will this customer of level low or mid stand in a higher level of the "
            "pyramid {horizon_days} days later?"
        ),
        rule="how near the next level the balance will be, by its trend",
        label="has_grown_180d",
        eligible="is_growth_eligible",
        probability="growth_probability",
        positives=60_000,
        negatives=240_000,
        # What either holds counts as the person's.
        of_both_lives="1 - product(1 - {0})",
    ),
)


def list_names() -> list[str]:
    """List what the use cases are called."""
    return [use_case.name for use_case in USE_CASES]


def find_use_case(name: str) -> UseCase:
    """Find a use case by its name.

    Raises
    ------
    UsageError
        There is none.
    """
    for use_case in USE_CASES:
        if use_case.name == name:
            return use_case
    msg = (
        f"No use case is called {name!r}. Known: {', '.join(list_names())}; a file or "
        "table needs --target."
    )
    raise UsageError(msg)
