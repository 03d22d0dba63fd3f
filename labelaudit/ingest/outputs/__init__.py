"""Predictions as tools write them: pairs of class and score, lists and objects in a cell."""
