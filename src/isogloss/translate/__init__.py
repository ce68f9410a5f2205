"""Captions from one language into others, by any engine, as a job that cannot be lost."""
