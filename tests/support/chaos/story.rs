//! What a switch wrote down by itself of the calls of a test, and what must
//! hold of it whatever happened to the controller.

use std::collections::{BTreeMap, BTreeSet};

/// One line of a switch's own log, in the words that all switches share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The switch's name of the channel.
    pub channel: String,
    pub party: Party,
    pub what: What,
}

/// Whose channel it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// A caller, by their number.
    Caller(String),
    /// An agent's phone, by its extension.
    Phone(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Begun,
    Answered,
    /// It hears this other channel.
    Bridged(String),
    /// With the cause, as the switch says it.
    Ended(String),
}

/// One channel's life; times are places in the log.
#[derive(Clone, Debug)]
pub struct Channel {
    pub name: String,
    pub party: Party,
    pub begun: usize,
    pub answered: Vec<usize>,
    pub ended: Option<(usize, String)>,
}

/// A caller and an agent's phone heard each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    pub caller: String,
    pub extension: String,
    pub at: usize,
}

/// The log as a whole.
#[derive(Clone, Debug, Default)]
pub struct Story {
    pub channels: Vec<Channel>,
    pub conversations: Vec<Conversation>,
}

impl Story {
    pub fn of(entries: Vec<Entry>) -> Story {
        let parties: BTreeMap<String, Party> = entries
            .iter()
            .map(|entry| (entry.channel.clone(), entry.party.clone()))
            .collect();
        let mut story = Story::default();
        for (at, entry) in entries.into_iter().enumerate() {
            let Entry {
                channel,
                party,
                what,
            } = entry;
            let known = story.channels.iter_mut().find(|seen| seen.name == channel);
            match (what, known) {
                (What::Answered, Some(known)) => known.answered.push(at),
                (What::Ended(cause), Some(known)) => {
                    known.ended.get_or_insert((at, cause));
                }
                (What::Bridged(other), _) => {
                    if let (Party::Caller(caller), Some(Party::Phone(extension)))
                    | (Party::Phone(extension), Some(Party::Caller(caller))) =
                        (party, parties.get(&other).cloned())
                    {
                        story.conversations.push(Conversation {
                            caller,
                            extension,
                            at,
                        });
                    }
                }
                (What::Begun, None) => story.channels.push(Channel {
                    name: channel,
                    party,
                    begun: at,
                    answered: Vec::new(),
                    ended: None,
                }),
                (What::Begun, Some(_)) | (What::Answered | What::Ended(_), None) => {}
            }
        }
        story
    }

    fn channels_of(&self, party: &Party) -> impl Iterator<Item = &Channel> {
        self.channels
            .iter()
            .filter(move |channel| channel.party == *party)
    }

    /// The one channel of a caller, once there.
    pub fn caller(&self, number: &str) -> Option<&Channel> {
        self.channels_of(&Party::Caller(number.to_owned())).next()
    }

    /// The latest channel to a phone.
    pub fn phone(&self, extension: &str) -> Option<&Channel> {
        self.channels_of(&Party::Phone(extension.to_owned())).last()
    }

    pub fn talked(&self, number: &str) -> bool {
        self.conversations.iter().any(|talk| talk.caller == number)
    }

    /// Whether the caller's conversation is over.
    pub fn parted(&self, number: &str) -> bool {
        self.talked(number)
            && self
                .caller(number)
                .is_some_and(|channel| channel.ended.is_some())
    }

    /// What holds of every log: a caller comes on one channel, is answered
    /// once and speaks with one agent at most; a phone is rung for one call at
    /// a time, and as often as it got a call: no call is offered twice.
    pub fn assert_sound(&self) {
        let parties: BTreeSet<&Party> = self.channels.iter().map(|seen| &seen.party).collect();
        let talks = |matches: &dyn Fn(&&Conversation) -> bool| {
            self.conversations.iter().filter(matches).count()
        };
        for party in parties {
            let channels: Vec<&Channel> = self.channels_of(party).collect();
            match party {
                Party::Caller(number) => {
                    assert_eq!(channels.len(), 1, "{number} called once: {channels:?}");
                    let answered = channels[0].answered.len();
                    assert_eq!(answered, 1, "{number} is answered once: {channels:?}");
                    let talks = talks(&|talk| talk.caller == *number);
                    assert!(talks <= 1, "{number} is connected once: {self:#?}");
                }
                Party::Phone(extension) => {
                    for pair in channels.windows(2) {
                        let over = pair[0]
                            .ended
                            .as_ref()
                            .is_some_and(|end| end.0 < pair[1].begun);
                        assert!(over, "{extension} is rung for two calls at once: {pair:?}");
                    }
                    let talks = talks(&|talk| talk.extension == *extension);
                    assert_eq!(
                        channels.len(),
                        talks,
                        "{extension} is rung in vain: {self:#?}"
                    );
                }
            }
        }
    }

    /// Nobody was cut off: where a caller's conversation ended, the agent's
    /// side ended first, but for those whom the test itself hung up.
    pub fn assert_nobody_was_cut_off(&self, hung_up: &[&str]) {
        for channel in &self.channels {
            let Party::Caller(number) = &channel.party else {
                continue;
            };
            if hung_up.contains(&number.as_str()) {
                continue;
            }
            let ended = channel.ended.as_ref();
            let (ended, _) = ended.unwrap_or_else(|| panic!("{number} goes on: {self:#?}"));
            let mut talks = self.conversations.iter();
            let talk = talks.find(|talk| talk.caller == *number);
            let talk = talk.unwrap_or_else(|| panic!("{number} spoke to nobody: {self:#?}"));
            let phone = Party::Phone(talk.extension.clone());
            let rung = self.channels_of(&phone).filter(|seen| seen.begun < talk.at);
            let theirs = rung.last().expect("it was rung");
            let first = theirs.ended.as_ref().is_some_and(|end| end.0 < *ended);
            assert!(first, "{number} was cut off: {self:#?}");
        }
    }

    /// The callers whom this phone spoke with, in the order of their conversations.
    pub fn served_by(&self, extension: &str) -> Vec<&str> {
        let talks = self.conversations.iter();
        let theirs = talks.filter(|talk| talk.extension == extension);
        theirs.map(|talk| talk.caller.as_str()).collect()
    }
}
