"""Audit to files for other programs."""
