//! What a paper file calls things. It is in Chinese, as the file is that it is put into.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::branch::BranchPath;
use crate::domain::report::{Period, ReportKind, ReportState};
use crate::domain::review::{Anchor, Verdict};
use crate::domain::round::Standing;
use crate::domain::transcript::SegmentFlag;

/// The name of a kind of report, unless the operator has given it another.
pub const fn kind(kind: ReportKind) -> &'static str {
    match kind {
        ReportKind::Motive => "入党动机",
        ReportKind::Understanding => "思想认识",
        ReportKind::Study => "学习体会",
        ReportKind::Activity => "活动心得",
        ReportKind::Oath => "入党誓词",
        ReportKind::Meeting => "组织生活",
        ReportKind::Other => "其他",
    }
}

pub(super) const fn state(state: ReportState) -> &'static str {
    match state {
        ReportState::Draft => "草稿",
        ReportState::Submitted => "已提交，待审阅",
        ReportState::InReview => "审阅中",
        ReportState::Accepted => "已通过",
        ReportState::Returned => "已退回",
        ReportState::Withdrawn => "已撤回",
    }
}

pub(super) const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accept => "通过",
        Verdict::Return => "退回",
        Verdict::Reopen => "重新审阅",
    }
}

pub(super) const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Due => "待交",
        Standing::Overdue => "已逾期",
        Standing::Done => "已交",
        Standing::Late => "逾期已交",
        Standing::Returned => "已退回，待重交",
        Standing::Excused => "免交",
    }
}

/// Why a reader should listen to a sentence; `None` for what only raw versions have.
pub(super) const fn flag(flag: SegmentFlag) -> Option<&'static str> {
    match flag {
        SegmentFlag::Unclear => Some("没听清"),
        SegmentFlag::KnownPhantom => Some("可能是误识别"),
        SegmentFlag::Repetition => Some("重复"),
        SegmentFlag::SetAside => None,
    }
}

/// Where a report shows something.
pub(super) fn anchor(anchor: &Anchor) -> String {
    match anchor {
        Anchor::Report => "整份汇报".to_owned(),
        Anchor::Time { ms } => format!("视频 {}", position(*ms)),
        Anchor::Segment { ms, quote, .. } => format!("视频 {}：“{quote}”", position(*ms)),
        Anchor::Written { quote } => format!("书面汇报：“{quote}”"),
    }
}

/// `2026Q4` in words; nothing for no period.
pub(super) fn period(period: &Period) -> String {
    match period.as_str().split_once('Q') {
        Some((year, quarter)) => format!("{year} 年第 {quarter} 季度"),
        None => String::new(),
    }
}

/// The names of a branch, from the top down.
pub(super) fn branch(branch: &BranchPath) -> String {
    branch.to_string().trim_start_matches('/').replace('/', " / ")
}

/// A time where the reader is, to a minute.
pub(super) fn time(at: DateTime<Utc>, utc_offset: i16) -> String {
    (at + TimeDelta::minutes(i64::from(utc_offset))).format("%Y-%m-%d %H:%M").to_string()
}

/// A difference from UTC: `UTC+08:00`.
pub(super) fn zone(utc_offset: i16) -> String {
    let sign = if utc_offset < 0 { '-' } else { '+' };
    let minutes = utc_offset.unsigned_abs();
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A position in a recording: `3:07`, `1:02:05`.
pub(super) fn position(ms: u64) -> String {
    let seconds = ms / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes:02}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_where_the_reader_is() {
        let at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        assert_eq!(time(at, 480), "2026-09-21 22:13");
        assert_eq!((zone(480), zone(-210)), ("UTC+08:00".into(), "UTC-03:30".into()));
    }

    #[test]
    fn periods_branches_and_positions_in_words() {
        assert_eq!(period(&"2026Q4".parse().unwrap()), "2026 年第 4 季度");
        assert_eq!(period(&Period::default()), "");
        assert_eq!(branch(&"/大学/学院".parse().unwrap()), "大学 / 学院");
        assert_eq!((position(187_900), position(3_725_000)), ("03:07".into(), "1:02:05".into()));
    }
}
