"""Sound: opened by what it begins with, decoded piece by piece, without what is silent."""
