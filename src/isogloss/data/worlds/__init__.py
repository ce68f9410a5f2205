"""Worlds that come with the project, so that its claims can be checked with no download of data or weights."""
