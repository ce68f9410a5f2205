"""isogloss: image–text models in every language, from English image–text data."""
