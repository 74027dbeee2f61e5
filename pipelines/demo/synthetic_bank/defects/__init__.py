"""Damage that ``crm simulate --defects`` plants and lists, to test who finds it."""
