//! Numbers as callers hear them: a number, a place in a queue, minutes and an
//! agent's number become prompts, word by word, in the order of the language.
//!
//! What has to be recorded for it stands in [`WORDS`].

use crate::engine::id::PromptId;
use crate::switch::Language;

/// Larger numbers are said digit by digit.
pub const LARGEST: u32 = 99_999;

/// One prompt of which numbers are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its [`PromptId`].
    pub name: &'static str,
    /// What it says in Chinese; none when only English needs it.
    pub chinese: Option<&'static str>,
    /// What it says in English; none when only Chinese needs it.
    pub english: Option<&'static str>,
}

/// Every prompt of which numbers are put together, and what it says.
pub const WORDS: &[Word] = &[
    both("say-0", "零", "zero"),
    both("say-1", "一", "one"),
    both("say-2", "二", "two"),
    both("say-3", "三", "three"),
    both("say-4", "四", "four"),
    both("say-5", "五", "five"),
    both("say-6", "六", "six"),
    both("say-7", "七", "seven"),
    both("say-8", "八", "eight"),
    both("say-9", "九", "nine"),
    both("say-10", "十", "ten"),
    english("say-11", "eleven"),
    english("say-12", "twelve"),
    english("say-13", "thirteen"),
    english("say-14", "fourteen"),
    english("say-15", "fifteen"),
    english("say-16", "sixteen"),
    english("say-17", "seventeen"),
    english("say-18", "eighteen"),
    english("say-19", "nineteen"),
    english("say-20", "twenty"),
    english("say-30", "thirty"),
    english("say-40", "forty"),
    english("say-50", "fifty"),
    english("say-60", "sixty"),
    english("say-70", "seventy"),
    english("say-80", "eighty"),
    english("say-90", "ninety"),
    both("say-100", "百", "hundred"),
    both("say-1000", "千", "thousand"),
    chinese("say-10000", "万"),
    chinese("say-liang", "两"),
    both("say-star", "星号", "star"),
    both("say-hash", "井号", "pound"),
    both("say-position", "您目前排在第", "You are number"),
    both("say-position-end", "位。", "in the queue."),
    both("say-under-a-minute", "不到一分钟", "less than one minute"),
    both("say-to", "到", "to"),
    english("say-minute", "minute"),
    both("say-minutes", "分钟", "minutes"),
    both(
        "say-confirm",
        "接听来电请按一。",
        "Press one to take the call.",
    ),
    both("say-waited", "来电已等待", "The caller waited"),
    both("say-agent", "工号", "Agent number"),
    both("say-agent-end", "为您服务。", "will take your call."),
];

/// Every sentence about callbacks, and what it says.
pub const SENTENCES: &[Word] = &[
    both(
        callback::PRESS,
        "如不想等候，请按一，我们将保留您的位置并给您回电。",
        "If you would rather not wait, press one: you keep your place and we call you back.",
    ),
    both(
        callback::ALL_BUSY,
        "现在没有空闲的客服，我们可以给您回电。",
        "Nobody is free now; we can call you back.",
    ),
    both(callback::NUMBER_IS, "我们将回拨", "We will call"),
    both(
        callback::CONFIRM,
        "确认请按一，更换号码请按二，返回请按星号键。",
        "To confirm, press one. For another number, press two. To go back, press star.",
    ),
    both(
        callback::ENTER_NUMBER,
        "请输入您的电话号码，以井号键结束。",
        "Please enter your number, and then press pound.",
    ),
    both(
        callback::NUMBER_INVALID,
        "抱歉，我们无法回拨这个号码。",
        "Sorry, we cannot call this number.",
    ),
    both(
        callback::CONFIRMED,
        "已为您登记，我们将按顺序给您回电。再见。",
        "We will call you back in your turn. Goodbye.",
    ),
    both(
        callback::NOT_POSSIBLE,
        "抱歉，现在无法登记回电。",
        "Sorry, no more callbacks can be arranged now.",
    ),
];

/// The names of [`SENTENCES`].
pub(crate) mod callback {
    pub(crate) const PRESS: &str = "press-to-be-called-back";
    pub(crate) const ALL_BUSY: &str = "callback-all-busy";
    pub(crate) const NUMBER_IS: &str = "callback-number-is";
    pub(crate) const CONFIRM: &str = "callback-confirm";
    pub(crate) const ENTER_NUMBER: &str = "callback-enter-number";
    pub(crate) const NUMBER_INVALID: &str = "callback-number-invalid";
    /// A promise: it leaves when the callback is durable.
    pub(crate) const CONFIRMED: &str = "callback-confirmed";
    pub(crate) const NOT_POSSIBLE: &str = "callback-not-possible";
}

const fn both(name: &'static str, chinese: &'static str, english: &'static str) -> Word {
    Word {
        name,
        chinese: Some(chinese),
        english: Some(english),
    }
}

const fn chinese(name: &'static str, chinese: &'static str) -> Word {
    Word {
        name,
        chinese: Some(chinese),
        english: None,
    }
}

const fn english(name: &'static str, english: &'static str) -> Word {
    Word {
        name,
        chinese: None,
        english: Some(english),
    }
}

impl Word {
    /// What it says in a language; none when that language does not need it.
    pub fn text(&self, language: Language) -> Option<&'static str> {
        match language {
            Language::Chinese => self.chinese,
            Language::English => self.english,
        }
    }
}

/// A whole number: 两千零五, *two thousand five*.
pub fn number(number: u32, language: Language) -> Vec<PromptId> {
    prompts(&number_words(number, language))
}

/// A caller's place in the queue, counted from 1, as a sentence.
pub fn position(position: u32, language: Language) -> Vec<PromptId> {
    let mut words = vec!["say-position"];
    words.extend(number_words(position, language));
    words.push("say-position-end");
    prompts(&words)
}

/// A duration; under one minute is said in words.
pub fn minutes(minutes: u32, language: Language) -> Vec<PromptId> {
    prompts(&match minutes {
        0 => vec!["say-under-a-minute"],
        _ => {
            let mut words = counted(minutes, language);
            words.push(match (minutes, language) {
                (1, Language::English) => "say-minute",
                _ => "say-minutes",
            });
            words
        }
    })
}

/// A duration between two: 三到五分钟, *three to five minutes*. The larger alone
/// when they are the same, or the smaller is under a minute.
pub fn minutes_between(low: u32, high: u32, language: Language) -> Vec<PromptId> {
    let (low, high) = (low.min(high), low.max(high));
    if low == 0 || low == high {
        return minutes(high, language);
    }
    let mut words = counted(low, language);
    words.push("say-to");
    words.extend(counted(high, language));
    words.push("say-minutes");
    prompts(&words)
}

/// Asks who answers to press a key.
pub fn confirm() -> Vec<PromptId> {
    prompts(&["say-confirm"])
}

/// How long a caller waited, as an agent hears it.
pub fn waited(waited: u32, language: Language) -> Vec<PromptId> {
    let mut said = prompts(&["say-waited"]);
    said.extend(minutes(waited, language));
    said
}

/// The keys of a telephone in `text`, one by one; other characters are not said.
pub fn digits(text: &str) -> Vec<PromptId> {
    prompts(&digit_words(text))
}

/// One prompt of [`WORDS`].
pub(crate) fn word(name: &'static str) -> PromptId {
    PromptId::of_word(name)
}

/// An agent's number before the agent is heard (报工号), as a sentence.
pub fn agent(number: &str) -> Vec<PromptId> {
    let mut words = vec!["say-agent"];
    words.extend(digit_words(number));
    words.push("say-agent-end");
    prompts(&words)
}

fn prompts(words: &[&'static str]) -> Vec<PromptId> {
    words.iter().map(|name| PromptId::of_word(name)).collect()
}

fn number_words(number: u32, language: Language) -> Vec<&'static str> {
    match language {
        _ if number > LARGEST => digit_words(&number.to_string()),
        Language::Chinese => chinese_words(number),
        Language::English => english_words(number),
    }
}

/// A number before what it counts: alone, two is 两 there.
fn counted(number: u32, language: Language) -> Vec<&'static str> {
    match (number, language) {
        (2, Language::Chinese) => vec!["say-liang"],
        _ => number_words(number, language),
    }
}

fn digit_words(text: &str) -> Vec<&'static str> {
    let word = |key: char| match key {
        '*' => Some("say-star"),
        '#' => Some("say-hash"),
        _ => key.to_digit(10).map(digit),
    };
    text.chars().filter_map(word).collect()
}

/// Each digit with its power of ten: 二 is 两 before 百, 千 and 万 where the
/// number begins; zeros between digits are one 零, those at the end none; and
/// ten to nineteen begin with 十.
fn chinese_words(number: u32) -> Vec<&'static str> {
    const POWERS: [(u32, Option<&str>); 5] = [
        (10_000, Some("say-10000")),
        (1_000, Some("say-1000")),
        (100, Some("say-100")),
        (10, Some("say-10")),
        (1, None),
    ];
    let mut words = Vec::new();
    let mut skipped = false;
    for (power, name) in POWERS {
        let value = number / power % 10;
        if value == 0 {
            skipped = !words.is_empty();
            continue;
        }
        if std::mem::take(&mut skipped) {
            words.push("say-0");
        }
        match (value, power) {
            (2, 100..) if words.is_empty() => words.push("say-liang"),
            (1, 10) if words.is_empty() => {}
            _ => words.push(digit(value)),
        }
        words.extend(name);
    }
    if number == 0 {
        words.push("say-0");
    }
    words
}

fn english_words(number: u32) -> Vec<&'static str> {
    let mut words = Vec::new();
    let (thousands, rest) = (number / 1_000, number % 1_000);
    if thousands > 0 {
        words.extend(english_below_thousand(thousands));
        words.push("say-1000");
    }
    if rest > 0 || thousands == 0 {
        words.extend(english_below_thousand(rest));
    }
    words
}

fn english_below_thousand(number: u32) -> Vec<&'static str> {
    let mut words = Vec::new();
    let (hundreds, rest) = (number / 100, number % 100);
    if hundreds > 0 {
        words.extend([digit(hundreds), "say-100"]);
    }
    match rest {
        0 if hundreds > 0 => {}
        0..20 => words.push(small(rest)),
        _ => {
            words.push(ten(rest / 10));
            words.extend((rest % 10 > 0).then(|| digit(rest % 10)));
        }
    }
    words
}

fn digit(value: u32) -> &'static str {
    small(value % 10)
}

/// Zero to nineteen.
fn small(value: u32) -> &'static str {
    const NAMES: [&str; 20] = [
        "say-0", "say-1", "say-2", "say-3", "say-4", "say-5", "say-6", "say-7", "say-8", "say-9",
        "say-10", "say-11", "say-12", "say-13", "say-14", "say-15", "say-16", "say-17", "say-18",
        "say-19",
    ];
    NAMES[value as usize % NAMES.len()]
}

/// Twenty to ninety, by the number of tens.
fn ten(tens: u32) -> &'static str {
    const NAMES: [&str; 8] = [
        "say-20", "say-30", "say-40", "say-50", "say-60", "say-70", "say-80", "say-90",
    ];
    NAMES[tens.saturating_sub(2) as usize % NAMES.len()]
}

#[cfg(test)]
mod tests;
