//! The part of a long table that is shown.

use std::ops::Range;

/// A window over rows, some of which are higher than others.
#[derive(Debug, Default)]
pub(super) struct Window {
    top: usize,
}

impl Window {
    /// Returns the rows of these heights that fit into so many lines, the selected one among
    /// them. It moves no further than is needed, and the last page is as full as can be.
    pub(super) fn cut_out(&mut self, heights: &[usize], lines: usize, selected: Option<usize>) -> Range<usize> {
        let last = heights.len() - fitting(heights.iter().rev(), lines);
        self.top = self.top.min(last);
        if let Some(selected) = selected.filter(|at| *at < heights.len()) {
            let above = fitting(heights.iter().take(selected + 1).rev(), lines);
            self.top = self.top.max(selected + 1 - above).min(selected);
        }
        let page = fitting(heights.iter().skip(self.top), lines);
        self.top..self.top + page
    }
}

/// Returns how many of these rows fit into so many lines: one at least, if there is one.
fn fitting<'a>(heights: impl Iterator<Item = &'a usize>, lines: usize) -> usize {
    let mut used = 0;
    let fits = |(at, height): &(usize, &usize)| {
        used += **height;
        *at == 0 || used <= lines
    };
    heights.enumerate().take_while(fits).count()
}
