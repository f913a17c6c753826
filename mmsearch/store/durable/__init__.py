"""Files that are the old ones or the new ones whatever happens, and that can tell whether they are whole."""
