//! The likely repair of a mistyped name.

/// "Did you mean …" when a known name is near enough, otherwise the known names.
pub fn suggestion<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    const MOST_LISTED: usize = 20;
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(name) = nearest(given, &known) {
        return Some(format!("did you mean {name:?}?"));
    }
    match known.len() {
        0 => None,
        1..=MOST_LISTED => Some(format!("known: {}", known.join(", "))),
        count => Some(format!("none of the {count} known names is near")),
    }
}

/// The known name with the smallest edit distance, if a third of the letters
/// or fewer (at least one) would have to change.
fn nearest<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    let folded = given.to_lowercase();
    known
        .iter()
        .map(|name| (distance(&folded, &name.to_lowercase()), *name))
        .filter(|(distance, name)| *distance <= (name.chars().count() / 3).max(1))
        .min()
        .map(|(_, name)| name)
}

/// Optimal string alignment distance: insertions, deletions, substitutions
/// and swaps of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1)
                .min(rows[i][j - 1] + 1)
                .min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_mistake_finds_its_name() {
        assert_eq!(
            suggestion("stategy", ["strategy", "name"]).unwrap(),
            "did you mean \"strategy\"?"
        );
        assert_eq!(
            suggestion("nmae", ["strategy", "name"]).unwrap(),
            "did you mean \"name\"?"
        );
    }

    #[test]
    fn a_name_that_is_nothing_like_the_others_gets_the_list() {
        assert_eq!(
            suggestion("colour", ["ring_s", "name"]).unwrap(),
            "known: ring_s, name"
        );
        assert_eq!(suggestion("colour", []), None);
    }
}
