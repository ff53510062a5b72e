//! Which reports are meant: conditions such as `model!=small-q8_0`.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::transcript::{SegmentFlag, Transcript};
use huibao_models::store::ReportOverview;
use huibao_worker::speech::is_language;

use crate::exit::CommandError;

/// Everything that can be written.
pub const FORMS: &str = "report=ID, model=NAME, model!=NAME, created<2026-10-01, \
                         created>=2026-10-01, language=zh, flag=unclear|repetition|known_phantom";

/// What a report or its newest recognition must be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// This report.
    Report(ReportId),
    /// Recognised with this model; the name is without `ggml-`.
    Model(String),
    /// Recognised with another model than this.
    OtherModel(String),
    /// Handed in before this.
    CreatedBefore(DateTime<Utc>),
    /// Handed in at this time or later.
    CreatedFrom(DateTime<Utc>),
    /// Recognised as this language.
    Language(String),
    /// With a segment that has this flag.
    Flag(SegmentFlag),
}

/// What a condition's value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A report's id.
    Id,
    /// A model's name.
    Model,
    /// A day.
    Day,
    /// A language code.
    Language,
    /// A flag.
    Flag,
}

/// An invalid condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// There is no such comparison.
    #[error("{0:?} is no condition; write {FORMS}")]
    Form(String),
    /// The value is not what it must be.
    #[error("{text:?}: {}", .expected.en())]
    Value {
        /// The condition as it was written.
        text: String,
        /// What its value must be.
        expected: Expected,
    },
}

impl Condition {
    /// Whether the report fits. What a transcript must be like is not asked here.
    pub fn allows(&self, overview: &ReportOverview) -> bool {
        let handed_in = overview.submission.as_ref().map(|submission| submission.created_at);
        match self {
            Self::Report(id) => overview.report.id == *id,
            Self::CreatedBefore(time) => handed_in.is_some_and(|at| at < *time),
            Self::CreatedFrom(time) => handed_in.is_some_and(|at| at >= *time),
            _ => true,
        }
    }

    /// Whether a transcript must be looked at.
    pub fn is_about_transcript(&self) -> bool {
        matches!(self, Self::Model(_) | Self::OtherModel(_) | Self::Language(_) | Self::Flag(_))
    }

    /// Whether the newest recognition fits. What the report must be like is not asked here.
    pub fn fits(&self, transcript: &Transcript) -> bool {
        let model = without_prefix(&transcript.recognizer.model);
        match self {
            Self::Model(name) => model == name,
            Self::OtherModel(name) => model != name,
            Self::Language(language) => transcript.language == *language,
            Self::Flag(flag) => transcript.segments.iter().any(|said| said.flags.contains(flag)),
            _ => true,
        }
    }
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        let (name, operator, value) =
            split(text).ok_or_else(|| ConditionError::Form(text.to_owned()))?;
        let wrong = |expected| ConditionError::Value { text: text.to_owned(), expected };
        let model = || Some(without_prefix(value)).filter(|name| !name.is_empty());
        let model = || model().map(str::to_owned).ok_or_else(|| wrong(Expected::Model));
        let day = || midnight(value).ok_or_else(|| wrong(Expected::Day));
        match (name, operator) {
            ("report", "=") => value.parse().map(Self::Report).map_err(|_| wrong(Expected::Id)),
            ("model", "=") => model().map(Self::Model),
            ("model", "!=") => model().map(Self::OtherModel),
            ("created", "<") => day().map(Self::CreatedBefore),
            ("created", ">=") => day().map(Self::CreatedFrom),
            ("language", "=") if is_language(value) => Ok(Self::Language(value.to_owned())),
            ("language", "=") => Err(wrong(Expected::Language)),
            ("flag", "=") => flag(value).map(Self::Flag).ok_or_else(|| wrong(Expected::Flag)),
            _ => Err(ConditionError::Form(text.to_owned())),
        }
    }
}

/// Name, comparison and value.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_at(text.find(['=', '!', '<', '>'])?);
    let length = rest.find(|c| !matches!(c, '=' | '!' | '<' | '>')).unwrap_or(rest.len());
    let (operator, value) = rest.split_at(length);
    Some((name.trim(), operator, value.trim()))
}

fn without_prefix(model: &str) -> &str {
    model.strip_prefix("ggml-").unwrap_or(model)
}

/// The beginning of a day, in UTC.
fn midnight(day: &str) -> Option<DateTime<Utc>> {
    let day: NaiveDate = day.parse().ok()?;
    Some(day.and_time(chrono::NaiveTime::MIN).and_utc())
}

fn flag(name: &str) -> Option<SegmentFlag> {
    serde_json::from_value(name.into()).ok()
}

impl Expected {
    const fn en(self) -> &'static str {
        match self {
            Self::Id => "write the id of a report",
            Self::Model => "write the name of a model, such as small-q8_0",
            Self::Day => "write a day such as 2026-10-01; it begins at midnight UTC",
            Self::Language => "write a language code such as zh",
            Self::Flag => "write unclear, repetition or known_phantom",
        }
    }

    const fn zh(self) -> &'static str {
        match self {
            Self::Id => "请写汇报的编号",
            Self::Model => "请写模型名称，例如 small-q8_0",
            Self::Day => "请写日期，例如 2026-10-01（从 UTC 零点算起）",
            Self::Language => "请写语言代码，例如 zh",
            Self::Flag => "请写 unclear、repetition 或 known_phantom",
        }
    }
}

impl From<ConditionError> for CommandError {
    fn from(error: ConditionError) -> Self {
        let zh = match &error {
            ConditionError::Form(text) => format!("不认识的条件“{text}”。可以写：{FORMS}"),
            ConditionError::Value { text, expected } => format!("“{text}”：{}。", expected.zh()),
        };
        Self::Usage { zh, en: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Condition, ConditionError> {
        text.parse()
    }

    #[test]
    fn every_form_is_read() {
        let id = ReportId::new();
        let day = "2026-10-01T00:00:00Z".parse().unwrap();
        for (text, condition) in [
            (format!("report={id}").as_str(), Condition::Report(id)),
            ("model=base-q8_0", Condition::Model("base-q8_0".into())),
            ("model = ggml-base-q8_0", Condition::Model("base-q8_0".into())),
            ("model!=ggml-small", Condition::OtherModel("small".into())),
            ("created<2026-10-01", Condition::CreatedBefore(day)),
            ("created >= 2026-10-01", Condition::CreatedFrom(day)),
            ("language=zh", Condition::Language("zh".into())),
            ("flag=unclear", Condition::Flag(SegmentFlag::Unclear)),
            ("flag=known_phantom", Condition::Flag(SegmentFlag::KnownPhantom)),
            ("flag=repetition", Condition::Flag(SegmentFlag::Repetition)),
        ] {
            assert_eq!(parse(text), Ok(condition), "{text}");
        }
    }

    #[test]
    fn what_is_no_condition_is_told_what_there_is() {
        for text in [
            "",
            "model",
            "=x",
            "speaker=x",
            "model<x",
            "model==x",
            "created=2026-10-01",
            "created<=2026-10-01",
            "language!=zh",
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error, ConditionError::Form(text.into()));
            assert!(error.to_string().contains("created>=2026-10-01"), "{error}");
        }
        for (text, expected) in [
            ("report=7", Expected::Id),
            ("model=", Expected::Model),
            ("model!=ggml-", Expected::Model),
            ("created<yesterday", Expected::Day),
            ("created>=2026-13-01", Expected::Day),
            ("language=chinese", Expected::Language),
            ("flag=loud", Expected::Flag),
        ] {
            assert_eq!(parse(text), Err(ConditionError::Value { text: text.into(), expected }));
        }
    }

    #[test]
    fn both_languages_say_what_can_be_written() {
        let CommandError::Usage { zh, en } = parse("created<soon").unwrap_err().into() else {
            panic!("not a usage error");
        };
        assert!(zh.contains("created<soon") && zh.contains("2026-10-01"), "{zh}");
        assert!(en.contains("created<soon") && en.contains("2026-10-01"), "{en}");
    }
}
