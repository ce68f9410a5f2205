"""Answers compared with a reference's by a judge, which is a language model behind an OpenAI-compatible chat endpoint."""
