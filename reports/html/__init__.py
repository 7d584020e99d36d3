"""One self-contained page over all suites of a results folder, from their reports and records."""
