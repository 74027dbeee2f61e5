"""Which source owed which business date, and what became of it, written as SQL.

What never came is in no delivery, so it is reckoned from the rhythm that a source has
kept: the ends of months, every so many days, or the days of the week on which it
usually delivers. A day of no business needs an empty delivery.
"""

from pipelines.foundation.contracts import load_contracts
from pipelines.foundation.feature_contract import load_feature_contract
from pipelines.foundation.parameters import read_variables

# Beyond the day that the clock shows, for the next date that is owed.
DAYS_AHEAD = 31
# By so many steps before a date a rhythm is known. Fewer say nothing; a week of daily
# deliveries has five at least.
NEARBY_STEPS = 8
MIN_STEPS = 2
MIN_DAILY_STEPS = 5
SOURCE_DAY_TABLES = """
create table if not exists ops.clock (business_date date);
"""
SOURCE_DAYS = """
with contracts as ({contracts}),
clock as (select {today} as today),
-- Whatever was sent shows the rhythm, what waits for its verdict or is held, too.
sent as (
    select distinct source, business_date
    from ops.deliveries, clock
    where status not in ('refused', 'withdrawn') and business_date <= today
),
stepped as (
    select
        source, business_date,
        list(step) filter (step is not null) over (
            by_date rows between {nearby_steps} - 1 preceding and current row
        ) as steps_before,
        list(step) over (by_date rows between 1 following and {nearby_steps} following)
            as steps_after
    from (
        select *, business_date - lag(business_date) over (
            partition by source order by business_date
        ) as step
        from sent
    )
    window by_date as (partition by source order by business_date)
),
-- By the steps before a date, for a rhythm may change; by those after at the beginning.
nearby as (
    select
        source, business_date,
        if(
            len(steps_before) >= {min_daily_steps}, steps_before,
            list_concat(steps_before, steps_after)
        ) as steps,
        list_aggregate(steps, 'median') as usual
    from stepped
),
rhythms as (
    select
        source, business_date, cast(round(usual) as integer) as usual,
        case when usual <= 7 then 'weekly' when usual < 28 then 'other' else 'monthly'
        end as rhythm
    from nearby
    where case
        when usual < 7 then len(steps) >= {min_daily_steps}
        else len(list_filter(steps, lambda step:
            if(usual >= 28, step between 28 and 31, step = round(usual))
        )) >= greatest({min_steps}, len(steps) / 2)
    end
),
-- Once on a Sunday does not make Sundays owed.
weekdays as (
    select
        source, business_date,
        list_filter(range(7), lambda weekday:
            2 * len(list_filter(nearby_weekdays, lambda day: day = weekday))
            > week_count
        ) as weekdays
    from (
        select
            source, business_date,
            list(dayofweek(business_date)) over nearby as nearby_weekdays,
            (max(business_date) over nearby - min(business_date) over nearby) // 7
                as week_count
        from sent
        window nearby as (
            partition by source order by business_date
            range between interval 28 days preceding and interval 28 days following
        )
    )
),
-- What the marts read. An empty file that says what another said is a day of its own.
arrived as (
    select
        source, business_date,
        min(extracted_at) filter (status != 'loaded') as known_at,
        max_by(delivery_id, sequence) as delivery_id,
        max_by(rows_delivered, sequence) as rows_delivered,
        max_by(rows_quarantined, sequence) as rows_quarantined
    from ops.deliveries, clock
    where business_date <= today and (
        status in ('accepted', 'loaded')
        or status = 'duplicate' and rows_delivered = 0
    )
    group by source, business_date
),
gaps as (
    select
        source, rhythm, usual, weekdays, business_date as after_date,
        coalesce(lead(business_date) over by_date, today + {days_ahead} + 1)
            as before_date,
        lead(business_date) over by_date is null as is_open
    from arrived
    left join rhythms using (source, business_date)
    left join weekdays using (source, business_date)
    cross join clock
    window by_date as (partition by source order by business_date)
),
candidates as (
    select
        source, before_date, is_open, if(rhythm = 'weekly', 0, usual // 2) as leeway,
        cast(unnest(case rhythm
            when 'weekly' then list_filter(
                range(after_date + 1, before_date, interval 1 day),
                lambda day: list_contains(weekdays, dayofweek(day))
            )
            when 'monthly' then list_transform(
                range(1, date_diff('month', after_date, before_date) + 1),
                lambda number: cast(if(
                    after_date = last_day(after_date),
                    last_day(after_date + to_months(cast(number as integer))),
                    after_date + to_months(cast(number as integer))
                ) as timestamp)
            )
            else range(after_date + usual, before_date, to_days(usual))
        end) as date) as business_date
    from gaps
    where rhythm is not null
),
-- What comes a day early or late stands for the date that it is nearest to.
owed as (
    select source, business_date from arrived
    union
    select source, business_date from candidates
    where business_date < before_date
        and (is_open or business_date + leeway < before_date)
),
-- What became of what no mart reads.
others as (
    select source, business_date, max_by(status, (coalesce(sequence, 1), loaded_at))
        as status
    from ops.deliveries
    group by source, business_date
),
-- A source is as late as it usually is, but no later than it promised.
delays as (
    select
        source,
        least(greatest(cast(ceil(median(
            cast(known_at - interval {cut_off_hours} hour - interval 1 microsecond
                as date) + 1 - business_date
        )) as integer), 1), greatest(any_value(due_days), 1)) as usual_delay_days
    from arrived inner join contracts using (source)
    where known_at is not null
    group by source
)
select
    owed.source, owed.business_date,
    coalesce(lag(owed.business_date) over (
        partition by owed.source order by owed.business_date
    ) + 1, owed.business_date) as first_covered_date,
    owed.business_date + coalesce(usual_delay_days, least(1, due_days))
        as expected_date,
    owed.business_date + due_days as due_date,
    case
        when cast(known_at as date) > owed.business_date + due_days then 'late'
        when known_at is not null then 'in_time'
        when delivery_id is not null or status = 'loaded' then 'held'
        when status is not null then status
        when owed.business_date + due_days < today then 'missing'
        else 'not_yet'
    end as state,
    known_at is null and expected_date <= today as is_missing,
    delivery_id, rows_delivered, rows_quarantined, known_at,
    -- The snapshots whose windows reach back to it, and whose cut-off it missed.
    expected_date as lacked_from_date,
    least(
        owed.business_date + feature_days,
        cast(known_at - interval {cut_off_hours} hour - interval 1 microsecond as date)
    ) as lacked_until_date
from owed
inner join contracts using (source)
cross join clock
left join arrived using (source, business_date)
left join others using (source, business_date)
left join delays using (source)
"""
# The snapshots that lack a day which features look back on.
LACKING_SNAPSHOTS = """
    select cast(unnest(range(lacked_from_date, lacked_until_date + 1, interval 1 day))
        as date) as as_of_date
    from ops.source_days where lacked_from_date <= lacked_until_date
"""


def write_source_days(today: str) -> str:
    """Write the SQL of all dates that sources owed, and of the next ones.

    Parameters
    ----------
    today : str
        SQL of the day that the clock shows: a business date before it is over.
    """
    feature_days = load_feature_contract().sources
    contracts = ", ".join(
        f"('{contract.source}', {contract.due_days}, "
        f"{feature_days.get(contract.source, 0)})"
        for contract in load_contracts().values()
    )
    return SOURCE_DAYS.format(
        contracts=f"from (values {contracts}) as contracts "
        "(source, due_days, feature_days)",
        today=today,
        days_ahead=DAYS_AHEAD,
        nearby_steps=NEARBY_STEPS,
        min_steps=MIN_STEPS,
        min_daily_steps=MIN_DAILY_STEPS,
        cut_off_hours=read_variables()["cut_off_hours"],
    )


def write_view() -> str:
    """Write the SQL of ``ops.source_days``: what was owed by the clock of the night.

    Before the first night the clock stands at the newest delivery.
    """
    today = """(
        select coalesce(max(business_date), (
            select max(business_date) from ops.accepted_deliveries
        )) + 1 from ops.clock
    )"""
    return f"""
        create or replace view ops.source_days as
        from ({write_source_days(today)}) where business_date < {today}
    """
