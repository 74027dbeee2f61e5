"""What happens to the bank's data: one module per step, named as in the picture."""
