//! Whether an agent can do what a queue requires.

use crate::engine::centre::Level;
use crate::engine::id::SkillId;
use std::collections::BTreeMap;

/// Whether every required skill is there at its level or above.
pub fn meets(has: &BTreeMap<SkillId, Level>, requires: &BTreeMap<SkillId, Level>) -> bool {
    requires
        .iter()
        .all(|(skill, level)| has.get(skill).is_some_and(|own| own >= level))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skills(list: &[(&str, i64)]) -> BTreeMap<SkillId, Level> {
        list.iter()
            .map(|(name, level)| (SkillId::new(name).unwrap(), Level::new(*level).unwrap()))
            .collect()
    }

    #[test]
    fn a_higher_level_serves_a_lower_requirement_and_not_the_other_way_round() {
        assert!(meets(
            &skills(&[("english", 5)]),
            &skills(&[("english", 3)])
        ));
        assert!(!meets(
            &skills(&[("english", 2)]),
            &skills(&[("english", 3)])
        ));
        assert!(!meets(&skills(&[]), &skills(&[("english", 1)])));
        assert!(meets(&skills(&[]), &skills(&[])));
    }
}
