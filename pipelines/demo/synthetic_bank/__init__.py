"""A bank that does not exist, but behaves.

Everything follows from a seed. ``bank`` puts it together in this order:

1. ``people`` draws the customers: age, income, home branch, how many events a month
   (gamma) over which channels, and an *attachment* that the bank never sees.
2. ``dormancy`` runs a hidden Markov process. Month by month a *steady* customer may
   begin to fade, for one of four causes that show beforehand: ``drift`` (activity
   ebbs), ``salary`` (it goes to another bank, the balance drains), ``service`` (after a
   complaint or a wait of more than 30 minutes) and ``move`` (a new address). Fading is
   early, then late, then dormant, and may turn back at each step. Others stop without
   a sign (``sudden``) or only ``pause`` and come back, which is what makes labels
   noisy. The dormant may return, or close all accounts.
3. ``accounts`` lets customers open and close accounts. ``appetite`` weighs the reasons
   (a salary for a card, idle money for deposits and wealth, an age for a loan), so
   products are bought in a plausible order; ``products`` keeps track of the money.
   ``fortunes`` lets some grow: a salary is raised, or a customer turns to this bank and
   gathers money here, often after a first investment. Both show some months before
   balances do.
4. ``relations`` makes some customers joint holders or a household, and some the second
   registration of a person. ``prospects`` are reported by partners and customers.
5. Events follow, one month at a time. ``channels`` and ``calls`` draw them as Poisson
   processes by season, weekday and hour (``seasons``), thinned by what the hidden state
   leaves of activity; ``postings`` books what happens by itself, ``purchases`` what was
   paid for investments, ``offers`` runs campaigns and ``surveys`` asks. ``registers``
   and ``extracts`` write all of it as the bank's systems would.

``truth`` says what no system knows, for tests only:

- ``dormancy``: each time a customer stopped, with ``cause``, ``onset_date`` (the first
  sign, empty if before the start), ``dormant_date``, ``returned_date`` and
  ``closed_date``.
- ``churn_propensities``: for each month end, the probability that the churn label will
  be true given the hidden state. It leaves out the visits that new accounts cause. And
  the same as far as it is foreseeable (see ``foresight``): given what shows, for a
  forecaster who knows the process and the customer's traits, but learns each one's pace
  and state from what they do. Nobody learns more from data, so that this is what an
  estimator may be measured against.
- ``cross_sell_propensities``: by family not held, the probability of opening it within
  90 days. 1 where a customer has decided and only the account is missing, which
  nobody can foresee either.
- ``growth_propensities``: of customers of level low or mid, the probability of a higher
  level of the pyramid after 180 days, given what is usual for them and the hidden stage
  of gathering; and as far as a forecaster foresees it who learns both from balances and
  transfers. Several windfalls or purchases in one half-year are left out.
- ``identities``: for each registration and each report of a partner, the person, named
  by the first registration, or by the report where there is none.

What it does not do: balances follow a process of their own and do not add up the
events, nobody's joint holder acts on the joint account, offers change nobody's mind,
who is registered twice lives two lives, and prices never change.
"""
