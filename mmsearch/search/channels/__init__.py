"""Ways of scoring items: dense, lexical, exclusions; what each says, as signals."""
