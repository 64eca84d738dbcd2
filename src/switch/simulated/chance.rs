//! Seeded draws.

use crate::engine::time::Span;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// A share of all cases, in thousandths.
pub type PerMille = u16;

/// One stream of draws; every part of a simulation has its own, so that a
/// change in one does not shift the others.
#[derive(Clone, Debug)]
pub(crate) struct Chance(Pcg64Mcg);

impl Chance {
    /// The stream called `name` of `seed`.
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        // FNV-1a, so that streams are told apart by name and not by position.
        let name = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(Pcg64Mcg::seed_from_u64(seed ^ name))
    }

    pub(crate) fn happens(&mut self, share: PerMille) -> bool {
        share > 0 && self.0.random_range(0..1_000_u16) < share
    }

    pub(crate) fn between(&mut self, (least, most): (Span, Span)) -> Span {
        let (least, most) = (least.as_millis(), most.as_millis());
        Span::millis(if least >= most {
            least
        } else {
            self.0.random_range(least..=most)
        })
    }

    /// Exponentially distributed with this mean, cut off at eight times the mean.
    pub(crate) fn around(&mut self, mean: Span) -> Span {
        let draw: f64 = self.0.random();
        let factor = (-(1.0 - draw).ln()).min(8.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a non-negative number of milliseconds far below 2^52"
        )]
        Span::millis((mean.as_millis() as f64 * factor).round() as u64)
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        (!from.is_empty()).then(|| &from[self.0.random_range(0..from.len())])
    }

    pub(crate) fn number(&mut self, below: u64) -> u64 {
        self.0.random_range(0..below.max(1))
    }

    /// A random UUID (version 4), as FreeSWITCH names its channels.
    pub(crate) fn uuid(&mut self) -> String {
        let bits: u128 = self.0.random();
        let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{bits:032x}");
        [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ]
        .join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_name_give_the_same_draws() {
        let draws = |name| {
            let mut chance = Chance::new(7, name);
            (
                chance.uuid(),
                chance.around(Span::seconds(60)),
                chance.happens(500),
            )
        };
        assert_eq!(draws("people"), draws("people"));
        assert_ne!(draws("people"), draws("wire"));
    }

    #[test]
    fn a_uuid_has_the_shape_of_version_4() {
        let uuid = Chance::new(1, "channels").uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
        assert!("89ab".contains(&uuid[19..20]));
    }

    #[test]
    fn the_mean_of_many_draws_is_near_the_mean_asked_for() {
        let mut chance = Chance::new(3, "talk");
        let sum: u64 = (0..10_000)
            .map(|_| chance.around(Span::seconds(10)).as_millis())
            .sum();
        assert!(
            (9_500..10_500).contains(&(sum / 10_000)),
            "{}",
            sum / 10_000
        );
    }
}
