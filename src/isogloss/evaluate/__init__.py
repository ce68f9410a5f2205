"""Evaluation: pure functions on arrays; run.py alone reads and writes."""
