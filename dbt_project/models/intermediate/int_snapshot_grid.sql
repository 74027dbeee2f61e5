{# Every customer at every as_of_date, registered by then or not: a running total must
   not miss what enters before the customer does. #}
with

as_of_dates as (

    select * from {{ ref('int_as_of_dates') }}

),

customer_snapshots as (

    select * from {{ ref('int_customer_snapshots') }}

),

customers as (

    select distinct customer_id from customer_snapshots

)

select
    customers.customer_id,
    as_of_dates.as_of_date

from customers

cross join as_of_dates
