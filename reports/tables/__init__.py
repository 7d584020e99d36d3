"""Numbers in rows: for people in Markdown, for programs in CSV."""
