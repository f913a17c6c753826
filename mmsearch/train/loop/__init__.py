"""The training loop: batches, optimizer, state, processes, measures."""
