"""The deck's own numbers and claims beside what was measured."""
