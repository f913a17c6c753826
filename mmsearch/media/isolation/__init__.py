"""What strangers wrote, read in child processes with limits on memory and time."""
