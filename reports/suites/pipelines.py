"""The report of the suite ``pipelines``: all pipelines on whole images."""

from reports.page import report_of
from reports.text.words import Words

write_report = report_of(
    Words(
        title="Pipelines compared",
        question="Each pipeline sees whole images and finds all their people: bottom up, by a "
        "network of heatmaps and part affinity fields and a grouping of these into people; or top "
        "down, by a detector and the joints of each person in its boxes. Which finds them better, "
        "at what cost, where does its time go, how much do fields and grouping lose before any "
        "network errs, and how sure is that?",
        thing="pipeline",
        reference="paf6",
        shape=(),
    )
)
