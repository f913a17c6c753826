"""What files are made of: one reader for each kind, which gives texts, pictures and sounds with their places."""
