"""Assess: how good a score is, how sure that is, and whether it may be used.

Belongs here: metrics, intervals, verdicts and the gate's rules, as functions of arrays.
Does not belong here: reading scores, or writing down what was found.
"""
