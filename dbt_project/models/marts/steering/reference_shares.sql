{{ config(**kept_by_snapshot()) }}

with

customer_months as (

    select * from {{ ref('customer_months') }}

),

as_of_dates as (

    select * from {{ ref('int_as_of_dates_touched') }}

),

pyramid_levels as (

    {{ dated(ref('pyramid_levels'), ['pyramid_level']) }}

),

structure_classes as (

    {{ dated(ref('structure_classes'), ['structure_class']) }}

),

touched_months as (

    select
        as_of_date,
        customer_id,
        pyramid_level,
        relationship_balance_hkd,
        structure_class,
        contribution_cny,
        branch_event_count_30d + phone_event_count_30d as contact_count

    from customer_months

    where as_of_date in (select as_of_dates.as_of_date from as_of_dates)

),

active as (

    select
        as_of_date,
        pyramid_level,
        relationship_balance_hkd,
        row_number() over (
            partition by as_of_date
            order by
                relationship_balance_hkd desc nulls last,
                customer_id asc nulls last
        ) as balance_rank

    from touched_months

    where pyramid_level != 'inactive'

),

active_counted as (

    select
        as_of_date,
        count(*) as customer_count

    from active

    group by as_of_date

),

levels_counted as (

    select
        as_of_date,
        pyramid_level,
        count(*) as customer_count

    from active

    group by as_of_date, pyramid_level

),

levels_in_force as (

    select
        active_counted.as_of_date,
        active_counted.customer_count as active_count,
        pyramid_levels.pyramid_level,
        pyramid_levels.level_order,
        pyramid_levels.threshold_hkd,
        pyramid_levels.reference_share,
        floor(
            active_counted.customer_count
            * sum(pyramid_levels.reference_share) over (
                partition by active_counted.as_of_date
                order by pyramid_levels.level_order asc nulls last
            )
        ) as reference_rank

    from active_counted

    inner join pyramid_levels
        on {{ in_force_at('pyramid_levels', 'active_counted') }}

    where pyramid_levels.reference_share is not null

),

levels as (

    select
        levels_in_force.as_of_date,
        'pyramid_level' as grouping_name,
        levels_in_force.pyramid_level as group_name,
        levels_in_force.level_order as group_order,
        coalesce(levels_counted.customer_count, 0) as customer_count,
        cast(coalesce(levels_counted.customer_count, 0) as double)
        / levels_in_force.active_count as customer_share,
        levels_in_force.reference_share,
        levels_in_force.threshold_hkd as threshold,
        -- More than the first who would be below.
        first_below.relationship_balance_hkd as reference_threshold,
        'HKD' as currency_code,
        cast(null as double) as contact_share,
        cast(null as decimal(5, 4)) as reference_contact_time_share

    from levels_in_force

    left join levels_counted
        on levels_in_force.as_of_date = levels_counted.as_of_date
        and levels_in_force.pyramid_level = levels_counted.pyramid_level

    left join active as first_below
        on levels_in_force.as_of_date = first_below.as_of_date
        and first_below.balance_rank = levels_in_force.reference_rank + 1

),

classes_counted as (

    select
        as_of_date,
        structure_class,
        count(*) as customer_count,
        sum(count(*)) over (partition by as_of_date) as all_count,
        sum(contact_count) as contact_count,
        sum(sum(contact_count)) over (partition by as_of_date) as all_contact_count,
        min(contribution_cny) as least_contribution_cny

    from touched_months

    group by as_of_date, structure_class

),

classes as (

    select
        classes_counted.as_of_date,
        'structure_class' as grouping_name,
        classes_counted.structure_class as group_name,
        structure_classes.class_order as group_order,
        classes_counted.customer_count,
        cast(classes_counted.customer_count as double)
        / cast(classes_counted.all_count as double) as customer_share,
        structure_classes.customer_share as reference_share,
        cast(null as decimal(18, 2)) as threshold,
        classes_counted.least_contribution_cny as reference_threshold,
        'CNY' as currency_code,
        cast(classes_counted.contact_count as double)
        / nullif(cast(classes_counted.all_contact_count as double), 0) as contact_share,
        structure_classes.contact_time_share as reference_contact_time_share

    from classes_counted

    inner join structure_classes
        on classes_counted.structure_class = structure_classes.structure_class
        and {{ in_force_at('structure_classes', 'classes_counted') }}

),

united as (

    select * from levels
    union all
    select * from classes

)

select
    as_of_date,
    grouping_name,
    group_name,
    cast(group_order as integer) as group_order,
    cast(customer_count as integer) as customer_count,
    customer_share,
    cast(reference_share as double) as reference_share,
    cast(threshold as decimal(18, 2)) as threshold,
    cast(reference_threshold as decimal(18, 2)) as reference_threshold,
    currency_code,
    contact_share,
    cast(reference_contact_time_share as double) as reference_contact_time_share

from united
