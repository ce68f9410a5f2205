"""The shapes world: generated scenes, drawn, described in ten languages, and read back."""
