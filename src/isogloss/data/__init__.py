"""Pictures and their captions in many languages: the dataset folder, and what reads and makes it."""
