"""What is trained on: pictures, texts, classes, tokens."""
