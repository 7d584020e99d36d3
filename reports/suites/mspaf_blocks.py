"""The report of the suite ``mspaf_blocks``: the multiscale PAF, its branches of each block."""

from reports.page import report_of
from reports.text.words import Words

write_report = report_of(
    Words(
        title="Blocks of MSPAF-3 compared",
        question="Each block makes the branches of one and the same bottom-up pipeline, `mspaf3`, "
        "on whole images. `residual`, `inception_residual`, `ioi` and `aioi_light` have the depths "
        "at which they share the deck's 9.66 M parameters at full width (an inferred layer table: "
        "the deck's own was never published); any other block is taken once. Does the block help, "
        "by how much, at what cost, and how sure is that?",
        thing="block",
        reference="inception_residual",
        shape=(),
    )
)
