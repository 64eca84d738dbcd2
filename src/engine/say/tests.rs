//! What is said is understood: every number reads back, and reads well.

use super::*;
use std::collections::BTreeSet;

const LANGUAGES: [Language; 2] = [Language::Chinese, Language::English];

/// The words of the prompts, as a caller hears them.
fn heard(prompts: &[PromptId], language: Language) -> String {
    let word = |prompt: &PromptId| {
        let known = WORDS.iter().find(|word| word.name == prompt.as_str());
        let text = known.and_then(|word| word.text(language));
        text.unwrap_or_else(|| panic!("{prompt} is not recorded in {}", language.tag()))
    };
    let between = match language {
        Language::Chinese => "",
        Language::English => " ",
    };
    let words: Vec<&str> = prompts.iter().map(word).collect();
    words.join(between)
}

fn chinese(prompts: &[PromptId]) -> String {
    heard(prompts, Language::Chinese)
}

fn english(prompts: &[PromptId]) -> String {
    heard(prompts, Language::English)
}

/// Understands a Chinese number as a listener does: a digit waits for its unit.
fn understood_in_chinese(text: &str) -> Option<u32> {
    let (mut total, mut waiting) = (0, None);
    for c in text.chars() {
        let unit = match c {
            '十' => 10,
            '百' => 100,
            '千' => 1_000,
            '万' => 10_000,
            '两' => {
                waiting = Some(2);
                continue;
            }
            _ => {
                let digit = "零一二三四五六七八九"
                    .chars()
                    .position(|known| known == c)?;
                waiting = Some(u32::try_from(digit).ok()?);
                continue;
            }
        };
        total += waiting.take().unwrap_or(1) * unit;
    }
    Some(total + waiting.unwrap_or(0))
}

/// Understands an English number: hundred multiplies, thousand closes a group.
fn understood_in_english(text: &str) -> Option<u32> {
    const NAMES: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    let place = |names: &[&str], word: &str| {
        let place = names.iter().position(|name| *name == word)?;
        u32::try_from(place).ok()
    };
    let (mut total, mut group) = (0, 0);
    for word in text.split(' ') {
        match word {
            "hundred" => group *= 100,
            "thousand" => total += std::mem::take(&mut group) * 1_000,
            _ => group += place(&NAMES, word).or_else(|| Some(place(&TENS, word)? * 10 + 20))?,
        }
    }
    Some(total + group)
}

#[test]
fn every_number_reads_back_in_both_languages() {
    for value in 0..=LARGEST {
        let said = chinese(&number(value, Language::Chinese));
        assert_eq!(understood_in_chinese(&said), Some(value), "{said}");
        let said = english(&number(value, Language::English));
        assert_eq!(understood_in_english(&said), Some(value), "{said}");
    }
}

#[test]
fn no_two_numbers_sound_the_same() {
    for language in LANGUAGES {
        let said: BTreeSet<String> = (0..=LARGEST)
            .map(|value| heard(&number(value, language), language))
            .collect();
        assert_eq!(said.len(), 100_000, "{}", language.tag());
    }
}

#[test]
fn chinese_numbers_follow_the_rules_of_liang_and_ling() {
    for (value, said) in [
        (0, "零"),
        (2, "二"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (22, "二十二"),
        (100, "一百"),
        (101, "一百零一"),
        (110, "一百一十"),
        (112, "一百一十二"),
        (200, "两百"),
        (222, "两百二十二"),
        (1_000, "一千"),
        (1_002, "一千零二"),
        (1_010, "一千零一十"),
        (1_200, "一千二百"),
        (2_005, "两千零五"),
        (2_050, "两千零五十"),
        (10_001, "一万零一"),
        (10_010, "一万零一十"),
        (10_200, "一万零二百"),
        (20_000, "两万"),
        (20_020, "两万零二十"),
        (22_222, "两万二千二百二十二"),
        (99_999, "九万九千九百九十九"),
    ] {
        assert_eq!(chinese(&number(value, Language::Chinese)), said);
    }
}

#[test]
fn english_numbers_are_said_as_they_are_read() {
    for (value, said) in [
        (0, "zero"),
        (13, "thirteen"),
        (20, "twenty"),
        (45, "forty five"),
        (100, "one hundred"),
        (118, "one hundred eighteen"),
        (2_005, "two thousand five"),
        (12_000, "twelve thousand"),
        (99_999, "ninety nine thousand nine hundred ninety nine"),
    ] {
        assert_eq!(english(&number(value, Language::English)), said);
    }
}

#[test]
fn what_is_too_large_is_said_digit_by_digit() {
    let said = number(LARGEST + 1, Language::Chinese);
    assert_eq!(chinese(&said), "一零零零零零");
    assert_eq!(number(u32::MAX, Language::English).len(), 10);
}

#[test]
fn positions_and_agents_are_sentences() {
    let sentence = position(2, Language::Chinese);
    assert_eq!(chinese(&sentence), "您目前排在第二位。");
    let sentence = position(12, Language::English);
    assert_eq!(english(&sentence), "You are number twelve in the queue.");
    assert_eq!(chinese(&agent("1002")), "工号一零零二为您服务。");
    let sentence = english(&agent("1002"));
    assert_eq!(
        sentence,
        "Agent number one zero zero two will take your call."
    );
}

#[test]
fn minutes_are_counted_in_the_way_of_the_language() {
    let said = |count| {
        let chinese = chinese(&minutes(count, Language::Chinese));
        (chinese, english(&minutes(count, Language::English)))
    };
    let pair = |chinese: &str, english: &str| (chinese.to_owned(), english.to_owned());
    assert_eq!(said(0), pair("不到一分钟", "less than one minute"));
    assert_eq!(said(1), pair("一分钟", "one minute"));
    assert_eq!(said(2), pair("两分钟", "two minutes"));
    assert_eq!(said(12), pair("十二分钟", "twelve minutes"));
}

#[test]
fn an_interval_names_both_ends_unless_they_are_one() {
    let said = |low, high| {
        let chinese = chinese(&minutes_between(low, high, Language::Chinese));
        (
            chinese,
            english(&minutes_between(low, high, Language::English)),
        )
    };
    let pair = |chinese: &str, english: &str| (chinese.to_owned(), english.to_owned());
    assert_eq!(said(2, 5), pair("两到五分钟", "two to five minutes"));
    assert_eq!(said(5, 2), said(2, 5));
    assert_eq!(said(3, 3), pair("三分钟", "three minutes"));
    assert_eq!(said(0, 2), pair("两分钟", "two minutes"));
    assert_eq!(said(0, 0), pair("不到一分钟", "less than one minute"));
}

#[test]
fn digits_are_said_one_by_one_and_nothing_else_is() {
    assert_eq!(chinese(&digits("10*2#")), "一零星号二井号");
    assert_eq!(english(&digits("+86-a")), "eight six");
    assert!(digits("").is_empty());
}

/// Each word with the language in which it is heard.
fn used() -> BTreeSet<(&'static str, String)> {
    let mut used = BTreeSet::new();
    for language in LANGUAGES {
        let values = (0..=1_000).chain([10_000]);
        let numbers = values.map(|value| number(value, language));
        let phrases = [
            position(1, language),
            minutes(0, language),
            minutes(1, language),
            minutes_between(2, 5, language),
            agent("*#"),
            confirm(),
            waited(2, language),
        ];
        for prompt in numbers.chain(phrases).flatten() {
            used.insert((language.tag(), prompt.to_string()));
        }
    }
    used
}

#[test]
fn every_word_in_the_list_is_needed_and_none_is_missing() {
    let listed: BTreeSet<(&str, String)> = WORDS
        .iter()
        .flat_map(|word| {
            let spoken = |language: &Language| word.text(*language).is_some();
            let languages = LANGUAGES.into_iter().filter(spoken);
            languages.map(|language| (language.tag(), word.name.to_owned()))
        })
        .collect();
    assert_eq!(listed, used());
    for word in WORDS {
        assert!(PromptId::new(word.name).is_ok(), "{}", word.name);
    }
}

#[test]
fn the_script_that_makes_prompts_and_their_documentation_have_every_word() {
    let script = include_str!("../../../scripts/prompts");
    let page = include_str!("../../../docs/operations/prompts.md");
    for word in WORDS.iter().chain(SENTENCES) {
        for language in LANGUAGES {
            let Some(text) = word.text(language) else {
                continue;
            };
            let voice = match language {
                Language::Chinese => "zh-CN cmn",
                Language::English => "en en",
            };
            let line = format!("prompt {voice} {} \"{text}\"\n", word.name);
            assert!(script.contains(&line), "scripts/prompts lacks: {line}");
        }
        let (chinese, english) = (word.chinese.unwrap_or("–"), word.english.unwrap_or("–"));
        let row = format!("| `{}` | {chinese} | {english} |\n", word.name);
        assert!(
            page.contains(&row),
            "docs/operations/prompts.md lacks: {row}"
        );
    }
}
