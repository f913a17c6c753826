"""Keep an index up to date while its corpus changes (the extra ``watch``)."""
