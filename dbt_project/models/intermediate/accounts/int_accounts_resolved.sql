with

accounts as (

    {{ resolved(ref('stg_core_accounts__accounts')) }}

)

select * from accounts
