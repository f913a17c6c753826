"""Adding to what is indexed: what models and programs find in pictures, sounds and documents."""
