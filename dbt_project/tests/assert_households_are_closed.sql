-- Who is tied to somebody is of the same household, however long the chain.
with

ties as (

    select * from {{ ref('int_ties_found_to_snapshots') }}

),

households as (

    select * from {{ ref('int_households_found_to_snapshots') }}

)

select ties.as_of_date

from ties

inner join households
    on ties.customer_id = households.customer_id
    and ties.as_of_date = households.as_of_date

inner join households as other_households
    on ties.other_customer_id = other_households.customer_id
    and ties.as_of_date = other_households.as_of_date

where households.household_id != other_households.household_id
