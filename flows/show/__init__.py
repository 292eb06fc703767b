"""What people see in a terminal, and programs as JSON: progress bars and tables, no work of its own."""
