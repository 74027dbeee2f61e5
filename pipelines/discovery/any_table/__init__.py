"""Sample, explore, modify, model, assess: a table that somebody brings in a file.

Belongs here: reading foreign tables, and the five stages in breadth over their columns.
Does not belong here: the bank's marts, and anything that knows one table's columns.
"""
