//! Numbers written in characters, as digits: what was said as `百分之八十` reads better as `80%`.
//!
//! Years, dates, percentages, decimals with a unit and exact numbers of at least a hundred become
//! digits, following GB/T 15835. All others stay: small and round numbers read better in characters,
//! and many are not numbers at all (`二十大`, `一百年`, `四个意识`, `二百五`). [`value`] takes them all, to compare
//! texts.

mod value;

pub use value::value;

/// A number at the start of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numeral {
    /// Characters of the text that it takes.
    pub length: usize,
    /// How it is written in digits.
    pub digits: String,
}

/// The number that `text` begins with, if it should be written in digits. `before` is the character
/// that precedes the text.
pub fn parse(text: &[char], before: Option<char>) -> Option<Numeral> {
    number(text, before).map(|(length, digits)| Numeral { length, digits })
}

/// A text with its numbers in digits.
pub fn to_digits(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let (mut digits, mut at, mut before) = (String::new(), 0, None);
    while let Some(c) = characters.get(at) {
        if let Some(numeral) = parse(&characters[at..], before) {
            digits.push_str(&numeral.digits);
            (at, before) = (at + numeral.length, None);
        } else {
            digits.push(*c);
            (at, before) = (at + 1, Some(*c));
        }
    }
    digits
}

fn number(text: &[char], before: Option<char>) -> Option<(usize, String)> {
    if before.is_some_and(|c| is_numeral(c) || matches!(c, '之' | '点' | '几' | '数')) {
        return None;
    }
    year(text)
        .or_else(|| date(text, before))
        .or_else(|| percentage(text))
        .or_else(|| decimal_with_unit(text))
        .or_else(|| exact(text))
}

/// `二零二四年`, `二〇二四级`.
fn year(text: &[char]) -> Option<(usize, String)> {
    let digits = text.get(..4)?.iter().map(|c| digit(*c)).collect::<Option<Vec<_>>>()?;
    let is_year = matches!(text.get(4), Some('年' | '级' | '届')) && (1..=2).contains(&digits[0]);
    is_year.then(|| (4, digits.iter().map(u32::to_string).collect()))
}

/// `九月一日`, and the month after a year. A month alone may be a name: `十月革命`.
fn date(text: &[char], before: Option<char>) -> Option<(usize, String)> {
    let (month, length) = cardinal(text).filter(|(month, _)| (1..=12).contains(month))?;
    let after = text[length..].strip_prefix(&['月'])?;
    let day = cardinal(after).filter(|(day, length)| {
        (1..=31).contains(day) && matches!(after.get(*length), Some('日' | '号'))
    });
    match day {
        Some((day, more)) => Some((length + 1 + more, format!("{month}月{day}"))),
        None if before == Some('年') => Some((length, month.to_string())),
        None => None,
    }
}

/// `百分之八十`, but not `百分之百`.
fn percentage(text: &[char]) -> Option<(usize, String)> {
    const SAID: [char; 3] = ['百', '分', '之'];
    let rest = text.strip_prefix(&SAID)?;
    let (digits, length) = decimal(rest).or_else(|| {
        let (number, length) = cardinal(rest)?;
        Some((number.to_string(), length))
    })?;
    Some((SAID.len() + length, format!("{digits}%")))
}

/// Units after a decimal. Without one, `三点五` may be a time of the day.
const UNITS: [&str; 14] = [
    "公里",
    "千米",
    "平方",
    "立方",
    "公斤",
    "小时",
    "个小时",
    "个百分点",
    "万",
    "亿",
    "倍",
    "元",
    "米",
    "吨",
];

fn decimal_with_unit(text: &[char]) -> Option<(usize, String)> {
    let (digits, length) = decimal(text)?;
    let rest: String = text[length..].iter().collect();
    UNITS.iter().any(|unit| rest.starts_with(unit)).then_some((length, digits))
}

/// `三点五`.
fn decimal(text: &[char]) -> Option<(String, usize)> {
    let (whole, length) = match text.first()? {
        '零' => (0, 1),
        _ => cardinal(text)?,
    };
    let after = text[length..].strip_prefix(&['点'])?;
    let places: Vec<u32> = after.iter().map_while(|c| digit(*c)).collect();
    let ends = !after.get(places.len()).is_some_and(|c| matches!(c, '十' | '百' | '千'));
    let digits: String = places.iter().map(u32::to_string).collect();
    (ends && !places.is_empty()).then(|| (format!("{whole}.{digits}"), length + 1 + places.len()))
}

/// `一百零三周年`, `一千四百万`: at least a hundred, and not round.
fn exact(text: &[char]) -> Option<(usize, String)> {
    let (number, length) = cardinal(text)?;
    let digits = number.to_string();
    let is_round = digits.chars().filter(|c| *c != '0').count() < 2;
    let mut after = text[length..].iter().copied();
    let next = after.next().map(|c| if matches!(c, '万' | '亿') { after.next() } else { Some(c) });
    let goes_on = next.flatten().is_some_and(is_numeral);
    let is_fraction = text[length..].starts_with(&['分', '之']);
    (number >= 100 && !is_round && !goes_on && !is_fraction).then_some((length, digits))
}

/// The number below ten thousand that the text begins with, and its length in characters. `None` if
/// it is incomplete (`一百二` means 120).
fn cardinal(text: &[char]) -> Option<(u32, usize)> {
    let (mut number, mut length, mut least) = (0, 0, 10_000);
    let mut zero = false;
    while let Some(c) = text.get(length) {
        let unit = |at: usize| match text.get(at)? {
            '十' => Some(10),
            '百' => Some(100),
            '千' => Some(1000),
            _ => None,
        };
        if *c == '零' || *c == '〇' {
            // A zero stands for omitted places between others.
            if zero || number == 0 || least == 1 {
                return None;
            }
            (zero, length) = (true, length + 1);
            continue;
        }
        let (digit, unit, characters) = match (digit_or_two(*c), unit(length), unit(length + 1)) {
            (Some(digit), _, Some(unit)) => (digit, unit, 2),
            (Some(digit), _, None) => (digit, 1, 1),
            (None, Some(10), _) if number == 0 => (1, 10, 1),
            _ => break,
        };
        let skips = unit * 10 != least && number > 0;
        if digit == 0 || unit >= least || skips != zero && number > 0 || *c == '两' && unit < 100 {
            return None;
        }
        (number, least, zero, length) = (number + digit * unit, unit, false, length + characters);
    }
    (number > 0 && !zero).then_some((number, length))
}

fn digit_or_two(c: char) -> Option<u32> {
    if c == '两' { Some(2) } else { digit(c).filter(|digit| *digit > 0) }
}

fn digit(c: char) -> Option<u32> {
    let place = "零一二三四五六七八九".chars().position(|known| known == c);
    let place = place.or((c == '〇').then_some(0))?;
    u32::try_from(place).ok()
}

fn is_numeral(c: char) -> bool {
    digit(c).is_some() || matches!(c, '两' | '十' | '百' | '千' | '万' | '亿')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_dates_and_percentages_become_digits() {
        for (said, right) in [
            ("我是二零二四级本科生。", "我是2024级本科生。"),
            ("一九二一年七月，党诞生了。", "1921年7月，党诞生了。"),
            ("二〇二三年九月一日，", "2023年9月1日，"),
            ("十月二十五号开会。", "10月25号开会。"),
            ("完成了百分之八十，", "完成了80%，"),
            ("增长百分之三点五。", "增长3.5%。"),
            ("走了三点五公里", "走了3.5公里"),
            ("零点五个百分点", "0.5个百分点"),
        ] {
            assert_eq!(to_digits(said), right);
        }
    }

    #[test]
    fn exact_numbers_of_at_least_a_hundred_become_digits() {
        for (said, right) in [
            ("建党一百零三周年", "建党103周年"),
            ("共一千二百五十人。", "共1250人。"),
            ("一千四百万志愿者", "1400万志愿者"),
            ("两百五十多名同学", "250多名同学"),
            ("三千零四页", "3004页"),
            ("九千九百一十二", "9912"),
        ] {
            assert_eq!(to_digits(said), right);
        }
    }

    #[test]
    fn small_round_and_idiomatic_numbers_stay() {
        for text in [
            "党的二十大精神，十四五规划，四个意识",
            "两个一百年奋斗目标，一百年来",
            "十月革命，五四运动，七一讲话，三个月",
            "百分之百投入，三分之一百二十",
            "一是学习，二是实践，前十名，第二十次",
            "一千多人，三五百个，几百二十，二百五",
            "三点五十开会，三点五分出发，一两千二百三",
            "三百二十分之一，三万五千六百人，十二亿",
            "九月，正式开学。二零级，一二三四五",
        ] {
            assert_eq!(to_digits(text), text);
        }
    }
}
