"""From sources to items with vectors: in threads, in batches, in a child process where a decoder may die."""
