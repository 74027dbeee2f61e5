"""What the suites share: the four principles, and rules that are said in SQL."""

from great_expectations import expectations as gxe

# 真实性: it is what its source said, whole and unaltered.
AUTHENTICITY = {"principle": "authenticity"}
# 准确性: it can be true.
ACCURACY = {"principle": "accuracy"}
# 及时性: it came in time, and it is the newest there is.
TIMELINESS = {"principle": "timeliness"}
# 全面性: nothing is missing.
COMPLETENESS = {"principle": "completeness"}

# Where the tables stand in time, in SQL. Registers may go on for years after the last
# event, so they don't say how far the bank is observed.
NEWEST_DELIVERY = "(select max(business_date) from ops.accepted_deliveries)"
_LAST_EVENTS = """
    select source, max(business_date) as last_date from ops.accepted_deliveries
    where source in (select source from seeds.event_initiatives) group by source
"""
NEWEST_EVENTS = f"(select max(last_date) from ({_LAST_EVENTS}))"
SCORING_DATE = f"(select max(last_date) + 1 from ({_LAST_EVENTS}))"
OBSERVED_UNTIL = f"(select min(last_date) + 1 from ({_LAST_EVENTS}))"
# Scores are of the newest snapshot that lacks no day of a source, if there is any.
NEWEST_SNAPSHOT = """(
    select coalesce(
        max(as_of_date) filter (as_of_date not in (
            select as_of_date
            from (select distinct as_of_date from marts.customer_features)
            inner join ops.source_days
                on as_of_date between lacked_from_date and lacked_until_date
        )),
        max(as_of_date)
    )
    from marts.customer_features
)"""


def expect_columns(names):
    """Expect these columns and no others, in any order: all who read select by name.

    GX's expectation of an ordered list would break Data Docs, which look into its
    result for the names that ``BOOLEAN_ONLY`` leaves out.
    """
    return gxe.ExpectTableColumnsToMatchSet(
        column_set=names, exact_match=True, meta=ACCURACY
    )


def expect_rows():
    """Expect the table not to be empty: the rest would hold of nothing at all."""
    return gxe.ExpectTableRowCountToBeBetween(min_value=1, meta=COMPLETENESS)


def forbid_rows(condition, *, says, principle, severity="critical"):
    """Expect that no row of the batch meets a condition.

    Parameters
    ----------
    condition : str
        In SQL, over the columns of one row.
    says : str
        The rule in words, for messages and Data Docs.
    principle : dict
        One of the four above.
    severity : {"critical", "warning"}, default="critical"
        Whether a breach stops the night or is only reported.
    """
    return gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=f"select 1 as broken from {{batch}} where {condition}",
        description=says,
        meta=principle | {"forbids": condition},
        severity=severity,
    )


def require_of_table(condition, *, says, principle, severity="critical"):
    """Expect a condition of the batch as a whole; unknown (null) is let pass.

    Parameters are those of :func:`forbid_rows`, but the condition is over aggregates.
    """
    return gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=(
            f"select 1 as broken from {{batch}} having not ({condition})"
        ),
        description=says,
        meta=principle | {"is_about_table": True},
        severity=severity,
    )


def expect_scores(keys, probability, means):
    """Expect of a table of scores what holds for every use case.

    Parameters
    ----------
    keys : list of str
        Columns that together name a row.
    probability : str
        The column of the score.
    means : tuple of float
        Least and greatest mean: an estimator that gives all or none of the customers
        what it asks about is broken, not bold.

    Returns
    -------
    list of Expectation
    """
    made = ["estimator_version", "run_id", "scored_at"]
    return [
        expect_columns([*keys, probability, *made]),
        expect_rows(),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=keys, meta=ACCURACY),
        gxe.ExpectColumnValuesToNotBeNull(column=probability, meta=COMPLETENESS),
        gxe.ExpectColumnValuesToBeBetween(
            column=probability, min_value=0, max_value=1, meta=ACCURACY
        ),
        gxe.ExpectColumnMeanToBeBetween(
            column=probability, min_value=means[0], max_value=means[1], meta=ACCURACY
        ),
        # A hundred scores that are all alike say nothing.
        require_of_table(
            f"count(*) < 100 or count(distinct {probability}) >= 5",
            says="scores tell customers apart",
            principle=ACCURACY,
        ),
        require_of_table(
            "count(distinct run_id) <= 1",
            says="one champion scored the snapshot",
            principle=AUTHENTICITY,
        ),
        require_of_table(
            f"max(as_of_date) = {NEWEST_SNAPSHOT}",
            says="the scores are of the newest snapshot",
            principle=TIMELINESS,
        ),
    ]
