"""What a use case is made of, for every step that loops over them."""

KEYS = {
    "churn": ["customer_id", "as_of_date"],
    "cross_sell": ["customer_id", "as_of_date", "product_family"],
}
PROBABILITIES = {"churn": "churn_probability", "cross_sell": "open_probability"}
