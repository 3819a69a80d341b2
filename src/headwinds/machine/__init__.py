"""What this machine has, and what Headwinds will use of it."""
