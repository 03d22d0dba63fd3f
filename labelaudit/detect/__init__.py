"""Confident learning: which given labels the predictions speak against."""
