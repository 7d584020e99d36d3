"""What is read of a report."""

from reports.html.report_reader import Picture, Prose, Table, read_report

REPORT = """# Blocks: <i>synthetic</i>

A question.

## Accuracy

- **Protocol:** val.

| block | AP | note |
|:------|---:|:-----|
| **ioi** | 20.9 ±1.8 | a \\| b, <b>no</b> |
| residual | 20.0 | – |

![Accuracy: plot](accuracy_vs_macs.png)

### At equal depth

## Claim 1, first half: holds where paths are counted, not decided where weighed
"""


def test_sections_keep_their_parts_in_order() -> None:
    report = read_report(REPORT)
    assert report.title == "Blocks: <i>synthetic</i>"
    assert [type(part) for part in report.lead] == [Prose]
    accuracy = report.sections[0]
    assert accuracy.heading == "Accuracy"
    assert [type(part) for part in accuracy.parts] == [Prose, Table, Picture, Prose]
    assert accuracy.parts[2] == Picture("accuracy_vs_macs.png", "Accuracy: plot")


def test_a_table_has_its_columns_and_cells() -> None:
    table = read_report(REPORT).sections[0].parts[1]
    assert isinstance(table, Table)
    assert [(one.name, one.numeric) for one in table.columns] == [
        ("block", False),
        ("AP", True),
        ("note", False),
    ]
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["ioi", "20.9 ±1.8", "a | b, <b>no</b>"],
        ["residual", "20.0", "–"],
    ]
    assert table.rows[0][0].html == "<strong>ioi</strong>"


def test_html_in_a_report_stays_text() -> None:
    table = read_report(REPORT).sections[0].parts[1]
    assert isinstance(table, Table)
    assert "&lt;b&gt;no&lt;/b&gt;" in table.rows[0][2].html
    (prose,) = read_report("<script>x</script>").lead
    assert isinstance(prose, Prose)
    assert "<script" not in prose.html
    (link,) = read_report("[x](javascript:alert(1))").lead
    assert isinstance(link, Prose)
    assert "href" not in link.html


def test_a_verdict_follows_the_last_colon() -> None:
    [section] = read_report(
        "# R\n\n## Claim 8, sets align: noses, then tuning: holds\n\nText."
    ).sections
    assert section.claim == ("Claim 8, sets align: noses, then tuning", "holds")


def test_a_claim_is_told_from_its_verdict() -> None:
    accuracy, claim = read_report(REPORT).sections
    assert accuracy.claim is None
    assert claim.claim == (
        "Claim 1, first half",
        "holds where paths are counted, not decided where weighed",
    )
