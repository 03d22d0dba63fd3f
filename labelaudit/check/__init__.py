"""Audit in, verdict out: gates, a baseline of accepted findings, and the formats that CI reads."""
