"""Towers as torch modules, and where their first weights come from."""
