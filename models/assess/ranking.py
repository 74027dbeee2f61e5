"""How good is a ranking of offers, customer by customer?"""

import numpy as np
import pandas as pd

PLACES = 3


def measure_offers(person, label, score):
    """Measure the offers ranked for each customer who accepted at least one.

    Parameters
    ----------
    person : ndarray of shape (n_offers,)
        Whom it is for.
    label : ndarray of shape (n_offers,)
        1 where it was accepted, else 0.
    score : ndarray of shape (n_offers,)
        The higher, the earlier it is made; equal ones in the order in which they come.

    Returns
    -------
    DataFrame of shape (n_customers, 3)
        By customer, over the first three places: ``ndcg_at_3``, ``map_at_3`` and
        ``hit_rate_at_3``, each in [0, 1].

    Examples
    --------
    >>> person = np.array([7, 7, 7, 7])
    >>> second = measure_offers(person, np.array([0, 1, 0, 0]), np.array([9, 8, 7, 6]))
    >>> second.round(2).to_dict("records")
    [{'ndcg_at_3': 0.63, 'map_at_3': 0.5, 'hit_rate_at_3': 1}]
    """
    offers = pd.DataFrame({"person": person, "label": label, "score": score})
    offers = offers.sort_values(["person", "score"], ascending=[True, False])
    by_person = offers.groupby("person")
    place = by_person.cumcount() + 1
    accepted = by_person["label"].transform("sum")
    is_shown = (place <= PLACES) & (accepted > 0)
    shown, place, accepted = offers[is_shown], place[is_shown], accepted[is_shown]
    whom, hit = shown["person"], shown["label"]
    so_far = hit.groupby(whom).cumsum()
    best = np.minimum(accepted, PLACES)
    ideal = np.cumsum(1 / np.log2(np.arange(2, PLACES + 2)))[best - 1]
    parts = pd.DataFrame(
        {
            "ndcg_at_3": hit / np.log2(place + 1) / ideal,
            "map_at_3": hit * so_far / place / best,
            "hit_rate_at_3": hit,
        }
    )
    measured = parts.groupby(whom).sum().rename_axis(None)
    return measured.assign(hit_rate_at_3=measured["hit_rate_at_3"].clip(upper=1.0))
