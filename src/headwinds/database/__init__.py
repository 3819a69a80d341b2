"""SQLite in a file or PostgreSQL by its URL, for whoever brings the tables; it knows no wing."""
