"""A plan carried out: what is left to do, who does it, where it is kept, how far it is."""
