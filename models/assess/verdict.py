"""Is what was mined credible, novel, effective, understandable and useful?"""

from dataclasses import dataclass

# Judgements of the bank's, each about the figure it stands beside.
MOST_CALIBRATION_ERROR = 0.02
LEAST_CUT_OFFS = 3
LEAST_STABILITY = 0.8
LEAST_REASON_STABILITY = 0.5
MOST_AUC_FOR_READING = 0.01  # what a scorecard may cost to be preferred by people


@dataclass(frozen=True)
class Findings:
    """The figures that a verdict rests on, each with the ends of its interval.

    Attributes
    ----------
    calibration_error : tuple of float
        Mean difference of said and seen.
    back_test : list of tuple
        By cut-off, the earliest first: its date, and the AUC over that of the rule.
    over_rule : tuple of float
        AUC over that of the rule on the test snapshot.
    missed_by_rule : float
        Share of the positives within capacity that the rule would not have contacted.
    lift : tuple of float
        Within capacity, against contacting anybody.
    stability : float
        Rank correlation, on the same rows, with a fit on later months.
    unexplained : str
        Why no score can be split into what its columns add; empty if every one can.
    reason_stability : float
        Share of the likeliest whose first reason stays if the training rows are drawn
        again; not a number where there are no reasons.
    profit, profit_over_rule : tuple of float
        In CNY for 1,000 customers.
    """

    calibration_error: tuple[float, float, float]
    back_test: list[tuple]
    over_rule: tuple[float, float, float]
    missed_by_rule: float
    lift: tuple[float, float, float]
    stability: float
    unexplained: str
    reason_stability: float
    profit: tuple[float, float, float]
    profit_over_rule: tuple[float, float, float]


@dataclass(frozen=True)
class TableFindings:
    """As :class:`Findings`, of a table whose owner has said neither worth nor dates.

    Attributes
    ----------
    calibration_error : tuple of float
        Mean difference of said and seen.
    over_rule : tuple of float
        AUC over that of the most telling column alone.
    over_scorecard : tuple of float
        AUC over that of the scorecard, which people can read.
    lift : tuple of float
        Within capacity, against contacting anybody.
    precision : tuple of float
        Share of positives within capacity.
    precision_over_rule : tuple of float
        That, less the most telling column's.
    base_rate : float
        Share of positives.
    """

    calibration_error: tuple[float, float, float]
    over_rule: tuple[float, float, float]
    over_scorecard: tuple[float, float, float]
    lift: tuple[float, float, float]
    precision: tuple[float, float, float]
    precision_over_rule: tuple[float, float, float]
    base_rate: float


def write_verdict(findings):
    """Answer the five adjectives of data mining, each from what was measured.

    Parameters
    ----------
    findings : Findings

    Returns
    -------
    dict of str to tuple of bool and str
        By adjective: whether it holds, and why, in a sentence.
    """
    return {
        "credible": _judge_credible(findings),
        "novel": _judge_novel(findings),
        "effective": _judge_effective(findings),
        "understandable": _judge_understandable(findings),
        "useful": _judge_useful(findings),
    }


def write_table_verdict(findings):
    """Answer the five adjectives for any table; as :func:`write_verdict`.

    Parameters
    ----------
    findings : TableFindings

    Returns
    -------
    dict of str to tuple of bool and str
    """
    error = findings.calibration_error[0]
    over, low, high = findings.over_rule
    cost, _, most_cost = findings.over_scorecard
    precision, more = findings.precision[0], findings.precision_over_rule
    return {
        "credible": (
            error <= MOST_CALIBRATION_ERROR,
            (
                "On rows that were not learnt from, probabilities differ from what "
                f"happened by {error:.1%} on average ({MOST_CALIBRATION_ERROR:.0%} is "
                "allowed)."
            ),
        ),
        "novel": (
            low > 0,
            (
                f"Its AUC over that of the most telling column alone is {over:+z.3f} "
                f"({low:+z.3f} to {high:+z.3f})."
            ),
        ),
        "effective": _judge_effective(findings),
        "understandable": (
            cost <= MOST_AUC_FOR_READING,
            (
                "The scorecard, which adds up points by bin and level, is below it by "
                f"an AUC of {cost:z.3f} (at most {most_cost:.3f}; up to "
                f"{MOST_AUC_FOR_READING} it is the better choice for people)."
            ),
        ),
        "useful": (
            more[1] > 0,
            (
                f"Within capacity {precision:.1%} are positive, {100 * more[0]:+.1f} "
                f"points against the most telling column ({100 * more[1]:+.1f} to "
                f"{100 * more[2]:+.1f}), and {findings.base_rate:.1%} of all rows. "
                f"{_say_when_it_pays(precision)} Contacting at random pays from "
                f"{1 / findings.base_rate:.1f} on."
            ),
        ),
    }


def _say_when_it_pays(precision):
    if precision == 0:
        return "It never pays."
    return f"It pays where a positive is worth {1 / precision:.1f} contacts."


def _judge_credible(findings):
    error = findings.calibration_error[0]
    ahead = sum(low > 0 for _, (_, low, _) in findings.back_test)
    count = len(findings.back_test)
    return (
        error <= MOST_CALIBRATION_ERROR and LEAST_CUT_OFFS <= count == ahead,
        (
            f"Out of time, probabilities differ from what happened by {error:.1%} on "
            f"average ({MOST_CALIBRATION_ERROR:.0%} is allowed), and fitted anew it is "
            f"clearly better than the rule on {ahead} of {count} cut-offs "
            f"({LEAST_CUT_OFFS} are asked for)."
        ),
    )


def _judge_novel(findings):
    value, low, high = findings.over_rule
    return (
        low > 0 and findings.missed_by_rule > 0,
        (
            f"Its AUC over the rule's is {value:+z.3f} ({low:+z.3f} to {high:+z.3f}), "
            f"and {findings.missed_by_rule:.0%} of the positives that it finds within "
            "capacity the rule would have missed."
        ),
    )


def _judge_effective(findings):
    value, low, high = findings.lift
    return (
        low > 1,
        (
            f"Within capacity it finds {value:.1f} times as many positives as "
            f"contacting at random ({low:.1f} to {high:.1f})."
        ),
    )


def _judge_understandable(findings):
    reasons, kept = findings.unexplained, findings.reason_stability
    explained = (
        f"No score can be explained, for {reasons}"
        if reasons
        else (
            "Every score is exactly the sum of what its columns add, and with training "
            f"rows drawn again {kept:.0%} of the likeliest keep their first reason "
            f"({LEAST_REASON_STABILITY:.0%} is asked for)"
        )
    )
    return (
        findings.stability >= LEAST_STABILITY and kept >= LEAST_REASON_STABILITY,
        (
            f"{explained}; fitted on later months it ranks the same people with a "
            f"correlation of {findings.stability:.2f} ({LEAST_STABILITY} is asked for)."
        ),
    )


def _judge_useful(findings):
    (value, low, high), over = findings.profit, findings.profit_over_rule
    return (
        low > 0 and over[1] > 0,
        (
            f"Contacting within capacity is expected to bring {value:,.0f} CNY per "
            f"1,000 rows ({low:,.0f} to {high:,.0f}), {over[0]:+,.0f} against the rule "
            f"({over[1]:+,.0f} to {over[2]:+,.0f})."
        ),
    )
