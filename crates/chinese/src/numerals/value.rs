//! The number that a text begins with, in whatever form: for telling whether two texts mean the same number.

use super::{Numeral, cardinal, decimal, digit, digit_or_two, is_numeral};

/// The number that `text` begins with, in characters or in digits: `二〇二四`, `２０２４` and `2024` are `2024`;
/// `百分之十二` and `12%`, `三万五千` and `3.5万`, `三分之一` and `1/3` are the same. Unlike [`super::parse`], it takes
/// every number. `before` is the character that precedes the text: no number begins within another.
pub fn value(text: &[char], before: Option<char>) -> Option<Numeral> {
    if before.is_some_and(|c| is_numeral(c) || is_digit(c)) {
        return None;
    }
    // `9/1` in `2024/9/1` is none either.
    let fraction = || fraction(text).filter(|_| before != Some('/'));
    let (digits, length) = percentage(text).or_else(fraction).or_else(|| amount(text))?;
    Some(Numeral { length, digits })
}

/// A character with the form of its half width: `２` is `2`, `％` is `%`.
fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// `百分之十二`, `12%`.
fn percentage(text: &[char]) -> Option<(String, usize)> {
    const SAID: [char; 3] = ['百', '分', '之'];
    if let Some(rest) = text.strip_prefix(&SAID) {
        let whole = rest.first().filter(|c| **c == '百').map(|_| ("100".to_owned(), 1));
        let (digits, length) = whole.or_else(|| amount(rest))?;
        return Some((format!("{digits}%"), SAID.len() + length));
    }
    let (digits, length) = amount(text)?;
    let sign = text.get(length).is_some_and(|c| half_width(*c) == '%');
    sign.then(|| (format!("{digits}%"), length + 1))
}

/// `三分之一`, `1/3`; but `2024/9/1` is a date.
fn fraction(text: &[char]) -> Option<(String, usize)> {
    const SAID: [char; 2] = ['分', '之'];
    if let Some((below, length)) = cardinal(text) {
        let (above, more) = cardinal(text[length..].strip_prefix(&SAID)?)?;
        return Some((format!("{above}/{below}"), length + SAID.len() + more));
    }
    let (above, length) = run(text);
    let (below, more) = run(text[length..].strip_prefix(&['/'])?);
    let length = length + 1 + more;
    let whole = !above.is_empty() && !below.is_empty() && text.get(length) != Some(&'/');
    whole.then(|| (format!("{above}/{below}"), length))
}

/// A number without a sign.
fn amount(text: &[char]) -> Option<(String, usize)> {
    let scaled = |whole: &str, places: &str, length: usize| {
        let (power, more) = power(&text[length..]);
        (shifted(whole, places, power), length + more)
    };
    if let Some((whole, places, length)) = in_digits(text) {
        return Some(scaled(&whole, &places, length));
    }
    if let Some((digits, length)) = sequence(text) {
        return Some((shifted(&digits, "", 0), length));
    }
    if let Some((digits, length)) = decimal(text) {
        let (whole, places) = digits.split_once('.')?;
        return Some(scaled(whole, places, length));
    }
    large(text).or_else(|| single(text))
}

/// `1,200.5`: what is before and what is behind the point.
fn in_digits(text: &[char]) -> Option<(String, String, usize)> {
    let (mut whole, mut length) = run(text);
    if whole.is_empty() {
        return None;
    }
    if whole.len() <= 3 {
        while let Some(group) = text[length..].strip_prefix(&[',']).map(run)
            && group.1 == 3
        {
            whole.push_str(&group.0);
            length += 1 + group.1;
        }
    }
    let point = text.get(length).is_some_and(|c| half_width(*c) == '.');
    let (places, more) = if point { run(&text[length + 1..]) } else { Default::default() };
    let length = if more > 0 { length + 1 + more } else { length };
    Some((whole, places, length))
}

/// The digits that a text begins with, and how many.
fn run(text: &[char]) -> (String, usize) {
    let digits: String = text.iter().map(|c| half_width(*c)).take_while(|c| is_digit(*c)).collect();
    let length = digits.len();
    (digits, length)
}

/// Digits read one by one: `二〇二四`, `一二·九`.
///
/// Two neighbours are an estimate (`三四个`, GB/T 15835) and none, unless a year or the like follows (`二三级`).
fn sequence(text: &[char]) -> Option<(String, usize)> {
    let (mut digits, mut length, mut last, mut rises) = (String::new(), 0, 0, false);
    while let Some(next) = text.get(length).and_then(|c| digit(*c)) {
        (rises, last) = (next == last + 1, next);
        digits.push(char::from_digit(next, 10)?);
        length += 1;
        if text.get(length) == Some(&'·')
            && text.get(length + 1).is_some_and(|c| digit(*c).is_some())
        {
            length += 1;
        }
    }
    let next = text.get(length);
    let named = matches!(next, Some('年' | '级' | '届'));
    let estimate = digits.len() == 2 && length == 2 && rises && !named;
    let ends = !next.is_some_and(|c| is_numeral(*c));
    (digits.len() > 1 && ends && !estimate).then_some((digits, length))
}

/// `三万五千`, `一千二百`, `十二亿`; but not `三万五`, which stands for 35000.
fn large(text: &[char]) -> Option<(String, usize)> {
    let (mut number, mut length, mut least) = (0_u64, 0, usize::MAX);
    loop {
        let zero = number > 0 && matches!(text.get(length), Some('零' | '〇'));
        let Some((section, more)) = cardinal(text.get(length + usize::from(zero)..)?) else {
            break;
        };
        if number > 0 && section < 10 && !zero {
            return None;
        }
        length += usize::from(zero) + more;
        let (power, more) = power(&text[length..]);
        if power >= least {
            return None;
        }
        number += u64::from(section) * 10_u64.pow(u32::try_from(power).ok()?);
        (length, least) = (length + more, power);
        if power == 0 {
            break;
        }
    }
    let ends = !text.get(length).is_some_and(|c| is_numeral(*c));
    (number > 0 && ends).then(|| (number.to_string(), length))
}

/// `两`, `零`.
fn single(text: &[char]) -> Option<(String, usize)> {
    let first = *text.first()?;
    let number = digit_or_two(first).or_else(|| digit(first))?;
    let ends = !text.get(1).is_some_and(|c| is_numeral(*c));
    ends.then(|| (number.to_string(), 1))
}

/// The power of ten that `万`, `亿` or `万亿` stands for, and its length.
fn power(text: &[char]) -> (usize, usize) {
    match text {
        ['万', '亿', ..] => (12, 2),
        ['亿', ..] => (8, 1),
        ['万', ..] => (4, 1),
        _ => (0, 0),
    }
}

/// The number with its point moved to the right, without zeros that say nothing.
fn shifted(whole: &str, places: &str, power: usize) -> String {
    let places: Vec<char> = places.chars().chain(std::iter::repeat_n('0', power)).collect();
    let (up, rest) = places.split_at(power);
    let whole: String = whole.chars().chain(up.iter().copied()).collect();
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let places: String = rest.iter().collect();
    match places.trim_end_matches('0') {
        "" => whole.to_owned(),
        places => format!("{whole}.{places}"),
    }
}

fn is_digit(c: char) -> bool {
    half_width(c).is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with each number as its value in brackets.
    fn values(text: &str) -> String {
        let text: Vec<char> = text.chars().collect();
        let (mut found, mut at) = (String::new(), 0);
        while let Some(c) = text.get(at) {
            if let Some(number) = value(&text[at..], at.checked_sub(1).map(|before| text[before])) {
                found.extend(["[", &number.digits, "]"]);
                at += number.length;
            } else {
                found.push(*c);
                at += 1;
            }
        }
        found
    }

    #[test]
    fn a_number_is_the_same_in_every_form() {
        for (forms, expected) in [
            (&["百分之十二", "12%", "１２％", "百分之12"][..], "[12%]"),
            (&["百分之百", "100%"], "[100%]"),
            (&["百分之三点五", "3.5%", "3.50%"], "[3.5%]"),
            (&["二〇二四", "二零二四", "2024", "２０２４"], "[2024]"),
            (&["一千二百", "1200", "1,200", "一千两百"], "[1200]"),
            (&["三万五千", "3.5万", "35000", "三点五万"], "[35000]"),
            (&["三万零五十", "30050"], "[30050]"),
            (&["一千四百万", "1400万", "14,000,000"], "[14000000]"),
            (&["三万亿", "3万亿", "30000亿"], "[3000000000000]"),
            (&["三", "3", "03"], "[3]"),
            (&["两", "2"], "[2]"),
            (&["零", "0"], "[0]"),
            (&["五四", "五·四", "54"], "[54]"),
            (&["三分之一", "1/3"], "[1/3]"),
            (&["二三级", "23级"], "[23]级"),
            (&["二〇二四年九月一日", "2024年09月1日"], "[2024]年[9]月[1]日"),
            (&["第二十次", "第20次"], "第[20]次"),
            (&["二十大", "20大"], "[20]大"),
        ] {
            for form in forms {
                assert_eq!(values(form), expected, "{form}");
            }
        }
    }

    #[test]
    fn what_is_no_whole_number_stays() {
        for text in ["三四个", "七八十", "十四五规划", "三万五", "一百二", "万一", "一千两百三"]
        {
            assert_eq!(values(text).replace(['[', ']'], ""), values(text), "{text}");
        }
        assert_eq!(values("2024/9/1"), "[2024]/[9]/[1]");
        assert_eq!(values("一万"), "[10000]");
        assert_eq!(values("12,34"), "[12],[34]");
    }
}
