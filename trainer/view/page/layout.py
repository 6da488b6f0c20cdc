"""The page around the charts: HTML and CSS, no script, nothing from outside."""

from collections.abc import Iterable, Mapping
from html import escape

from trainer.evaluation.comparison import Estimate, Evaluation, Scores
from trainer.view.page import charts
from trainer.view.page.content import PageContent, Sample

STYLE = """
:root { color: #1e293b; background: #f4f5f7; font: 15px/1.5 system-ui, "Liberation Sans",
  "DejaVu Sans", sans-serif }
body { max-width: 1180px; margin: 0 auto; padding: 28px 24px 60px }
h1 { font-size: 27px; margin: 0 0 4px } h2 { font-size: 19px; margin: 0 0 4px }
h3 { font-size: 14px; margin: 0 0 6px }
p { margin: 0 0 14px; color: #526075; max-width: 92ch }
section { background: #fff; border: 1px solid #dfe3e8; border-radius: 8px; padding: 20px 24px;
  margin-top: 20px }
.grid { display: grid; grid-template-columns: 1fr 1fr; gap: 20px 32px }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 20px }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th { text-align: right; font-size: 13px; color: #526075; font-weight: 600; padding: 4px 8px;
  border-bottom: 2px solid #dfe3e8; vertical-align: bottom }
td { text-align: right; padding: 6px 8px; border-bottom: 1px solid #e9ecf0; vertical-align: top }
th:first-child, td:first-child, .words td, .words th { text-align: left }
table:not(.words) td:first-child { white-space: nowrap }
td small { display: block; font-weight: 400; color: #6b7688; font-size: 11.5px;
  white-space: nowrap }
tr.ours td { background: #fff6f0 } tr.ours td:first-child { color: #c2410c; font-weight: 700 }
.best { font-weight: 700 } .better { color: #15703a } .worse { color: #b3261e }
.words td { overflow-wrap: anywhere; width: 30% } .words td:last-child { width: 14% }
ol, ul { margin: 0; padding-left: 18px }
mark { background: #fde6d5; color: inherit; border-radius: 3px; padding: 0 3px }
.key { display: flex; flex-wrap: wrap; gap: 4px 18px; margin-bottom: 6px; font-size: 13px }
.key i { display: inline-block; width: 18px; height: 4px; border-radius: 2px; margin-right: 6px;
  vertical-align: middle }
svg { display: block; width: 100%; height: auto; font-size: 12px; fill: #1e293b }
.grid line, line.grid { stroke: #e6e9ee } .tick { fill: #5d6879 } text.ours { font-weight: 700 }
.bar { fill: #3f7ca8 } .bar:hover { fill: #c2410c }
.map circle { fill: #3f7ca8; fill-opacity: .42 }
.map circle:hover { fill: #c2410c; fill-opacity: 1 }
.place { paint-order: stroke; stroke: #fff; stroke-width: 4px; stroke-linejoin: round;
  pointer-events: none }
"""
# Nothing may be loaded or run, whatever an item is called.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render_page(content: PageContent) -> str:
    """The whole page as one HTML text."""
    evaluation = content.evaluation
    sections = [
        _section("Ranking the whole catalogue", _headline(evaluation), _means(evaluation)),
        _intervals(evaluation),
        _deciles(evaluation),
        _training(content),
        _section(
            "Map of the items",
            "The most frequent items: the two directions in which their vectors differ most "
            "(principal components of unit vectors). Point at a dot for its name.",
            f'<div class="map">{charts.map_chart(content.item_map)}</div>',
        ),
        _section(
            "Sample queries",
            "Some cases as a person reads them; what came next is marked where it was found.",
            _samples(content.samples, max(evaluation.protocol.ks)),
        ),
    ]
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(content.title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(content.title)}</h1>{_summary(content)}{''.join(sections)}</body></html>\n"
    )


def _section(title: str, words: str, *parts: str) -> str:
    return f"<section><h2>{escape(title)}</h2><p>{escape(words)}</p>{''.join(parts)}</section>"


def _summary(content: PageContent) -> str:
    evaluation = content.evaluation
    words = (
        f"{content.about} "
        f"{evaluation.cases:,} cases from {evaluation.sessions:,} sessions, "
        f"{len(evaluation.models)} models. {evaluation.unseen:.1%} of the answers were never seen "
        f"in training and count as misses; {evaluation.repeated:.1%} are items of the query."
    )
    return f"<p>{escape(words)}</p>"


def _headline(evaluation: Evaluation) -> str:
    seen = "left out of" if evaluation.protocol.exclude_seen else "allowed in"
    return (
        "Means with 95 % intervals (bootstrap over sessions); ties count against the model; items "
        f"of the query are {seen} the answer. The best of a column is bold."
    )


def _means(evaluation: Evaluation) -> str:
    k = max(evaluation.protocol.ks)
    estimated = list(next(iter(evaluation.models.values())).estimates)
    best = {
        name: max(scores.estimates[name].value for scores in evaluation.models.values())
        for name in estimated
    }
    heads = [*estimated, f"coverage@{k}", f"personal-isation@{k}", f"popularity@{k}", "no answer"]
    rows = [
        _row(
            name,
            [
                *(_estimate(scores.estimates[metric], best[metric]) for metric in estimated),
                *_list_cells(scores, k),
            ],
            ours=place == 0,
        )
        for place, (name, scores) in enumerate(evaluation.models.items())
    ]
    return _table(["", *heads], rows)


def _list_cells(scores: Scores, k: int) -> list[str]:
    return [
        _cell(_number(scores.lists[f"coverage@{k}"], ".1%")),
        _cell(_number(scores.lists[f"personalisation@{k}"], ".3f")),
        _cell(_number(scores.lists[f"popularity@{k}"], ".2%")),
        _cell(_number(scores.unanswered, ".1%")),
    ]


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _estimate(estimate: Estimate, best: float) -> str:
    kind = "best" if estimate.value == best else ""
    small = f"<small>{estimate.low:.3f} - {estimate.high:.3f}</small>"
    return _cell(f"{estimate.value:.4f}", small, kind)


def _cell(words: str, more: str = "", kind: str = "") -> str:
    return f'<td class="{kind}">{escape(words)}{more}</td>'


def _row(name: str, cells: Iterable[str], *, ours: bool = False) -> str:
    kind = "ours" if ours else ""
    return f'<tr class="{kind}"><td>{escape(name)}</td>{"".join(cells)}</tr>'


def _table(heads: Iterable[str], rows: Iterable[str], kind: str = "") -> str:
    head = "".join(f"<th>{escape(name).replace('-isation', '&shy;isation')}</th>" for name in heads)
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _intervals(evaluation: Evaluation) -> str:
    k = max(evaluation.protocol.ks)
    metrics = [name for name in _first(evaluation).estimates if name.endswith(f"@{k}")]
    panels = [
        f"<div><h3>{escape(metric)}</h3>"
        + charts.interval_chart(
            metric, {name: scores.estimates[metric] for name, scores in evaluation.models.items()}
        )
        + "</div>"
        for metric in metrics
    ]
    table = _differences(evaluation, metrics)
    differences = f"<div><h3>Difference to each, with 95 % intervals</h3>{table}</div>"
    return _section(
        "Beside every baseline",
        "Dots are means, bars their 95 % intervals. The differences are paired: both models on the "
        "same resampled sessions.",
        f'<div class="grid">{"".join(panels)}{differences}</div>',
    )


def _differences(evaluation: Evaluation, metrics: list[str]) -> str:
    rows = [
        _row(name, (_difference(estimates[metric]) for metric in metrics))
        for name, estimates in evaluation.differences.items()
    ]
    return _table([f"{next(iter(evaluation.models))} minus", *metrics], rows)


def _difference(estimate: Estimate) -> str:
    kind = "better" if estimate.low > 0 else "worse" if estimate.high < 0 else ""
    small = f"<small>{estimate.low:+.3f} to {estimate.high:+.3f}</small>"
    return _cell(f"{estimate.value:+.4f}", small, kind)


def _deciles(evaluation: Evaluation) -> str:
    hits = {name: scores.hits_by_decile for name, scores in evaluation.models.items()}
    return _section(
        "Hit rate by popularity of the answer",
        f"HR@{max(evaluation.protocol.ks)} in each tenth of the catalogue, 1 being its most "
        "frequent items, and how many answers are in it.",
        _key(charts.colors(list(hits))),
        charts.decile_chart(hits, evaluation.cases_by_decile),
    )


def _key(color: Mapping[str, str]) -> str:
    names = (
        f'<span><i style="background:{shade}"></i>{escape(name)}</span>'
        for name, shade in color.items()
    )
    return f'<div class="key">{"".join(names)}</div>'


def _training(content: PageContent) -> str:
    parts = []
    if content.losses:
        told = "Of a fixed batch of the log, measured at the end of every epoch."
        parts.append(_section("Loss", told, charts.loss_chart(content.losses)))
    if len(content.session_lengths):
        chart = charts.length_chart(content.session_lengths)
        parts.append(_section("Session lengths", "Sessions that were trained on.", chart))
    return f'<div class="pair">{"".join(parts)}</div>'


def _samples(samples: Iterable[Sample], k: int) -> str:
    rows = [
        "<tr>"
        f"<td>{_list('ul', sample.query, '')}</td>"
        f"<td>{escape(sample.answer)}</td>"
        f"<td>{_list('ol', sample.found, sample.answer)}</td>"
        f"<td>{f'beyond {k}' if sample.rank is None else sample.rank + 1}</td>"
        "</tr>"
        for sample in samples
    ]
    return _table(
        ["the session so far, newest last", "came next", "recommended", "place"], rows, "words"
    )


def _list(kind: str, names: Iterable[str], marked: str) -> str:
    items = (
        f"<li><mark>{escape(name)}</mark></li>" if name == marked else f"<li>{escape(name)}</li>"
        for name in names
    )
    return f"<{kind}>{''.join(items)}</{kind}>"


def _first(evaluation: Evaluation) -> Scores:
    return next(iter(evaluation.models.values()))
