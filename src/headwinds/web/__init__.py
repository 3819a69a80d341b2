"""What every server of ours shares: the guard before each request, the address it listens on; it knows no wing."""
