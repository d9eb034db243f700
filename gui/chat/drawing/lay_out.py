"""Lays out a segment of any kind."""

from __future__ import annotations

from gui.chat.content.segments import (
    Code,
    Diff,
    DiffHead,
    FoldLine,
    Paragraph,
    Picture,
    PlanLine,
    QuietLine,
    Rule,
    Segment,
    Table,
    TurnFooter,
)

from . import lines, prose
from .code import lay_out_code, lay_out_diff, lay_out_diff_head
from .segment_layout import SegmentLayout
from .style import Style

_CHARACTER_PX = 6.6


def lay_out(segment: Segment, width: float, style: Style, *, columns: bool) -> SegmentLayout:
    """Lay out a segment; ``columns`` shows diffs side by side where there is room."""
    match segment:
        case Paragraph():
            return prose.lay_out_paragraph(segment, width, style)
        case Code():
            return lay_out_code(segment, width, style)
        case FoldLine():
            return lines.lay_out_fold_line(segment, width, style)
        case QuietLine():
            return lines.lay_out_quiet_line(segment, width, style)
        case TurnFooter():
            return lines.lay_out_turn_footer(segment, width, style)
        case DiffHead():
            return lay_out_diff_head(segment, width, style, columns=columns)
        case Diff():
            return lay_out_diff(segment, width, style, columns=columns)
        case PlanLine():
            return lines.lay_out_plan_line(segment, width, style)
        case Table():
            return prose.lay_out_table(segment, width, style)
        case Rule():
            return prose.lay_out_rule(segment, width, style)
        case Picture():
            return lines.lay_out_picture(segment, width, style)
        case _:
            return SegmentLayout()


def estimate(segment: Segment, width: float, style: Style) -> float:
    """A guess at a segment's height, without a layout."""
    match segment:
        case FoldLine():
            return lines.FOLD_LINE_PX
        case Code() | Diff():
            return (segment.text.count("\n") + 1) * style.code_line_px + 8
        case Picture():
            return 200.0
        case Table():
            return len(segment.rows) * (style.line_px + 8) + 8 * (segment.first + segment.last)
        case _:
            room = min(width - prose.left_of(segment), style.prose_px)
            wrapped = len(segment.text) * _CHARACTER_PX / max(room, 50)
            return (int(wrapped) + 1 + segment.text.count("\n")) * style.line_px + 8
