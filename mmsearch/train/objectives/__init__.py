"""What is minimized: contrast, classes, teachers."""
