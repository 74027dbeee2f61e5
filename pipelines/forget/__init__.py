"""Forget: erase a person from every layer, which is why this stands above them.

Belongs here: finding a person in databases, landing and published versions, erasing
them, and proving it. Does not belong here: deciding who is erased; a person does, with
a reason.
"""
