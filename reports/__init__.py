"""Records to what people read: tables, plots and picture sheets. Nothing here measures."""
