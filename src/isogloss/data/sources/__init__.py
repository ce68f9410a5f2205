"""Published and home-made collections of pictures with captions, each read into a dataset folder."""
