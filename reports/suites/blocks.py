"""The report of the suite ``blocks``, from records alone: nothing here measures."""

from reports.page import report_of
from reports.text.words import Words

write_report = report_of(
    Words(
        title="Blocks compared",
        question="Each block is the trunk of one and the same single-person pose network. Does the "
        "block help, by how much, at what cost, and how sure is that?",
        thing="block",
        reference="residual",
        shape=("depth", "width"),
    )
)
