"""What the search layer asks of an open index, and what it reads from one."""
