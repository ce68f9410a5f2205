"""Training: recipes, stages, the loop, and what each family brings to it."""
