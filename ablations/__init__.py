"""What is compared with what: one file a suite, declaring its experiments as plain data."""

#: Suite -> what it answers. The suite ``name`` is the module ``ablations.name``, which offers
#: ``TITLE`` and ``plan(options)``.
SUITES = {
    "blocks": "which block makes the best trunk of a single-person pose network, at equal budget?",
}
