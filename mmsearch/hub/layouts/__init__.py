"""The layouts that encoders are published in, and which one a folder has."""
