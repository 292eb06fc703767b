"""What a batch leaves behind: one JSON a call, tables, pages, the list of quarantined calls."""
