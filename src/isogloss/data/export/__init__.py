"""A dataset folder given away: as WebDataset archives, or as Parquet files that the Hugging Face Hub shows."""
