//! How many rows a page of a list holds.

/// Most rows on one page.
pub const MAX_PAGE: u32 = 500;
/// Rows on a page when nothing is said.
const USUAL: u32 = 50;

/// Rows on a page for whom this many were asked.
pub(super) fn size(asked: Option<u32>) -> u32 {
    asked.unwrap_or(USUAL).clamp(1, MAX_PAGE)
}
