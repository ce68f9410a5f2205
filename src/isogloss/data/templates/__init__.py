"""Wordings by which captions become conversations, written in each language."""
