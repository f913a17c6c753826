"""What is answered where: one file for each verb."""
