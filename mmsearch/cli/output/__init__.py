"""What the verbs print: text for people, JSON for programs, pictures in terminals."""
