"""The code that is saved with every paint model, file by file as it is: it needs Diffusers and Transformers, and no isogloss."""
