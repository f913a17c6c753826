"""The word index: how texts become words, and the tables that hold them."""
